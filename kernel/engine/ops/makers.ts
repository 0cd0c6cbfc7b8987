/** What most rules are made of: inference that recurs, and gradients that differ in one factor. */
import { ShapeError } from '../../base/errors.ts';
import { broadcastDims, formatDims } from '../../base/shape.ts';
import { mul, sumTo } from '../functions.ts';
import type { Op, Call, Gradient } from '../op.ts';
import type { Known, Var } from '../var.ts';

/** The `index`-th input, which must be there. */
export function need(call: Call, index: number, what = `input ${index}`): Known {
  const input = call.inputs[index];
  if (!input) throw new ShapeError(`${call.op} lacks its ${what}`);
  return input;
}

/** A constant integer input (axes, shape, pads) as numbers; undefined where it is left out. */
export function constantInts(call: Call, index: number, what: string): number[] | undefined {
  const input = call.inputs[index];
  if (!input) return undefined;
  if (!input.value)
    throw new ShapeError(
      `${call.op} needs its ${what} (input ${index}) to be constant; it is computed from data (${formatDims(input.dims)})`,
    );
  return input.value.toNumbers();
}

/** Output like the first input. */
export const sameAsFirst = (call: Call): Known[] => [
  { dtype: need(call, 0).dtype, dims: need(call, 0).dims },
];

/** Output of broadcast dims, in the dtype of the inputs, which must agree. */
export function broadcast(call: Call): Known[] {
  const [a, b] = [need(call, 0), need(call, 1)];
  if (a.dtype !== b.dtype)
    throw new ShapeError(`${call.op} of two dtypes: ${a.dtype} and ${b.dtype}; expected one`);
  return [{ dtype: a.dtype, dims: broadcastDims(a.dims, b.dims) }];
}

/**
 * y = f(x), elementwise.
 * @param slope f′(x), given x and y; the chain rule ∂L/∂x = ∂L/∂y · f′(x) is applied here
 */
export const elementwise = (slope: (x: Var, y: Var, call: Call<Var>) => Var): Op => ({
  infer: sameAsFirst,
  gradient: call => [() => mul(call.dy, slope(call.inputs[0]!, call.outputs[0], call))],
});

/**
 * y = f(a, b) with broadcasting.
 * @param left ∂L/∂a before the sum over stretched axes, given ∂L/∂y; @param right likewise for b
 */
export const broadcasting = (
  left: (dy: Var, a: Var, b: Var, y: Var) => Var,
  right: (dy: Var, a: Var, b: Var, y: Var) => Var,
): Op => ({
  infer: broadcast,
  gradient({ dy, inputs: [a, b], outputs: [y] }): Gradient[] {
    return [() => sumTo(left(dy, a!, b!, y), a!.dims), () => sumTo(right(dy, a!, b!, y), b!.dims)];
  },
});
