/**
 * The debugger in the supervisor: takes `debug_request`s, answers as a debug adapter would, and publishes its events.
 * It talks to the runner's inspector, so it answers while a cell stands at a breakpoint. Until a client attaches,
 * nothing in the runner is switched on.
 */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Debugger } from 'node:inspector';
import { createBreakpoints } from './breakpoints.ts';
import { createCommands } from './commands.ts';
import { DebugError, readRequest, type DapEvent, type DapResponse } from './dap.ts';
import { isCell, isUsers, othersPatterns, pathOfFile } from './frames.ts';
import { GATE } from './probe.ts';
import { createSources } from './sources.ts';
import { createStops } from './stops.ts';
import { createTarget, type Target } from './target.ts';

export interface DebuggerParts {
  /** The line to the inspector of the runner that is alive now. */
  line(): Duplex;
  publish(event: DapEvent): void;
  /** Whether a cell is running. */
  isBusy(): boolean;
}

export type KernelDebugger = ReturnType<typeof createDebugger>;

export function createDebugger({ line, publish, isBusy }: DebuggerParts) {
  const sources = createSources();
  const breakpoints = createBreakpoints();
  let seq = 0;
  let initialized = false;
  let attached: Promise<Target> | undefined;
  let connected: { line: Duplex; target: Target } | undefined;
  let exceptions: 'none' | 'uncaught' | 'all' = 'none';
  /** Between the reader's Interrupt and the next cell nothing stops. */
  let interrupting = false;

  const emit = (event: string, body: object = {}) => publish({ type: 'event', seq: ++seq, event, body });
  const stops = createStops({ publish: emit, pathOf, hit: breakpoints.hit });

  /** The runner of now. */
  function target(): Target {
    const now = line();
    if (connected?.line !== now) {
      const made: Target = createTarget(now, {
        onPaused: event => void onPaused(made, event).catch(() => made.post('Debugger.resume').catch(ignore)),
        onScript: (script, url) => void onScript(made, script, url).catch(ignore),
      });
      connected = { line: now, target: made };
    }
    return connected.target;
  }

  async function attach(): Promise<Target> {
    // a process that has just died is still to be replaced
    for (let tries = 0; line().destroyed && tries < 40; tries++) await sleep(50);
    const made = target();
    await made.post('Debugger.enable');
    await made.post('Debugger.setBlackboxPatterns', { patterns: othersPatterns(GATE) });
    await stopOnExceptions(made);
    return made;
  }

  async function stopOnExceptions(on: Target): Promise<void> {
    await on.post('Debugger.setPauseOnExceptions', { state: exceptions });
    await on.ask('watch', exceptions !== 'none');
  }

  async function pathOf(of: Target, script: string): Promise<string> {
    const url = of.url(script);
    if (!isCell(url)) return pathOfFile(url);
    return sources.add(await of.sourceOf(script));
  }

  async function onPaused(from: Target, event: Debugger.PausedEventDataType): Promise<void> {
    const { location, callFrameId } = event.callFrames[0];
    if (from.url(location.scriptId) === GATE) return atGate(from, callFrameId);
    if (!interrupting && (await stops.arrive(from, event))) return;
    // code that is nobody's, from a timer perhaps: the reader's own comes later
    if (!interrupting && stops.motion === 'pause') await from.post('Debugger.pause');
    await from.post('Debugger.resume');
  }

  /** A cell is compiled and about to run. */
  async function atGate(from: Target, callFrameId: string): Promise<void> {
    interrupting = false;
    const pausing = stops.motion === 'pause';
    if (!pausing) stops.expect('run');
    try {
      const file = await from.onFrame<string>(callFrameId, 'file');
      const script = from.scripts().findLast(([, url]) => url === file)?.[0];
      if (script) await breakpoints.bind(from, script, await pathOf(from, script));
    } finally {
      if (pausing) await from.post('Debugger.pause');
      await from.post('Debugger.resume');
    }
  }

  /** A file of the user's own came, perhaps one in which somebody waits. */
  async function onScript(from: Target, script: string, url: string): Promise<void> {
    if (isUsers(url) && !isCell(url) && breakpoints.has(pathOfFile(url)))
      await breakpoints.bind(from, script, pathOfFile(url));
  }

  /** The scripts that a source has become so far. */
  async function scriptsOf(from: Target, path: string): Promise<string[]> {
    const users = from.scripts().filter(([, url]) => isUsers(url));
    const paths = await Promise.all(users.map(([script]) => pathOf(from, script)));
    return users.filter((_, i) => paths[i] === path).map(([script]) => script);
  }

  async function detach(): Promise<void> {
    const was = attached;
    attached = undefined;
    initialized = false;
    exceptions = 'none';
    breakpoints.clear();
    const from = await was?.catch(() => undefined);
    if (!from) return;
    if (stops.isStopped()) await stops.go().catch(ignore);
    await from.post('Debugger.disable').catch(ignore);
    await from.ask('reset').catch(ignore);
    emit('terminated');
  }

  const { commands, free, urgent } = createCommands({
    sources,
    breakpoints,
    stops,
    target,
    scriptsOf,
    detach,
    isBusy,
    initialize() {
      initialized = true;
    },
    isInitialized: () => initialized,
    isAttached: () => attached !== undefined,
    async attach() {
      await (attached ??= attach());
      // after the answer to the request that caused it
      setImmediate(() => emit('initialized'));
    },
    async stopOnExceptions(state) {
      exceptions = state;
      if (attached) await stopOnExceptions(await attached);
    },
  });

  async function answer(content: Record<string, unknown>): Promise<Partial<DapResponse>> {
    const { command, arguments: given } = readRequest(content);
    if (!Object.hasOwn(commands, command))
      throw new DebugError(`command ${command}: this debugger does not know it`);
    if (!initialized && !free.has(command))
      throw new DebugError(`${command} before initialize; send initialize, then attach`);
    if (!attached && !free.has(command) && command !== 'attach')
      throw new DebugError(`${command} before attach; send attach first`);
    return { body: (await commands[command](given)) ?? {} };
  }

  /** One after the other, but for those that set a waiting one free. */
  let queue: Promise<unknown> = Promise.resolve();
  function inTurn<Value>(command: unknown, work: () => Promise<Value>): Promise<Value> {
    if (urgent.has(String(command))) return work();
    const next = queue.then(work);
    queue = next.catch(ignore);
    return next;
  }

  return {
    /** Never rejects: what can not be done is said in the response. */
    async request(content: Record<string, unknown>): Promise<DapResponse> {
      const outcome = await inTurn(content.command, () => answer(content)).then(
        done => ({ success: true, ...done }),
        (error: Error) => ({ success: false, message: error.message, body: {} }),
      );
      return {
        type: 'response',
        seq: ++seq,
        request_seq: typeof content.seq === 'number' ? content.seq : 0,
        command: String(content.command ?? ''),
        ...outcome,
      };
    },
    /** The reader pressed Interrupt: what stands still goes on, to its end. */
    interrupt(): void {
      if (!attached) return;
      interrupting = true;
      void stops.abandon().catch(ignore);
    },
    /** The runner died and another takes its place: the client stays attached. */
    renewed(): void {
      breakpoints.unbind();
      stops.forget();
      if (attached) attached = attach();
      attached?.catch(ignore);
    },
    /** Something to wait for before a cell is sent, so that a new runner knows the breakpoints first. */
    ready: (): Promise<unknown> | undefined => attached?.catch(ignore),
  };
}

const ignore = (): void => undefined;
