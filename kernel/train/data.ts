/**
 * Where a run's batches come from. A batch depends on the seed and the step alone, so that a resumed run
 * sees what it would have seen.
 */
import { NeuronbookError, ShapeError } from '../base/errors.ts';
import { rng as seeded, type Rng } from '../base/rng.ts';
import { formatDims, sizeOf } from '../base/shape.ts';
import { isTensor, Tensor } from '../base/tensor.ts';
import { allocate } from '../base/dtype.ts';
import { streaming } from './stream.ts';

/** Tensors by name: the network's inputs and the loss's targets. Entries that neither reads are ignored. */
export type Batch = Readonly<Record<string, Tensor>>;

/**
 * A function that makes the batch of a step (it may overwrite and return the same tensors each time, unless `prefetch`
 * is set); or whole tensors with examples along the first axis, of which each step gets `batch`, shuffled anew every
 * pass; or anything that can be iterated over, such as a generator that reads files (`stream.ts`).
 */
export type Data =
  ((step: number, rng: Rng) => Batch | Promise<Batch>) | Batch | Iterable<Batch> | AsyncIterable<Batch>;

/** Gives batch after batch: index 0, 1, 2, …, or from wherever a run resumes. */
export interface Source {
  /** @returns undefined where the data has ended */
  draw(index: number): Batch | undefined | Promise<Batch | undefined>;
  close?(): void;
}

export const isStream = (data: Data): data is Iterable<Batch> | AsyncIterable<Batch> =>
  typeof data !== 'function' && (Symbol.iterator in data || Symbol.asyncIterator in data);

export function drawing(data: Data, seed: string | number, batch?: number): Source {
  if (typeof data === 'function') return { draw: step => data(step, seeded(`${seed}/data/${step}`)) };
  return isStream(data) ? streaming(data) : { draw: dealing(data, seed, batch) };
}

/** Every example once a pass, in batches; what is left over at the end of a pass sits out. */
function dealing(data: Batch, seed: string | number, batch: number | undefined): (step: number) => Batch {
  const count = lengthOf(data);
  const entries = Object.entries(data);
  const size = batch ?? Math.min(count, 64);
  if (size > count)
    throw new ShapeError(`batch ${size} is larger than the data: ${count} examples; lower \`batch\``);
  if (size === count) return () => data;

  const into = Object.fromEntries(
    entries.map(
      ([
        name,
        {
          dtype,
          dims: [, ...rest],
        },
      ]) => {
        const shape = [size, ...rest];
        return [name, new Tensor(dtype, shape, allocate(dtype, sizeOf(shape)))];
      },
    ),
  );
  const passes = Math.floor(count / size);
  let order: { pass: number; rows: number[] } | undefined;
  return step => {
    const pass = Math.floor(step / passes);
    if (order?.pass !== pass) order = { pass, rows: seeded(`${seed}/pass/${pass}`).permutation(count) };
    const rows = order.rows.slice((step % passes) * size, ((step % passes) + 1) * size);
    for (const [name, source] of entries) copyRows(source, rows, into[name]);
    return into;
  };
}

/** How many examples there are. @throws ShapeError where the tensors disagree */
export function lengthOf(data: Batch): number {
  const entries = Object.entries(data);
  if (!entries.length) throw new NeuronbookError('the data is empty; expected a function or tensors by name');
  const plain = entries.find(([, value]) => !isTensor(value));
  if (plain)
    throw new NeuronbookError(
      `the data's ${plain[0]} is no tensor; expected tensor(numbers, dims), examples along the first axis`,
    );
  const count = entries[0][1].dims[0];
  if (entries.some(([, tensor]) => tensor.dims[0] !== count)) {
    const counts = entries.map(([name, { dims }]) => `${name} ${dims[0] ?? 'scalar'}`);
    throw new ShapeError(
      `the data's tensors differ in length: ${counts.join(', ')}; expected as many examples in each`,
    );
  }
  return count;
}

function copyRows(source: Tensor, rows: readonly number[], target: Tensor): void {
  if (Array.isArray(source.data))
    throw new ShapeError(`text cannot be trained on: ${formatDims(source.dims)} strings`);
  const width = source.size / source.dims[0];
  rows.forEach((row, i) => {
    const part = (source.data as Float32Array).subarray(row * width, (row + 1) * width);
    (target.data as Float32Array).set(part, i * width);
  });
}
