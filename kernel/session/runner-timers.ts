/**
 * Timers that remember the run that set them: what they print later belongs to that cell, and an interrupt
 * of that run clears them, so that a loop that sleeps does not go on behind the reader's back.
 *
 * Callbacks run as microtasks of their timer, not inside it. Node's timers keep books around each callback in
 * JavaScript, and abort where a termination leaves them unbalanced; around a microtask there are none, so an
 * endless loop in a callback can be terminated with the state kept.
 *
 * AsyncLocalStorage would follow every promise too, but with its hooks switched on, terminating JavaScript
 * aborts Node ("async hook stack has become corrupted"), and an interrupt would cost the state.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';

export interface Timers {
  /** The run whose timer is calling back, if one is. */
  current(): number | undefined;
  /** What `epoch` said when that callback began. */
  began(): number;
  /** Clears what `run` has pending, and what the run has whose callback was terminated. */
  clear(run: number): void;
}

type Callback = (...values: unknown[]) => void;
type Setter = (callback: Callback, ...rest: unknown[]) => object;
type Clear = (timer: unknown) => void;

/** @param epoch counts the interrupts, so that a callback can tell whether one came after it began */
export function installTimers(currentRun: () => number, epoch: () => number): Timers {
  const native = { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate };
  const pending = new Map<number, Map<object, () => void>>();
  const runOf = new WeakMap<object, number>();
  let calling: number | undefined;
  let began = 0;
  /** The run whose callback is on the stack, or was when it was terminated. */
  let inside: number | undefined;

  const forget = (timer: object) => {
    const run = runOf.get(timer);
    const timers = run === undefined ? undefined : pending.get(run);
    timers?.delete(timer);
    if (timers?.size === 0) pending.delete(run as number);
  };

  function setter(name: 'setTimeout' | 'setInterval' | 'setImmediate', cancel: Clear) {
    const repeats = name === 'setInterval';
    const set: Setter = (callback, ...rest) => {
      if (typeof callback !== 'function') return (native[name] as unknown as Setter)(callback, ...rest);
      const run = currentRun();
      const called = (...values: unknown[]) => {
        if (!repeats) forget(timer);
        // microtasks run between two timers: the order of callbacks is Node's
        void due.then(() => call(run, callback, timer, values));
      };
      const timer = (native[name] as unknown as Setter)(called, ...rest);
      runOf.set(timer, run);
      if (!pending.has(run)) pending.set(run, new Map());
      pending.get(run)?.set(timer, () => cancel(timer));
      return timer;
    };
    return set;
  }

  const due = Promise.resolve();

  function call(run: number, callback: Callback, timer: object, values: unknown[]): void {
    // the one before was terminated, and an interval would go into the same loop again
    const stuck = inside;
    if (stuck !== undefined) clear(stuck);
    inside = undefined;
    if (run === stuck) return;
    calling = inside = run;
    began = epoch();
    // promises that this callback resolves continue before the next turn, and still belong to the run
    native.setImmediate(release, run);
    try {
      callback.apply(timer, values);
    } catch (error) {
      // an interrupted loop must not begin again with the next tick of its interval
      if ((error as Error | undefined)?.name === 'InterruptError') clear(run);
      // as Node reports it: an uncaught exception, not a rejection that could still be handled
      native.setImmediate(fail, run, error);
    }
    // not in a `finally`: a termination skips it, and so leaves its trace
    inside = undefined;
  }

  function clear(run: number): void {
    for (const cancel of [...(pending.get(run)?.values() ?? [])]) cancel();
    pending.delete(run);
  }

  /** Later than `release`: the error still belongs to the run, whatever cell runs by now. */
  function fail(run: number, error: unknown): never {
    calling = run;
    native.setImmediate(release, run);
    throw error;
  }

  function release(run: unknown) {
    if (calling === run) calling = undefined;
  }

  const clearer = (name: 'clearTimeout' | 'clearInterval' | 'clearImmediate') => (timer: unknown) => {
    if (typeof timer === 'object' && timer !== null) forget(timer);
    (native[name] as Clear)(timer);
  };

  const ours = {
    setTimeout: setter('setTimeout', native.clearTimeout as Clear),
    setInterval: setter('setInterval', native.clearInterval as Clear),
    setImmediate: setter('setImmediate', native.clearImmediate as Clear),
    clearTimeout: clearer('clearTimeout'),
    clearInterval: clearer('clearInterval'),
    clearImmediate: clearer('clearImmediate'),
  };
  Object.assign(globalThis, ours);
  // the same functions by their other names: `node:timers`, `node:timers/promises`, `promisify(setTimeout)`
  const require = createRequire(import.meta.url);
  Object.assign(require('node:timers') as object, ours);
  const sleep = sleeper(ours.setTimeout, ours.clearTimeout);
  Object.assign(require('node:timers/promises') as object, { setTimeout: sleep });
  Object.assign(ours.setTimeout, { [promisify.custom]: sleep });
  syncBuiltinESMExports();

  return {
    current: () => calling,
    began: () => began,
    clear(run) {
      clear(run);
      if (inside !== undefined) clear(inside);
      inside = undefined;
    },
  };
}

/** `setTimeout` of `node:timers/promises`, on a timer that an interrupt can clear: its promise then never settles. */
function sleeper(set: Setter, clear: Clear) {
  return <T>(ms?: number, value?: T, options: { signal?: AbortSignal; ref?: boolean } = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const { signal, ref = true } = options;
      const stop = () => {
        clear(timer);
        reject(
          Object.assign(new Error('The operation was aborted', { cause: signal?.reason }), {
            name: 'AbortError',
            code: 'ABORT_ERR',
          }),
        );
      };
      const timer = set(() => {
        signal?.removeEventListener('abort', stop);
        resolve(value as T);
      }, ms) as NodeJS.Timeout;
      if (!ref) timer.unref();
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop, { once: true });
    });
}
