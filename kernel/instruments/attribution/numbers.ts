/** Plain arithmetic on tensors that have examples along their first axis. */
import { ShapeError } from '../../base/errors.ts';
import { allocate } from '../../base/dtype.ts';
import { broadcastDims, formatDims, sameDims, sizeOf, stridesOf } from '../../base/shape.ts';
import { Tensor, tensor } from '../../base/tensor.ts';

/** The numbers of a row or of several, in the type of their site. */
export type Numbers = Float32Array | Float64Array | BigInt64Array | Int32Array;

/** The first rows of a tensor; data is shared. */
export const leading = ({ dtype, dims: [count, ...rest], data }: Tensor, rows: number): Tensor =>
  rows === count
    ? new Tensor(dtype, [count, ...rest], data)
    : new Tensor(dtype, [rows, ...rest], (data as Float32Array).subarray(0, rows * sizeOf(rest)));

/** Rows of a tensor by their numbers, copied. */
export function picked({ dtype, dims: [, ...rest], data }: Tensor, rows: readonly number[]): Tensor {
  const size = sizeOf(rest);
  const made = allocate(dtype, rows.length * size) as Float32Array;
  const from = data as Float32Array;
  rows.forEach((row, i) => made.set(from.subarray(row * size, (row + 1) * size), i * size));
  return new Tensor(dtype, [rows.length, ...rest], made);
}

/**
 * The numbers of `given`, stretched to the dims and dtype of `like`.
 * @throws ShapeError where they do not broadcast
 */
export function broadcast(given: Tensor, like: Tensor, what: string): Numbers {
  const { dims, data } = given.cast(like.dtype);
  let fits: boolean;
  try {
    fits = sameDims(broadcastDims(dims, like.dims), like.dims);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    fits = false;
  }
  if (!fits)
    throw new ShapeError(
      `${what} is ${formatDims(dims)}; expected a number, or something that broadcasts to ${formatDims(like.dims)}`,
    );
  if (sameDims(dims, like.dims)) return data as Numbers;
  const from = data as Float32Array;
  const made = allocate(like.dtype, like.size) as Float32Array;
  const [own, whole] = [stridesOf(dims), stridesOf(like.dims)];
  const lead = like.dims.length - dims.length;
  for (let i = 0; i < made.length; i++) {
    let at = 0;
    for (let axis = lead; axis < like.dims.length; axis++)
      if (dims[axis - lead] > 1) at += (Math.floor(i / whole[axis]) % like.dims[axis]) * own[axis - lead];
    made[i] = from[at];
  }
  return made;
}

/** Numbers of the dims of `like`, in float32. */
export const floats = (like: Tensor): { data: Float32Array; value: Tensor } => {
  const data = new Float32Array(like.size);
  return { data, value: tensor(data, like.dims) };
};

/** Σ over each example. */
export function sumsOf({ dims: [count], data, size }: Tensor): number[] {
  const each = size / count;
  const numbers = data as Float32Array;
  return Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let j = i * each; j < (i + 1) * each; j++) sum += numbers[j];
    return sum;
  });
}
