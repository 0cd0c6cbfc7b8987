/**
 * Comm messages in the runner: each is handled beside the cells, and its end is told once. A handler that gives a
 * promise is waited for, so that its answer leaves before the front end hears `idle`.
 */
import type { Send } from './runner-channel.ts';
import type { RunnerComms } from './runner-comms.ts';
import type { CommEvent } from './runner-protocol.ts';

export interface MessageParts {
  comms: RunnerComms;
  /** Runs `work` in the name of `run`. */
  within(run: number, work: () => void): void;
  send: Send;
  /** Tells an error that no cell awaits. */
  stray(error: unknown): void;
  /** A timer of the runner's own, which no run owns. */
  after(ms: number, work: () => void): { stop(): void };
}

/** A promise that does not settle must not show a busy kernel for good: it is waited for this long, in ms. */
const PATIENCE = 2000;

export function createMessages({ comms, within, send, stray, after }: MessageParts) {
  /** Messages whose end has not been told, by run. */
  const open = new Map<number, { stop(): void }>();

  function end(run: number): void {
    open.get(run)?.stop();
    if (open.delete(run)) send({ type: 'handled', run });
  }

  function fail(run: number, error: unknown): void {
    within(run, () => stray(error));
    end(run);
  }

  return {
    receive(event: CommEvent): void {
      const { run } = event;
      open.set(run, { stop: () => undefined });
      within(run, () => {
        try {
          const handled = comms.receive(event);
          if (!(handled instanceof Promise)) return end(run);
          handled.then(() => end(run)).catch((error: unknown) => fail(run, error));
          open.set(
            run,
            after(PATIENCE, () => end(run)),
          );
        } catch (error) {
          fail(run, error);
        }
      });
    },
    /** Nobody waits for a handler any longer, nor for one that was terminated. */
    interrupt: () => [...open.keys()].forEach(end),
  };
}
