/**
 * The process that Jupyter starts: takes every request, answers what needs no user code, hands cells to the
 * runner and its events to the publisher. It never runs user code itself, so it always answers.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seldom } from '../base/seldom.ts';
import { createCommLedger } from './comm.ts';
import { createConversation } from './conversation.ts';
import { jupyterDataFolder } from './data-folder.ts';
import { createDebugger } from './debug/debugger.ts';
import { createExecutor } from './execute.ts';
import { createHistory } from './history.ts';
import { openHistoryFile } from './history-file.ts';
import { createLadder } from './ladder.ts';
import type { Channel, Language, Request, Transport } from './protocol.ts';
import { createPublisher } from './publish.ts';
import { createRequests } from './requests.ts';
import { createRunnerKeeper } from './runner-keeper.ts';
import type { CommEvent, RunnerEvent } from './runner-protocol.ts';
import { createRuns } from './runs.ts';
import { createStreams } from './stream.ts';
import { createTypeCheck, typesModeOf } from './type-check.ts';

export interface SupervisorOptions {
  transport: Transport;
  /** Starts the language worker; called when it is first needed. */
  startLanguage(): Promise<Language>;
  cwd: string;
  version: string;
  /** The ports of the connection file, by channel. */
  ports: Record<string, number>;
  /** A line for whoever looks after the server. */
  log(line: string): void;
  /** The kernel has said its last word: close the sockets and go. */
  exit(): void;
}

/** Idle time after which the language worker starts, so that the first completion finds it warm, in ms. */
const WARM_UP = 2000;
/** What the history file gets to take the last cells, in ms. */
const LAST_WORDS = 500;

