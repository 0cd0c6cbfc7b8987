/** Reading and writing at indices, as functions of vars. Adding at indices is what undoes a gather. */
import { sizeOf, stridesOf, type Dims } from '../base/shape.ts';
import { tensor, isTensor, type Tensor } from '../base/tensor.ts';
import { int } from './attributes.ts';
import {
  add,
  apply,
  constant,
  expand,
  full,
  int64s,
  less,
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

export const scatterElements = (x: Var, indices: Var, updates: Var, axis: number): Var =>
  apply('ScatterElements', [x, indices, updates], { axis: int(axis) });

export const gatherND = (x: Var, indices: Var): Var => apply('GatherND', [x, indices]);

export const scatterND = (x: Var, indices: Var, updates: Var): Var =>
  apply('ScatterND', [x, indices, updates]);

/**
 * The adjoint of `gather(x, indices, axis)` for an x that is `size` long there: dy added where it was read.
 *
 * ScatterElements, not ScatterND: ONNX Runtime adds the rows of a ScatterND in parallel without a lock, and of
 * two rows for one place one may be lost (seen: 2048 rows into 1024 places on two threads, an error of 0.99).
 */
export function gatherAdjoint(dy: Var, indices: Var | Tensor, axis: number, size: number): Var {
  const at = isTensor(indices) ? constant(dy.trace, tensor(indices)) : indices;
  const rank = at.dims.length;
  const before = dy.dims.slice(0, axis);
  const after = dy.dims.slice(axis + rank);
  const count = sizeOf(at.dims);

  // The indexed axes as one, and first: dy is count × before × after.
  const flat = reshape(dy, [...before, count, ...after]);
  const order = flat.dims.map((_, a) => a);
  order.splice(axis, 1);
  const rows = transpose(flat, [axis, ...order]);
  const places = expand(reshape(at, [count, ...order.map(() => 1)]), rows.dims);
  const sums = scatterAdd(full(dy.trace, [size, ...before, ...after], 0, dy.dtype), places, rows, 0);
  return transpose(sums, [...before.map((_, a) => a + 1), 0, ...after.map((_, a) => a + 1 + before.length)]);
}

/** The adjoint of `gatherND(x, indices)` for an x of dims `dims`: dy added at the rows it was read from. */
export function gatherNDAdjoint(dy: Var, indices: Var, dims: Dims): Var {
  const depth = indices.dims[indices.dims.length - 1];
  const [read, row] = [dims.slice(0, depth), dims.slice(depth)];
  const wrapped = where(less(indices, 0), add(indices, int64s(dy.trace, read)), indices);
  // i₀, i₁, … as one index into the read axes laid end to end
  const flat = reduceSum(mul(wrapped, int64s(dy.trace, stridesOf(read))), [indices.dims.length - 1]);
  const count = sizeOf(flat.dims);
  const sums = gatherAdjoint(reshape(dy, [count, ...row]), reshape(flat, [count]), 0, sizeOf(read));
  return reshape(sums, dims);
}
