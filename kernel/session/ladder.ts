/**
 * The interrupt ladder, from gentle to certain. The lower rungs live in the runner:
 *
 * 1. at once: the token is set; loops of cells and of the library look at it;
 * 2. after 150 ms without native work: a cell that merely waits is answered, its promise forgotten;
 * 3. after 250 ms without a turn of the main thread: its JavaScript is terminated, unless it is inside native code
 *    (2 and 3 wait for a second in a cell that has run native steps: its loop still has a picture to finish);
 * 4. after 2 s (2.5 s after a termination that did not help), or at the second Interrupt: the process is killed and a
 *    new one takes its place. During native work only the second Interrupt does that.
 */
import type { Runner } from './runner-process.ts';

export interface LadderOptions {
  runner(): Runner;
  /** Tells the reader why nothing seems to happen. */
  notice(run: number, text: string): void;
  kill(run: number, reason: string): void;
}

const TICK = 50;
/** What a run gets to end by itself: since the interrupt, since its last native step, since it was terminated. */
const PATIENCE = { interrupt: 2000, native: 1000, terminated: 2500 };
/** When the reader is told that a native step is being waited for. */
const NOTICE = 500;
/** A report of the interrupt worker older than this means that it is gone too. */
const STALE = 1500;
/** When a run is killed whatever the reports say. */
const LAST = 8000;

export function createLadder({ runner, notice, kill }: LadderOptions) {
  let climbing:
    { run: number; since: number; nativeAt: number; noticed: boolean; timer: NodeJS.Timeout } | undefined;

  const fresh = () => {
    const status = runner().status();
    return status && Date.now() - status.at < STALE ? status : undefined;
  };
  const native = () => (fresh()?.native ?? 0) > 0;

  function tick(): void {
    if (!climbing) return;
    const { run, since, nativeAt } = climbing;
    const now = Date.now();
    if (native()) {
      climbing.nativeAt = now;
      if (now - since > NOTICE && !climbing.noticed) {
        climbing.noticed = true;
        notice(
          run,
          'interrupt: waiting for the running step to end; interrupt again to end the process instead\n',
        );
      }
      return;
    }
    if (now - since < PATIENCE.interrupt || now - nativeAt < PATIENCE.native) return;
    // on a machine that is short of time the gentler rungs come late, and get their chance all the same
    const terminatedAt = fresh()?.terminatedAt ?? 0;
    const tried = terminatedAt > 0 && now - terminatedAt > PATIENCE.terminated;
    if (tried || now - since > LAST) end(run, 'it did not react to the interrupt');
  }

  function end(run: number, reason: string): void {
    over();
    kill(run, reason);
  }

  /** Nothing is left to climb for. */
  function over(): void {
    clearInterval(climbing?.timer);
    climbing = undefined;
  }

  return {
    interrupt(run: number): void {
      if (climbing?.run === run) {
        // an impatient second click on a cell that is about to end must not cost the state
        if (native() && Date.now() - climbing.since > NOTICE / 2)
          end(run, 'a second interrupt came during a native step');
        return;
      }
      climbing = { run, since: Date.now(), nativeAt: 0, noticed: false, timer: setInterval(tick, TICK) };
      runner().interrupt(run);
      runner().send({ type: 'interrupt', run });
    },
    /** The run has been answered. */
    settled(run: number): void {
      if (climbing?.run === run) over();
    },
    /** All runs have been answered, or their process has died. */
    over,
  };
}

export type Ladder = ReturnType<typeof createLadder>;
