/**
 * Runs cells and sees to it that each is answered exactly once, whatever becomes of its promise. The main shell sends
 * one at a time; cells of subshells run beside it, each from one of its awaits to the next.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { InterruptError } from '../base/errors.ts';
import type { MimeBundle } from '../base/host.ts';
import { plainEntries } from '../base/json.ts';
import { Flag } from './flags.ts';
import type { Send } from './runner-channel.ts';
import type { CellError, RunnerRequest } from './runner-protocol.ts';
import type { Timers } from './runner-timers.ts';

type Execute = Extract<RunnerRequest, { type: 'execute' }>;

/** What runs the code; `evaluate.ts` is the one for TypeScript. */
export interface Evaluator {
  run(source: string, count: number): Promise<{ hasValue: boolean; value?: unknown }>;
  formatError(error: unknown): CellError;
}

export interface CellParts {
  evaluator: Evaluator;
  bundleOf(value: unknown): MimeBundle | Promise<MimeBundle>;
  /** Whether a value has shown itself already. */
  isSilent(value: unknown): boolean;
  send: Send;
  flags: Int32Array;
  timers: Timers;
  /** Timers of the runner's own, which no run owns. */
  every(work: () => void, ms: number): { stop(): void };
}

/** Between two looks at an interrupted cell, in ms. */
const TICK = 25;
/**
 * Looks without native work after which a cell counts as waiting for something that may never come. A loop of
 * native steps gets longer: once stopped, it still has a picture to finish.
 */
const QUIET_TICKS = 6;
const QUIET_TICKS_AFTER_STEPS = 40;
/** What was terminated goes on with nothing; the rest of its promise chain may, and gets a moment. */
const QUIET_TICKS_AFTER_TERMINATION = 2;

