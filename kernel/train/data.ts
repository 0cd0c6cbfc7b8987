/**
 * Where a run's batches come from. A batch depends on the seed and the step alone, so that a resumed run
 * sees what it would have seen.
 */
import { NeuronbookError, ShapeError } from '../base/errors.ts';
import { rng as seeded, type Rng } from '../base/rng.ts';
import { formatDims, sizeOf } from '../base/shape.ts';
import { Tensor } from '../base/tensor.ts';
import { allocate } from '../base/dtype.ts';

/** Tensors by name: the network's inputs and the loss's targets. Entries that neither reads are ignored. */
export type Batch = Readonly<Record<string, Tensor>>;

/**
 * Either a function that makes the batch of a step (it may overwrite and return the same tensors each time),
 * or whole tensors with examples along the first axis, of which each step gets `batch`, shuffled anew every pass.
 */
export type Data = ((step: number, rng: Rng) => Batch | Promise<Batch>) | Batch;

export type Draw = (step: number) => Batch | Promise<Batch>;

export function drawing(data: Data, seed: string | number, batch: number | undefined): Draw {
  if (typeof data === 'function') return step => data(step, seeded(`${seed}/data/${step}`));
  const entries = Object.entries(data);
  if (!entries.length) throw new NeuronbookError('the data is empty; expected a function or tensors by name');
  const counts = entries.map(([name, { dims }]) => `${name} ${dims[0] ?? 'scalar'}`);
  const [[, { dims }]] = entries;
  const count = dims[0];
  if (entries.some(([, tensor]) => tensor.dims[0] !== count))
    throw new ShapeError(
      `the data's tensors differ in length: ${counts.join(', ')}; expected as many examples in each`,
    );
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

function copyRows(source: Tensor, rows: readonly number[], target: Tensor): void {
  if (Array.isArray(source.data))
    throw new ShapeError(`text cannot be trained on: ${formatDims(source.dims)} strings`);
  const width = source.size / source.dims[0];
  rows.forEach((row, i) => {
    const part = (source.data as Float32Array).subarray(row * width, (row + 1) * width);
    (target.data as Float32Array).set(part, i * width);
  });
}
