/**
 * Cells in their order: of each shell one runs, the others wait. An error aborts those that were sent before it was
 * known, and each of them is told so.
 */
import { questionOf, type Question } from '../base/question.ts';
import type { CellError, RunnerRequest } from './runner-protocol.ts';
import type { History } from './history.ts';
import type { Channel, Language, Request, Transport } from './protocol.ts';
import type { Publisher } from './publish.ts';
import { createShells, UnknownSubshellError, type Shell, type Waiting } from './shells.ts';
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
  started: string;
  /** Aborted when the cell has ended. */
  over: AbortController;
  settle(outcome: Outcome): void;
  /** Set where the cell went to the runner. */
  types?: Checking;
  /** Makes its names known while it runs. */
  tell?: NodeJS.Timeout;
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
/** The names of a cell that runs for longer are known before its end, in ms. */
const LONG = 300;
/** A magic that takes all variables away. */
const resets = /^\s*%reset\b/m;

interface Outcome {
  /** The cell took all variables with it. */
  lost?: boolean;
  error?: CellError;
  expressions?: Record<string, object>;
  payload?: object[];
}

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
  const shells = createShells();
  /** Cells that are with the runner, by run. */
  const active = new Map<number, Cell>();
  let count = 0;

  async function pump(shell: Shell): Promise<void> {
    if (shell.busy) return;
    shell.busy = true;
    for (let next; (next = shell.waiting.shift());) await start(next, shell);
    shell.busy = false;
  }

  async function start({ request, channel }: Waiting, shell: Shell): Promise<void> {
    const { content } = request;
    const code = String(content.code ?? '');
    const silent = content.silent === true;
    const store = !silent && content.store_history !== false && code.trim() !== '';
    if (store) count++;
    const cell: Cell = {
      run: openRun(request, silent),
      request,
      channel,
      code,
      count,
      silent,
      store,
      allowStdin: content.allow_stdin === true,
      stopOnError: !silent && content.stop_on_error !== false,
      started: new Date().toISOString(),
      over: new AbortController(),
      settle: () => undefined,
    };
    // the runner has its cell, where nothing keeps it back, before the others hear of it; its answer comes later
    const running = run(cell).catch((error: Error): Outcome => ({ error: describe(error) }));
    void publisher.status('busy', request);
    if (!silent) publisher.input(code, count, request);
    if (store) history.add(count, code);
    await answer(cell, await running, shell);
  }

  async function run(cell: Cell): Promise<Outcome> {
    const asked = questionOf(cell.code);
    const page = asked && (await explain(asked));
    const code = asked ? '' : cell.code;
    const expressions = expressionsOf(cell.request);
    if (!code.trim() && !Object.keys(expressions).length) return { payload: page ? [page] : [] };
    const refusal = types.refuse(cell);
    const refused = refusal && (await refusal);
    if (refused) return { error: refused };
    const outcome = new Promise<Outcome>(resolve => (cell.settle = resolve));
    active.set(cell.run, cell);
    await send({ type: 'execute', run: cell.run, code, count: cell.count, expressions });
    if (!asked) check(cell);
    return page ? { ...(await outcome), payload: [page] } : outcome;
  }

  /** Types of a cell on its way to the runner; those of other shells that run beside it see what it sees. */
  function check(cell: Cell): void {
    for (const other of active.values()) if (other !== cell) tell(other);
    cell.types = types.begin(cell);
    cell.tell = setTimeout(() => tell(cell), LONG);
    cell.tell.unref();
  }

  function tell(cell: Cell): void {
    if (cell.tell) learned(cell.code, cell.count, true);
    forgetToTell(cell);
  }

  function forgetToTell(cell: Cell): void {
    clearTimeout(cell.tell);
    cell.tell = undefined;
  }

  /** Help on a name, in the front end's pager. */
  async function explain({ name, detail }: Question): Promise<object> {
    const cursor = [...name].length;
    const reply = (await (await language()).inspect(name, cursor, detail)) as {
      found?: boolean;
      data?: object;
    };
    const data = reply.found ? reply.data : { 'text/plain': `nothing is known about ${name}` };
    return { source: 'page', data, start: 0 };
  }

  async function answer(cell: Cell, outcome: Outcome, shell: Shell): Promise<void> {
    const { request, channel, started } = cell;
    const { lost, expressions = {}, payload = [] } = outcome;
    let { error } = outcome;
    active.delete(cell.run);
    forgetToTell(cell);
    cell.over.abort(new Error('the cell that asked has ended'));
    const hints = error && !lost ? cell.types?.failed(error) : undefined;
    // the end of the cell waits a moment for its types, and not where another cell waits
    const next = shell.waiting.length
      ? Promise.resolve()
      : new Promise<void>(resolve => (shell.hurry = resolve));
    const warned = error ? undefined : cell.types?.passed(next);
    if (lost || resets.test(cell.code)) forget();
    else if (cell.types) learned(cell.code, cell.count, error !== undefined);
    const reply = (status: 'ok' | 'error', rest: object) =>
      transport.reply(
        channel,
        request,
        'execute_reply',
        { status, execution_count: cell.count, ...rest, payload },
        { started, dependencies_met: true, status },
      );
    if (error) {
      error = { ...error, traceback: [...error.traceback, ...((await hints) ?? [])] };
      if (!cell.silent) publisher.error(error, request);
      void reply('error', { ...error, user_expressions: {} });
      if (cell.stopOnError) {
        shell.failedAt = Date.now();
        for (const other of shell.waiting.splice(0)) abort(other);
      }
    } else {
      // the idle follows its reply at once: jupyter_kernel_test gives it a tenth of a second, on busy machines too
      await warned;
      void reply('ok', { user_expressions: expressions });
    }
    await publisher.status('idle', request);
  }

  /** Answers a cell that will not run. */
  function abort({ request, channel }: Waiting, error?: CellError): void {
    const status = error ? 'error' : 'aborted';
    void publisher.status('busy', request);
    // no number for what has not run: JupyterLab would write it beside the cell
    const content = error ? { status, execution_count: count, ...error } : { status };
    void transport.reply(channel, request, 'execute_reply', content, { status });
    void publisher.status('idle', request);
  }

  return {
    /** The newest of the cells that run. */
    active: () => [...active.values()].at(-1),
    /** The cell of `run`, while it runs. */
    cell: (run: number) => active.get(run),
    count: () => count,
    add(request: Request, channel: Channel): void {
      try {
        const shell = shells.of(request);
        if (overtaken(request, shell)) return abort({ request, channel });
        shell.waiting.push({ request, channel });
        shell.hurry();
        void pump(shell);
      } catch (error) {
        if (!(error instanceof UnknownSubshellError)) throw error;
        abort({ request, channel }, describe(error));
      }
    },
    /** The runner's answer to a cell. */
    settle: (run: number, outcome: Outcome): void => active.get(run)?.settle(outcome),
    /** Ends every cell that runs with the same error, as where the runner died. False where none runs. */
    fail(error: CellError): boolean {
      const cells = [...active.values()];
      for (const cell of cells) cell.settle({ error, lost: true });
      return cells.length > 0;
    },
    subshells: {
      create: shells.create,
      ids: shells.ids,
      /** Cells that wait in it are aborted; one that runs is answered when it ends. */
      remove(id: unknown): void {
        for (const waiting of shells.remove(id)) abort(waiting);
      },
    },
  };
}

/** Whether `request` was sent before its client could know of the last error. */
function overtaken({ header }: Request, { failedAt }: Shell): boolean {
  if (Date.now() - failedAt > IN_FLIGHT) return false;
  return Date.parse(String(header.date)) < failedAt - CLOCK;
}

/** `user_expressions` as text by name, whatever a client put there. */
function expressionsOf({ content }: Request): Record<string, string> {
  const { user_expressions: given } = content;
  if (typeof given !== 'object' || given === null) return {};
  return Object.fromEntries(Object.entries(given).map(([name, source]) => [name, String(source)]));
}

/** An error of the kernel itself, told as the cell's. */
const describe = ({ name, message }: Error): CellError => ({
  ename: name,
  evalue: message,
  traceback: [`${name}: ${message}`],
});

export type Executor = ReturnType<typeof createExecutor>;
