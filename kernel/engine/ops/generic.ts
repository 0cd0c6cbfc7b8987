/**
 * Shapes that are computed, for decompositions that must hold for any batch and length (`decompose.ts`). In a trace
 * all of it folds to constants.
 */
import { tensor } from '../../base/tensor.ts';
import { int } from '../attributes.ts';
import { apply, concat, int64s, transpose } from '../functions.ts';
import type { Var } from '../var.ts';

/** The size of one axis, int64 [1]. */
export const sizeAlong = (x: Var, axis: number): Var =>
  apply('Shape', [x], { start: int(axis), ...(axis === -1 ? {} : { end: int(axis + 1) }) });

/** A new shape: numbers as ONNX's Reshape has them (0 keeps the axis, −1 is the rest), or computed sizes. */
export function reshapeTo(x: Var, sizes: readonly (number | Var)[]): Var {
  return apply('Reshape', [x, shapeOf(x, sizes)]);
}

/** Stretched to the given sizes; 1 leaves an axis as it is. */
export const expandTo = (x: Var, sizes: readonly (number | Var)[]): Var =>
  apply('Expand', [x, shapeOf(x, sizes)]);

function shapeOf({ trace }: Var, sizes: readonly (number | Var)[]): Var {
  if (sizes.every(size => typeof size === 'number')) return int64s(trace, sizes);
  return concat(
    sizes.map(size => (typeof size === 'number' ? int64s(trace, [size]) : size)),
    0,
  );
}

/** A scalar int64 in x's trace. */
export const int64 = (x: Var, value: number): Var =>
  x.trace.constant(tensor(BigInt64Array.of(BigInt(value)), []));

/** 0, 1, … n − 1, int64, for a computed n of one element. */
export function countTo(n: Var): Var {
  return apply('Range', [int64(n, 0), apply('Reshape', [n, int64s(n.trace, [])]), int64(n, 1)]);
}

/** batch×length×(heads·width) → batch×heads×length×width */
export const splitHeads = (x: Var, heads: number): Var =>
  transpose(reshapeTo(x, [0, 0, heads, -1]), [0, 2, 1, 3]);

/** batch×heads×length×width → batch×length×(heads·width) */
export const mergeHeads = (x: Var): Var => reshapeTo(transpose(x, [0, 2, 1, 3]), [0, 0, -1]);