export function createSupervisor({
  transport,
  startLanguage,
  cwd,
  version,
  ports,
  log,
  exit,
}: SupervisorOptions) {
  const publisher = createPublisher(transport);
  const history = createHistory({
    open: () => openHistoryFile(join(jupyterDataFolder(), 'neuronbook', 'history.sqlite')),
    warn: log,
  });
  const complain = seldom(log);
  const comms = createCommLedger();
  const runs = createRuns();
  const conversation = createConversation(request => void idle(request));
  const cells: Parameters<Language['addCell']>[] = [];
  let language: Promise<Language> | undefined;

  const getLanguage = () =>
    (language ??= startLanguage().then(started => {
      for (const cell of cells.splice(0)) void started.addCell(...cell);
      isWarm = started.isWarm;
      return started;
    }));
  let isWarm = () => false;
  function learned(...cell: Parameters<Language['addCell']>): void {
    if (language) void language.then(started => started.addCell(...cell)).catch(() => undefined);
    else cells.push(cell);
  }
  function forget(): void {
    cells.length = 0;
    types.forget();
    void language?.then(started => started.forget()).catch(() => undefined);
  }

  const types = createTypeCheck({
    language: getLanguage,
    isWarm: () => isWarm(),
    show: (data, request) =>
      publisher.display({ type: 'display', run: 0, data, metadata: {}, update: false, buffers: [] }, request),
    mode: typesModeOf(process.env.NEURONBOOK_TYPES),
  });

  const streams = createStreams({
    publish(run, name, text) {
      const parent = runs.audible(run);
      if (parent !== 'silent') publisher.stream(name, text, parent);
    },
    pause: () => keeper.runner().pause(),
    resume: () => keeper.runner().resume(),
  });

  const ladder = createLadder({
    runner: () => keeper.runner(),
    notice: (run, text) => streams.write(run, 'stderr', text),
    kill: (_, reason) => keeper.kill(reason),
  });

  const executor = createExecutor({
    transport,
    publisher,
    history,
    language: getLanguage,
    types,
    learned,
    forget,
    send: request => debug.ready()?.then(() => keeper.sendCell(request)) ?? keeper.sendCell(request),
    openRun: (request, silent) => runs.open(request, silent),
  });

  const keeper = createRunnerKeeper({
    cwd,
    onEvent: event => void receive(event),
    onOutput: (name, text) => streams.write(runs.latest(executor.active()?.run), name, text),
    onDeath(error) {
      const run = runs.latest(executor.active()?.run);
      streams.flush();
      ladder.over();
      debug.renewed();
      for (const id of comms.clear()) closeComm(id, runs.parent(run));
      for (const request of runs.unhandled()) void idle(request);
      conversation.release();
      if (executor.fail(error)) return;
      forget();
      publisher.error(error, runs.parent(run));
    },
  });

  const debug = createDebugger({
    line: () => keeper.runner().debug,
    publish: event => void transport.publish('debug_event', event, debugging),
    isBusy: () => executor.active() !== undefined,
  });
  /** The newest debug request: whom the debugger's events answer. */
  let debugging: Request | undefined;

  const requests = createRequests({
    version,
    history,
    comms,
    subshells: executor.subshells,
    ports,
    language: getLanguage,
  });

  function closeComm(id: string, parent?: Pick<Request, 'header'>): void {
    const gone = { type: 'comm', run: 0, comm: id, target: '', data: {}, metadata: {}, buffers: [] } as const;
    publisher.comm({ ...gone, event: 'close' }, parent);
  }

  /** An event of the runner. Text is gathered; anything else is published at once, after the text before it. */
  function receive(event: RunnerEvent): void | Promise<void> {
    if (event.type === 'stream') return streams.write(event.run, event.name, event.text);
    if (event.type === 'done') return done(event);
    if (event.type === 'forgotten') return forget();
    streams.flush();
    streams.count();
    if (event.type === 'handled') {
      ladder.settled(event.run);
      const request = runs.handled(event.run);
      if (request) conversation.end(request);
      return;
    }
    if (event.type === 'ask') return ask(event);
    if (event.type === 'comm') {
      // a conversation is no output: views stay in step with silent cells too
      comms.note(event);
      return publisher.comm(event, runs.parent(event.run));
    }
    const parent = runs.audible(event.type === 'ready' ? 0 : event.run);
    if (parent === 'silent') return;
    if (event.type === 'display') publisher.display(event, parent);
    else if (event.type === 'clear') publisher.clear(event, parent);
    else if (event.type === 'stray') publisher.error(event.error, parent);
    else if (event.type === 'result') {
      const cell = executor.cell(event.run);
      const count = cell?.count ?? executor.count();
      if (cell?.store) history.setOutput(count, String(event.data['text/plain'] ?? ''));
      publisher.result(event, count, parent);
    }
  }

  async function done({
    run,
    error,
    expressions,
    payload,
  }: Extract<RunnerEvent, { type: 'done' }>): Promise<void> {
    ladder.settled(run);
    await keeper.runner().drain();
    streams.flush();
    executor.settle(run, { error, expressions, payload });
  }

  async function ask({ run, id, prompt, password }: Extract<RunnerEvent, { type: 'ask' }>): Promise<void> {
    // a comm's handler asks in the name of the cell that runs
    const cell = executor.cell(run) ?? executor.active();
    const answer = (reply: { value?: string; problem?: string; ename?: string }) =>
      keeper.runner().send({ type: 'answer', id, ...reply });
    const request = runs.parent(run);
    if (!request || !cell?.allowStdin)
      return answer({
        ename: 'StdinNotImplementedError',
        problem: `nobody can be asked: ${cell ? 'this client takes no questions from cells' : 'the cell that asks has ended'}`,
      });
    await transport.ask(request, prompt, password, cell.over.signal).then(
      value => answer({ value }),
      (problem: Error) => answer({ problem: problem.message }),
    );
  }

  function comm(request: Request, event: CommEvent['event']): void {
    const { content, metadata, buffers } = request;
    const id = String(content.comm_id);
    const target = String(content.target_name ?? comms.targetOf(id) ?? '');
    if (event !== 'open' && comms.targetOf(id) === undefined) {
      // a view from before a restart: told so, or it would hang
      if (event === 'msg') closeComm(id, request);
      void idle(request);
      return;
    }
    const run = runs.openComm(request);
    comms.note({ event, comm: id, target });
    keeper
      .runner()
      .send({ type: 'comm', run, event, comm: id, target, data: content.data, metadata, buffers });
  }

  /** Requests beside the cells: busy, answer, idle; and while a cell runs, busy again. */
  async function answer(
    request: Request,
    channel: Channel,
    work: () => object | Promise<object>,
  ): Promise<void> {
    const type = request.header.msg_type.replace(/_request$/, '_reply');
    void publisher.status('busy', request);
    const content = await Promise.resolve()
      .then(work)
      .then(reply => ({ status: 'ok', ...reply }))
      .catch((error: Error) => ({
        status: 'error',
        ename: error.name,
        evalue: error.message,
        traceback: [error.message],
      }));
    void transport.reply(channel, request, type, content);
    await idle(request);
  }

  /** Ends a request beside the cells. A front end shows the newest status, whosever it is: a running cell says it again. */
  async function idle(request: Request): Promise<void> {
    await publisher.status('idle', request);
    const cell = executor.active();
    if (cell) void publisher.status('busy', cell.request);
  }

  async function shutdown(request: Request, channel: Channel): Promise<void> {
    const restart = request.content.restart === true;
    void publisher.status('busy', request);
    const content = { status: 'ok', restart };
    void transport.reply(channel, request, 'shutdown_reply', content);
    void transport.publish('shutdown_reply', content, request);
    await publisher.status('idle', request);
    await stop();
  }

  /** Once: whoever watches for the parent's end calls it every second. */
  const stop = (): Promise<void> => (ending ??= end());
  let ending: Promise<void> | undefined;

  async function end(): Promise<void> {
    keeper.stop();
    // a language worker that is still starting is not waited for: it ends with the process
    const disposed = language?.then(started => started.dispose()).catch(() => undefined);
    await Promise.race([Promise.all([history.flush(), disposed]), sleep(LAST_WORDS)]);
    exit();
  }

  function interrupt(): void {
    debug.interrupt();
    ladder.interrupt(runs.interruptible(executor.active()?.run));
  }

  const special: Record<string, (request: Request, channel: Channel) => unknown> = {
    execute_request: (request, channel) => executor.add(request, channel),
    shutdown_request: shutdown,
    interrupt_request: (request, channel) =>
      answer(request, channel, () => {
        interrupt();
        return {};
      }),
    debug_request: (request, channel) =>
      answer(request, channel, () => debug.request((debugging = request).content)),
    comm_open: request => {
      void publisher.status('busy', request);
      comm(request, 'open');
    },
    comm_msg: request => {
      conversation.heard(request);
      void publisher.status('busy', request);
      comm(request, 'msg');
    },
    comm_close: request => {
      void publisher.status('busy', request);
      comm(request, 'close');
    },
  };

  keeper.start();
  void publisher.status('starting');
  const warmUp = setInterval(() => {
    if (executor.active()) return;
    clearInterval(warmUp);
    void getLanguage()
      .then(started => started.complete('', 0))
      .catch(() => undefined);
  }, WARM_UP);
  warmUp.unref();

  return {
    /**
     * Tells a new listener how things stand. JupyterLab does not count the status messages of its own
     * kernel_info requests, so without this it would say "Restarting" until the first cell after a restart.
     */
    greet(): void {
      void publisher.status(executor.active() ? 'busy' : 'idle');
    },

    receive(request: Request, channel: Channel): void {
      const { msg_type: type } = request.header;
      if (Object.hasOwn(special, type)) special[type](request, channel);
      else if (Object.hasOwn(requests, type))
        void answer(request, channel, () => requests[type](request.content));
      else {
        // nobody can answer it, and whoever waits for its end is not kept waiting
        complain(`unknown request: ${type.slice(0, 60)}`);
        void publisher.status('busy', request).then(() => idle(request));
      }
    },
    interrupt,
    stop,
  };
}
