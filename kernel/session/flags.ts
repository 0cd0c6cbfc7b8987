/**
 * The words of shared memory between a runner's main thread and its interrupt worker.
 *
 * Termination and native work exclude each other as in Dekker's algorithm: each side raises its own word
 * first and reads the other's second, so at least one of them sees the other and steps back.
 */
export const Flag = {
  /** The latest run that the user interrupted; a run is interrupted where this is not less than its number. */
  INTERRUPTED: 0,
  /** Native calls in progress: ONNX Runtime aborts the process when terminated inside one. */
  NATIVE: 1,
  /** Native calls that the running cell has begun; a change shows that a loop of native steps is still going. */
  STEPS: 2,
  /** Frames being written or read: half of one would garble all that follow. */
  FRAMING: 3,
  /** Raised by the interrupt worker while it terminates; native work and writes wait for it to fall. */
  TERMINATING: 4,
  /** The latest run that the main thread answered after an interrupt: nothing is left to stop. */
  SETTLED: 5,
  /** Counts the main thread's turns while a run is being interrupted: no change means that it is blocked. */
  BEAT: 6,
  /** The latest run whose JavaScript was terminated: it will not finish anything any more. */
  TERMINATED: 7,
} as const;

const WORDS = 8;

export const createFlags = (): Int32Array => new Int32Array(new SharedArrayBuffer(WORDS * 4));

/** Raises `flag` on the main thread, after any termination in progress. */
export function raise(flags: Int32Array, flag: number): void {
  for (;;) {
    Atomics.add(flags, flag, 1);
    if (Atomics.load(flags, Flag.TERMINATING) === 0) return;
    Atomics.sub(flags, flag, 1);
    // the termination itself ends this wait
    Atomics.wait(flags, Flag.TERMINATING, 1, 50);
  }
}

export const lower = (flags: Int32Array, flag: number): void => void Atomics.sub(flags, flag, 1);
