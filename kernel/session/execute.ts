/**
 * Cells in their order: one runs, the others wait. An error aborts those that were sent before it was known,
 * and each of them is told so.
 */
import type { CellError, RunnerRequest } from './runner-protocol.ts';
import type { History } from './history.ts';
import type { Channel, Language, Request, Transport } from './protocol.ts';
import type { Publisher } from './publish.ts';
import type { Checking, TypeCheck } from './type-check.ts';

export interface Cell {
  run: number;
  request: Request;
  channel: Channel;
  code: string;
  /** The number in brackets beside the cell. */
  count: number;
  silent: boolean;
  store: boolean;
  allowStdin: boolean;
  stopOnError: boolean;
  since: number;
  /** Set where the cell went to the runner. */
  types?: Checking;
}

export interface ExecuteParts {
  transport: Transport;
  publisher: Publisher;
  history: History;
  language(): Promise<Language>;
  types: TypeCheck;
  /** Cells that ran, for the language worker once there is one. */
  learned(code: string, count: number, failed: boolean): void;
  /** The values of all cells are gone. */
  forget(): void;
  send(request: RunnerRequest): Promise<void> | void;
  /** The number of a run that answers `request`. */
  openRun(request: Request, silent: boolean): number;
}

/** Requests that a client sent before it could know of the error may still be on their way for this long, in ms. */
const IN_FLIGHT = 100;
/** Clients round the date of a message to milliseconds. */
const CLOCK = 2;
/** `name?` or `?name` alone in a cell asks what that is, as in IPython. */
const question = /^\s*(?:([\w$.]+)(\?\??)|(\?\??)([\w$.]+))\s*;?\s*$/;

const resets = /^\s*%reset\b/m;

type Waiting = { request: Request; channel: Channel };
/** `lost`: the cell took all variables with it. */
type Outcome = {
  lost?: boolean;
  error?: CellError;
  expressions?: Record<string, object>;
  payload?: object[];
};

export function createExecutor({
  transport,
  publisher,
  history,
  language,
  types,
  learned,
  forget,
  send,
  openRun,
}: ExecuteParts) {
  const waiting: Waiting[] = [];
  let active: Cell | undefined;
  let busy = false;
  let hurry: () => void = () => undefined;
  let count = 0;
  let failedAt = 0;

  async function pump(): Promise<void> {
    if (busy) return;
    busy = true;
    for (let next; (next = waiting.shift());) await start(next);
    busy = false;
  }

  async function start({ request, channel }: Waiting): Promise<void> {
    const { content } = request;
    const silent = content.silent === true;
    const store = !silent && content.store_history !== false;
    if (store) count++;
    const cell: Cell = {
      run: openRun(request, silent),
      request,
      channel,
      code: String(content.code ?? ''),
      count,
      silent,
      store,
      allowStdin: content.allow_stdin === true,
      stopOnError: content.stop_on_error !== false,
      since: Date.now(),
    };
    void publisher.status('busy', request);
    if (!silent) publisher.input(cell.code, count, request);
    if (store) history.add(count, cell.code);
    const outcome = await run(cell).catch((error: Error): Outcome => ({ error: describe(error) }));
    await answer(cell, outcome);
  }

  async function run(cell: Cell): Promise<Outcome> {
    const asked = question.exec(cell.code);
    if (asked) return explain(asked[1] ?? asked[4], (asked[2] ?? asked[3]).length - 1);
    if (!cell.code.trim()) return {};
    const expressions = Object.fromEntries(
      Object.entries((cell.request.content.user_expressions ?? {}) as Record<string, unknown>).map(
        ([name, source]) => [name, String(source)],
      ),
    );
    const refused = await types.refuse(cell);
    if (refused) return { error: refused };
    const outcome = new Promise<Outcome>(resolve => (settle = resolve));
    active = cell;
    await send({ type: 'execute', run: cell.run, code: cell.code, count: cell.count, expressions });
    cell.types = types.begin(cell);
    return outcome;
  }

  let settle: (outcome: Outcome) => void = () => undefined;

  /** Help on a name, in the front end's pager. */
  async function explain(name: string, detail: number): Promise<Outcome> {
    const reply = (await (await language()).inspect(name, name.length, detail)) as {
      found?: boolean;
      data?: object;
    };
    const data = reply.found ? reply.data : { 'text/plain': `nothing is known about ${name}` };
    return { payload: [{ source: 'page', data, start: 0 }] };
  }

  async function answer(cell: Cell, { lost, error, expressions = {}, payload = [] }: Outcome): Promise<void> {
    const { request, channel } = cell;
    active = undefined;
    const hints = error && !lost ? cell.types?.failed(error) : undefined;
    // the reply is out by then; only the end of the cell waits for its types, and not where another cell does
    const next = waiting.length ? Promise.resolve() : new Promise<void>(resolve => (hurry = resolve));
    const warned = error ? undefined : cell.types?.passed(next);
    if (lost || resets.test(cell.code)) forget();
    else if (cell.types) learned(cell.code, cell.count, error !== undefined);
    if (error) {
      error = { ...error, traceback: [...error.traceback, ...((await hints) ?? [])] };
      if (!cell.silent) publisher.error(error, request);
      const content = {
        status: 'error',
        execution_count: cell.count,
        ...error,
        user_expressions: {},
        payload,
      };
      void transport.reply(channel, request, 'execute_reply', content);
      if (cell.stopOnError) {
        failedAt = Date.now();
        for (const other of waiting.splice(0)) abort(other);
      }
    } else {
      const content = { status: 'ok', execution_count: cell.count, user_expressions: expressions, payload };
      void transport.reply(channel, request, 'execute_reply', content);
      await warned;
    }
    await publisher.status('idle', request);
  }

  function abort({ request, channel }: Waiting): void {
    void publisher.status('busy', request);
    void transport.reply(channel, request, 'execute_reply', { status: 'aborted', execution_count: count });
    void publisher.status('idle', request);
  }

  /** Whether `request` was sent before its client could know of the last error. */
  function overtaken({ header }: Request): boolean {
    if (Date.now() - failedAt > IN_FLIGHT) return false;
    return Date.parse(String(header.date)) < failedAt - CLOCK;
  }

  return {
    active: () => active,
    count: () => count,
    add(request: Request, channel: Channel): void {
      if (overtaken(request)) return abort({ request, channel });
      waiting.push({ request, channel });
      hurry();
      void pump();
    },
    /** The runner's answer to the active cell, or what is said in its place when it died. */
    settle(number: number, outcome: Outcome): void {
      if (active?.run === number) settle(outcome);
    },
  };
}

/** An error of the kernel itself, told as the cell's. */
const describe = ({ name, message }: Error): CellError => ({
  ename: name,
  evalue: message,
  traceback: [`${name}: ${message}`],
});

export type Executor = ReturnType<typeof createExecutor>;