export function createCells({ evaluator, bundleOf, isSilent, send, flags, timers, every }: CellParts) {
  /** Cells that run, oldest first, and what each wants of the front end besides showing. */
  const active = new Map<number, object[]>();
  /** The run that was last seen at work; where it has ended, another that still runs. */
  let latest = 0;
  let beside: number | undefined;
  let interruptedAt: number | undefined;
  let watch: { stop(): void } | undefined;
  /** Runs that were interrupted: what is left of them stops at its next look. */
  const stopped = new Set<number>();

  const isInterrupted = (run: number) => Atomics.load(flags, Flag.INTERRUPTED) >= run;
  const isUnderWay = () => Atomics.load(flags, Flag.SETTLED) < Atomics.load(flags, Flag.INTERRUPTED);

  const isStopping = () => [...active.keys()].some(isInterrupted);

  function mustStop(run: number): boolean {
    if (stopped.has(run)) return true;
    // a comm's handler, whatever timer called before it
    if (run === beside) return isInterrupted(run) && isUnderWay();
    // the timer of another cell: only a callback that has been running since before the interrupt is in its way
    if (timers.current() !== undefined && !active.has(run))
      return Atomics.load(flags, Flag.INTERRUPTED) !== timers.began();
    return isInterrupted(run) && isUnderWay();
  }

  function settle(run: number): void {
    stopped.add(run);
    timers.clear(run);
    if (isStopping()) return;
    watch?.stop();
    watch = undefined;
    interruptedAt = undefined;
    // the token itself may come later than the message about it
    Atomics.store(flags, Flag.SETTLED, Math.max(run, Atomics.load(flags, Flag.INTERRUPTED)));
  }

  function finish(run: number, error: CellError | undefined, expressions: Record<string, object> = {}) {
    const payload = active.get(run);
    if (!active.delete(run)) return;
    if (latest === run) latest = [...active.keys()].at(-1) ?? run;
    if (isInterrupted(run)) {
      settle(run);
      error = { ...(error ?? interruptError()), ename: 'Interrupted' };
    }
    try {
      send({ type: 'done', run, error, expressions, payload });
    } catch (problem) {
      // whatever cannot be sent: a cell without an answer would block all behind it
      send({ type: 'done', run, error: evaluator.formatError(problem), expressions: {}, payload: [] });
    }
  }

  async function evaluate({ run, code, count, expressions }: Execute): Promise<void> {
    const { hasValue, value } = await evaluator.run(code, count);
    if (hasValue && !isSilent(value)) {
      const data = plainEntries(await bundleOf(value));
      if (active.has(run)) send({ type: 'result', run, data, metadata: {} });
    }
    const answers: Record<string, object> = {};
    for (const [name, source] of Object.entries(expressions)) answers[name] = await express(source, count);
    await turn();
    finish(run, undefined, answers);
  }

  async function express(source: string, count: number): Promise<object> {
    try {
      const { value } = await evaluator.run(source, count);
      return { status: 'ok', data: plainEntries(await bundleOf(value)), metadata: {} };
    } catch (error) {
      return { status: 'error', ...evaluator.formatError(error) };
    }
  }

  function patience(run: number, steps: number): number {
    if (Atomics.load(flags, Flag.TERMINATED) >= run) return QUIET_TICKS_AFTER_TERMINATION;
    return steps > 0 ? QUIET_TICKS_AFTER_STEPS : QUIET_TICKS;
  }

  return {
    /** The run to which what is printed now belongs. */
    currentRun: () => beside ?? timers.current() ?? latest,
    /** When the cells that run were interrupted. The token is set by another thread, so it is asked each time. */
    interruptedAt(): number | undefined {
      if (!isStopping()) return undefined;
      return (interruptedAt ??= Date.now());
    },
    /** Compiled into loop heads and after each await of the cell of run `own`, functions that it declares included. */
    check(own: number): void {
      if (active.has(own)) latest = own;
      if (mustStop(active.has(own) ? own : (beside ?? timers.current() ?? latest)))
        throw new InterruptError('interrupted');
    },
    /** What the running cell wants of the front end besides showing. */
    addPayload: (payload: object): void => void (active.get(timers.current() ?? latest) ?? []).push(payload),
    /** The caller keeps nothing on its stack: a terminated cell takes the frames above it along. */
    execute(request: Execute): void {
      if (!active.size) Atomics.store(flags, Flag.STEPS, 0);
      active.set(request.run, []);
      latest = request.run;
      beside = undefined;
      evaluate(request).catch(async (error: unknown) => {
        const told = evaluator.formatError(error);
        await turn();
        finish(request.run, told);
      });
    },
    /** A comm message runs as a run of its own, beside the active cell. */
    within(run: number, work: () => void): void {
      beside = run;
      try {
        work();
      } finally {
        beside = undefined;
        if (!active.size) latest = run;
      }
    },
    interrupt(run: number): void {
      const runs = [...active.keys()].filter(candidate => candidate <= run);
      // what ran beside was terminated: this is a turn of its own
      beside = undefined;
      if (!runs.length) {
        settle(run);
        // nothing runs, or the run never began, its message lost to a termination: either way this is the answer
        send({ type: 'done', run, error: interruptError(), expressions: {}, payload: [] });
        return;
      }
      if (watch) return;
      let steps = Atomics.load(flags, Flag.STEPS);
      let quiet = 0;
      watch = every(() => {
        Atomics.add(flags, Flag.BEAT, 1);
        const now = Atomics.load(flags, Flag.STEPS);
        quiet = now === steps && Atomics.load(flags, Flag.NATIVE) === 0 ? quiet + 1 : 0;
        steps = now;
        for (const stopping of runs)
          if (quiet >= patience(stopping, steps)) finish(stopping, interruptError());
      }, TICK);
    },
  };
}

const interruptError = (): CellError => ({
  ename: 'Interrupted',
  evalue: 'the cell was stopped; variables are kept',
  traceback: ['Interrupted: the cell was stopped; variables are kept'],
});
