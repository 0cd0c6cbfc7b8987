/**
 * Batches from iterables, and ahead of time. ONNX Runtime's `run` holds the thread it is called on, so what overlaps
 * with a step is what happens elsewhere: reading files, the network, workers. `prefetched` asks for the next batch
 * before a step begins, so that such work goes on meanwhile; JavaScript of the same thread waits for the step.
 */
import type { Batch, Source } from './data.ts';

/**
 * The batches of an iterable; where it ends and can be iterated over again (an array, an object with its own
 * `[Symbol.iterator]`), the next pass begins. A generator ends for good. To begin in the middle, as a resumed run
 * does, the batches before are drawn and dropped: give a function of the step where that takes long.
 */
export function streaming(source: Iterable<Batch> | AsyncIterable<Batch>): Source {
  const open = (): Iterator<Batch> | AsyncIterator<Batch> =>
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let iterator = open();
  let at = 0;
  let fresh = true;
  const pull = async (): Promise<Batch | undefined> => {
    for (;;) {
      const { done, value } = await iterator.next();
      at++;
      if (!done) {
        fresh = false;
        return value;
      }
      // a pass without a batch: there are no more
      if (fresh) return undefined;
      at--;
      iterator = open();
      fresh = true;
    }
  };
  // one after the other, however many are asked for at once
  let tail: Promise<unknown> = Promise.resolve();
  return {
    draw(index) {
      const drawn = tail.then(async () => {
        while (at < index) if (!(await pull())) return undefined;
        return pull();
      });
      tail = drawn.catch(() => {});
      return drawn;
    },
    close: () => void iterator.return?.(),
  };
}

/** The same batches, each asked for `ahead` batches early, up to `end` of them. */
export function prefetched({ draw, close }: Source, ahead: number, end: number): Source {
  const asked = new Map<number, Promise<Batch | undefined>>();
  const ask = (index: number) => {
    const batch = (async () => draw(index))();
    // an error is the loop's when it gets there; until then it must not end the process
    batch.catch(() => {});
    asked.set(index, batch);
  };
  return {
    async draw(index) {
      for (let i = index; i <= Math.min(index + ahead, end - 1); i++) if (!asked.has(i)) ask(i);
      try {
        return await asked.get(index);
      } finally {
        asked.delete(index);
      }
    },
    close,
  };
}
