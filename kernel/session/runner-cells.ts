/** Runs cells one at a time and sees to it that each is answered exactly once, whatever becomes of its promise. */
import { InterruptError } from '../base/errors.ts';
import type { MimeBundle } from '../base/host.ts';
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
  let active = 0;
  let latest = 0;
  let beside: number | undefined;
  let interruptedAt: number | undefined;
  let watch: { stop(): void } | undefined;
  /** Runs that were interrupted: what is left of them stops at its next look. */
  const stopped = new Set<number>();

  const isInterrupted = (run: number) => Atomics.load(flags, Flag.INTERRUPTED) >= run;
  const isUnderWay = () => Atomics.load(flags, Flag.SETTLED) < Atomics.load(flags, Flag.INTERRUPTED);

  function mustStop(): boolean {
    const run = timers.current() ?? (active || latest);
    if (stopped.has(run)) return true;
    // the timer of another cell: only a callback that has been running since before the interrupt is in its way
    if (timers.current() !== undefined && run !== active)
      return Atomics.load(flags, Flag.INTERRUPTED) !== timers.began();
    return isInterrupted(run) && isUnderWay();
  }

  function settle(run: number): void {
    stopped.add(run);
    timers.clear(run);
    Atomics.store(flags, Flag.SETTLED, Atomics.load(flags, Flag.INTERRUPTED));
  }

  function finish(run: number, error: CellError | undefined, expressions: Record<string, object> = {}) {
    if (active !== run) return;
    active = 0;
    watch?.stop();
    watch = undefined;
    interruptedAt = undefined;
    if (isInterrupted(run)) {
      settle(run);
      error = { ...(error ?? interruptError()), ename: 'Interrupted' };
    }
    send({ type: 'done', run, error, expressions });
  }

  async function evaluate({ run, code, count, expressions }: Execute): Promise<void> {
    const { hasValue, value } = await evaluator.run(code, count);
    if (hasValue && !isSilent(value)) {
      const data = await bundleOf(value);
      if (active === run) send({ type: 'result', run, data, metadata: {} });
    }
    const answers: Record<string, object> = {};
    for (const [name, source] of Object.entries(expressions)) answers[name] = await express(source, count);
    finish(run, undefined, answers);
  }

  async function express(source: string, count: number): Promise<object> {
    try {
      const { value } = await evaluator.run(source, count);
      return { status: 'ok', data: await bundleOf(value), metadata: {} };
    } catch (error) {
      return { status: 'error', ...evaluator.formatError(error) };
    }
  }

  function patience(run: number, steps: number): number {
    if (Atomics.load(flags, Flag.TERMINATED) === run) return QUIET_TICKS_AFTER_TERMINATION;
    return steps > 0 ? QUIET_TICKS_AFTER_STEPS : QUIET_TICKS;
  }

  return {
    /** The run to which what is printed now belongs. */
    currentRun: () => beside ?? timers.current() ?? (active || latest),
    /** When the running cell was interrupted. The token is set by another thread, so it is asked each time. */
    interruptedAt(): number | undefined {
      if (!active || !isInterrupted(active)) return undefined;
      return (interruptedAt ??= Date.now());
    },
    /** Compiled into loop heads and after each await of a cell. */
    check(): void {
      if (mustStop()) throw new InterruptError('interrupted');
    },
    /** The caller keeps nothing on its stack: a terminated cell takes the frames above it along. */
    execute(request: Execute): void {
      active = latest = request.run;
      Atomics.store(flags, Flag.STEPS, 0);
      evaluate(request).catch((error: unknown) => finish(request.run, evaluator.formatError(error)));
    },
    /** A comm message runs as a run of its own, beside the active cell. */
    within(run: number, work: () => void): void {
      beside = run;
      try {
        work();
      } finally {
        beside = undefined;
        if (!active) latest = run;
      }
    },
    interrupt(run: number): void {
      if (active !== run) {
        settle(run);
        // nothing runs, or the run never began, its message lost to a termination: either way this is the answer
        send({ type: 'done', run, error: interruptError(), expressions: {} });
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
        if (quiet >= patience(run, steps)) finish(run, interruptError());
      }, TICK);
    },
  };
}

const interruptError = (): CellError => ({
  ename: 'Interrupted',
  evalue: 'the cell was stopped; variables are kept',
  traceback: ['Interrupted: the cell was stopped; variables are kept'],
});
