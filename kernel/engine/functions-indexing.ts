/** Reading and writing at indices, as functions of vars. Adding at indices is what undoes a gather. */
import { sizeOf, stridesOf, wrapAxis, type Dims } from '../base/shape.ts';
import { tensor, isTensor, type Tensor } from '../base/tensor.ts';
import { int } from './attributes.ts';
import { linearAdjoint } from './functions-spatial.ts';
import {
  add,
  apply,
  cast,
  constant,
  equal,
  expand,
  full,
  gemm,
  indicator,
  int64s,
  less,
  matmul,
  mul,
  reduceSum,
  reshape,
  scatterAdd,
  transpose,
  where,
} from './functions.ts';
import type { Var } from './var.ts';

export const gatherElements = (x: Var, indices: Var, axis: number): Var =>
  apply('GatherElements', [x, indices], { axis: int(axis) });

export const scatterElements = (
  x: Var,
  indices: Var,
  updates: Var,
  axis: number,
  reduction: 'none' | 'add' | 'mul' | 'max' | 'min' = 'none',
): Var => apply('ScatterElements', [x, indices, updates], { axis: int(axis), reduction });

export const gatherND = (x: Var, indices: Var): Var => apply('GatherND', [x, indices]);

export const scatterND = (x: Var, indices: Var, updates: Var): Var =>
  apply('ScatterND', [x, indices, updates]);

/** Up to this many places a product with a matrix of ones and zeros is faster than adding element by element. */
const MOST_ROWS = 256;

/**
 * The adjoint of `gather(x, indices, axis)` for an x that is `size` long there: dy added where it was read.
 * It is x = Eᵀ dy, where row i of E is 1 at indices[i] and 0 elsewhere.
 *
 * As a product for few places, else by ScatterElements, which is faster along the last axis (one thread, 2048 rows
 * of 256 into 64 / 256 / 1024 places: product 1.0 / 3.4 / 13.4 ms, last axis 3.4 / 3.5 / 4.0, first 5.1 / 6.2 / 5.9).
 * Not by ScatterND: ONNX Runtime adds its rows in parallel without a lock, and of two rows for one place one may be
 * lost (seen: 2048 rows into 1024 places on two threads, an error of 0.99).
 */
export function gatherAdjoint(dy: Var, indices: Var | Tensor, axis: number, size: number): Var {
  const at = isTensor(indices) ? constant(dy.trace, tensor(indices)) : indices;
  const dims = dy.dims.toSpliced(axis, at.dims.length, size);
  const [before, count, after] = [sizeOf(dims.slice(0, axis)), sizeOf(at.dims), sizeOf(dims.slice(axis + 1))];
  const flat = reshape(dy, [before, count, after]);

  if (size <= MOST_ROWS && at.value) {
    const rows = at.value.toNumbers().map(i => [[wrapAxis(i, size), 1]] as const);
    return reshape(linearAdjoint(flat, [{ axis: 1, size, rows }]), dims);
  }
  if (size <= MOST_ROWS) {
    const columns = cast(reshape(at, [1, count]), 'int32');
    const wrapped = add(columns, mul(cast(less(columns, 0), 'int32'), size));
    const places = constant(dy.trace, tensor(Int32Array.from({ length: size }, (_, i) => i), [size, 1])); // prettier-ignore
    const ones = indicator(equal(wrapped, places), dy);
    // Gemm where it will do: a MatMul and a sum behind it become a node that ONNX Runtime runs too early (`schedule.ts`)
    return reshape(before === 1 ? gemm(ones, reshape(flat, [count, after])) : matmul(ones, flat), dims);
  }
  // few rows into many places are not worth turning all places around
  const last = size <= 4 * count;
  const rows = transpose(flat, last ? [0, 2, 1] : [0, 1, 2]); // before × after × count
  const places = expand(reshape(at, last ? [1, 1, count] : [1, count, 1]), rows.dims);
  const zeros = full(dy.trace, last ? [before, after, size] : [before, size, after], 0, dy.dtype);
  const sums = scatterAdd(zeros, places, rows, last ? 2 : 1);
  return reshape(transpose(sums, last ? [0, 2, 1] : [0, 1, 2]), dims);
}

/** i₀, i₁, … of the last axis, from behind where negative, as one index into the axes of `dims` that they name. */
export function flatIndices(indices: Var, dims: Dims): Var {
  const read = dims.slice(0, indices.dims[indices.dims.length - 1]);
  const wrapped = where(less(indices, 0), add(indices, int64s(indices.trace, read)), indices);
  const strides = int64s(indices.trace, stridesOf(read));
  return reduceSum(mul(wrapped, strides), [indices.dims.length - 1]);
}

/** The adjoint of `gatherND(x, indices)` for an x of dims `dims`: dy added at the rows it was read from. */
export function gatherNDAdjoint(dy: Var, indices: Var, dims: Dims): Var {
  const depth = indices.dims[indices.dims.length - 1];
  const [read, row] = [dims.slice(0, depth), dims.slice(depth)];
  const flat = flatIndices(indices, dims);
  const count = sizeOf(flat.dims);
  const sums = gatherAdjoint(reshape(dy, [count, ...row]), reshape(flat, [count]), 0, sizeOf(read));
  return reshape(sums, dims);
}
