/** A debug client for the tests: speaks to the built kernel over real sockets, as JupyterLab does. */
import type { Answer, Client } from '../test-client.ts';
import type { Breakpoint, SourceBreakpoint, Variable } from './dap.ts';
import type { StackFrame } from './frames.ts';

interface Response {
  success: boolean;
  message?: string;
  body: Record<string, unknown>;
}
export interface Event {
  event: string;
  body: Record<string, unknown>;
}

export type Dap = ReturnType<typeof createDap>;

export function createDap(client: Client) {
  let seq = 0;
  let seen = 0;

  /** Sends a request; its response, whatever it says. */
  async function ask(command: string, given: object = {}): Promise<Response> {
    const content = { type: 'request', seq: ++seq, command, arguments: given };
    const { reply } = await client.request('debug_request', content, 'control');
    const { type, request_seq, command: answered } = reply.content;
    const told = [reply.header.msg_type, type, request_seq, answered].join(' ');
    if (told !== `debug_reply response ${content.seq} ${command}`) throw new Error(`no response: ${told}`);
    return reply.content as unknown as Response;
  }

  /** Sends a request that must succeed; the body of its response. */
  async function request<Body = Record<string, unknown>>(command: string, given: object = {}): Promise<Body> {
    const { success, message, body } = await ask(command, given);
    if (!success) throw new Error(`${command}: ${message}`);
    return body as Body;
  }

  const events = (): Event[] =>
    client.received
      .filter(({ header }) => header.msg_type === 'debug_event')
      .map(({ content }) => content as unknown as Event);

  /** The next event of that name that no earlier call has seen. */
  async function event(name: string): Promise<Record<string, unknown>> {
    const index = await client.until(() => {
      const found = events().findIndex((one, i) => i >= seen && one.event === name);
      return found < 0 ? undefined : found + 1;
    }, `the event ${name}`);
    seen = index;
    return events()[index - 1].body;
  }

  return {
    ask,
    request,
    event,
    events,
    async attach() {
      await request('initialize', {
        clientID: 'test',
        adapterID: '',
        linesStartAt1: true,
        columnsStartAt1: true,
      });
      await request('attach');
    },
    async breakpoints(code: string, points: (number | SourceBreakpoint)[]): Promise<Breakpoint[]> {
      const { sourcePath: path } = await request<{ sourcePath: string }>('dumpCell', { code });
      const wishes = points.map(point => (typeof point === 'number' ? { line: point } : point));
      const { breakpoints } = await request<{ breakpoints: Breakpoint[] }>('setBreakpoints', {
        source: { path },
        breakpoints: wishes,
        sourceModified: false,
      });
      return breakpoints;
    },
    /** Starts a cell, without waiting for its end. */
    async start(code: string): Promise<{ done(): Promise<Answer> }> {
      const id = await client.send('execute_request', client.executeRequest(code));
      return { done: () => client.finish(id) };
    },
    /** Waits until the cell stands still; the reason, and where. */
    async stopped(): Promise<{
      reason: unknown;
      frames: StackFrame[];
      at: string;
      body: Record<string, unknown>;
    }> {
      const body = await event('stopped');
      const { stackFrames: frames } = await request<{ stackFrames: StackFrame[] }>('stackTrace', {
        threadId: 1,
      });
      return { reason: body.reason, frames, at: `${frames[0].name}:${frames[0].line}`, body };
    },
    /** The variables of each scope of a frame: name → value. */
    async variables(frameId: number): Promise<Record<string, Record<string, string>>> {
      const { scopes } = await request<{ scopes: { name: string; variablesReference: number }[] }>('scopes', {
        frameId,
      });
      const found: Record<string, Record<string, string>> = {};
      for (const { name, variablesReference } of scopes) {
        const { variables } = await request<{ variables: Variable[] }>('variables', { variablesReference });
        found[name] = Object.fromEntries(variables.map(variable => [variable.name, variable.value]));
      }
      return found;
    },
    evaluate: async (expression: string, frameId?: number) =>
      (await request<{ result: string }>('evaluate', { expression, frameId, context: 'repl' })).result,
  };
}
