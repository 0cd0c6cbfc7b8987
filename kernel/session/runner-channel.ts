/** The runner's way to the supervisor: whole frames on a pipe, written before the call returns. */
import { Flag, lower, raise } from './flags.ts';
import { encodeFrame, writeAll } from './frames.ts';
import { EVENTS_FD, type RunnerEvent } from './runner-protocol.ts';

export type Send = (event: RunnerEvent) => void;

export function createSend(flags: Int32Array): Send {
  return event => {
    const parts = encodeFrame(event);
    raise(flags, Flag.FRAMING);
    try {
      for (const part of parts) writeAll(EVENTS_FD, part);
    } catch (error) {
      // nobody reads any more: the supervisor is gone, and this process has no reason to stay
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.kill(process.pid, 'SIGKILL');
      throw error;
    } finally {
      lower(flags, Flag.FRAMING);
    }
  };
}
