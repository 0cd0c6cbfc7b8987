/** Arithmetic on dims: sizes, strides, axes, broadcasting. Nothing here touches data. */
import { ShapeError } from './errors.ts';

export type Dims = readonly number[];

/** Number of elements; 1 for a scalar. */
export const sizeOf = (dims: Dims): number => dims.reduce((product, dim) => product * dim, 1);

/** Row-major strides, in elements. */
export function stridesOf(dims: Dims): number[] {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= dims[axis];
  }
  return strides;
}

export const sameDims = (a: Dims, b: Dims): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

/** `1×3×32×32`, or `scalar`. */
export const formatDims = (dims: readonly (number | string)[]): string => dims.join('×') || 'scalar';

/** An axis counted from the front; ONNX lets −1 mean the last. */
export function wrapAxis(axis: number, rank: number): number {
  const wrapped = axis < 0 ? axis + rank : axis;
  if (wrapped < 0 || wrapped >= Math.max(rank, 1))
    throw new ShapeError(`axis out of range: ${axis}; expected ${-rank} to ${rank - 1}`);
  return wrapped;
}

/** NumPy's rule: align right, 1 stretches. */
export function broadcastDims(a: Dims, b: Dims): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const da = a[axis - rank + a.length] ?? 1;
    const db = b[axis - rank + b.length] ?? 1;
    if (da !== db && da !== 1 && db !== 1)
      throw new ShapeError(
        `shapes do not broadcast: ${formatDims(a)} and ${formatDims(b)}; axis ${axis} has ${da} and ${db}`,
      );
    return da === 1 ? db : da;
  });
}

/** The axes of `to` along which a tensor of dims `from` was stretched to get there. */
export function broadcastAxes(from: Dims, to: Dims): number[] {
  const lead = to.length - from.length;
  return to.map((_, axis) => axis).filter(axis => axis < lead || (from[axis - lead] === 1 && to[axis] !== 1));
}
