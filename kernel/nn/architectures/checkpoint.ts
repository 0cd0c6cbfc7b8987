/** Words in which architectures say how their parameters lie in a checkpoint: parts, transposes, prefixes. */
import { Tensor } from '../../base/tensor.ts';
import { ShapeError } from '../../base/errors.ts';
import { formatDims } from '../../base/shape.ts';
import type { Checkpoint, Source, Sources } from './architecture.ts';
import { assertSizes } from './config.ts';

/** A copy of rows `from` to `to`, and of a vector's elements. */
export function rows(value: Tensor, from: number, to: number): Tensor {
  const [count, ...rest] = value.dims;
  assertWithin(value, 0, to);
  const size = value.size / count;
  return new Tensor('float32', [to - from, ...rest], floats(value).slice(from * size, to * size));
}

/** A copy of the rows at `places`, in that order. */
export function rowsAt(value: Tensor, places: readonly number[]): Tensor {
  const [count, ...rest] = value.dims;
  assertWithin(value, 0, Math.max(...places) + 1);
  const size = value.size / count;
  const data = floats(value);
  const made = new Float32Array(places.length * size);
  places.forEach((row, i) => made.set(data.subarray(row * size, (row + 1) * size), i * size));
  return new Tensor('float32', [places.length, ...rest], made);
}

/** Columns `from` to `to` as rows: m×n → (to − from)×m. */
export function columns(value: Tensor, from: number, to: number): Tensor {
  const [height, width] = value.dims;
  assertWithin(value, 1, to);
  const data = floats(value);
  const made = new Float32Array((to - from) * height);
  for (let column = from; column < to; column++)
    for (let row = 0; row < height; row++) made[(column - from) * height + row] = data[row * width + column];
  return new Tensor('float32', [to - from, height], made);
}

function assertWithin({ dims }: Tensor, axis: number, to: number): void {
  if (dims.length > axis && to <= dims[axis]) return;
  const what = axis === 0 ? 'rows' : 'columns';
  throw new ShapeError(
    `a weight of ${formatDims(dims)} where config.json means one of at least ${to} ${what}; is it its own?`,
  );
}

/** m×n → n×m */
export const transposed = (value: Tensor): Tensor => columns(value, 0, value.dims[1]);

/** A kernel as a matrix: features × rest. */
export const asRows = (value: Tensor): Tensor => value.reshape([value.dims[0], -1]);

const floats = (value: Tensor): Float32Array => value.cast('float32').data as Float32Array;

/** Weight and bias of `ours` from those of `theirs`. */
export const affine = (ours: string, theirs: string, bias = true): Sources => ({
  [`${ours}.weight`]: { from: [`${theirs}.weight`] },
  ...(bias && { [`${ours}.bias`]: { from: [`${theirs}.bias`] } }),
});

/** One parameter as it is. */
export const same = (ours: string, theirs: string): Sources => ({ [ours]: { from: [theirs] } });

/** One parameter made from one tensor. */
export const made = (ours: string, theirs: string, make: (value: Tensor) => Tensor): Sources => ({
  [ours]: { from: [theirs], make } satisfies Source,
});

/** The sources of `layers` blocks. */
export function eachLayer(layers: number, sources: (layer: number) => Sources): Sources {
  assertSizes('checkpoint', { layers });
  return Object.assign({}, ...Array.from({ length: layers }, (_, layer) => sources(layer))) as Sources;
}

/** The prefix under which the checkpoint holds `probe`: a model saved alone has none. */
export const prefixOf = (checkpoint: Pick<Checkpoint, 'has'>, prefix: string, probe: string): string =>
  checkpoint.has(prefix + probe) ? prefix : '';
