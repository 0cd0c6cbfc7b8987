/** What most rules are made of: inference that recurs, and gradients that differ in one factor. */
import type { DType } from '../../base/dtype.ts';
import { ComputedError, ShapeError } from '../../base/errors.ts';
import { broadcastDims, formatDims } from '../../base/shape.ts';
import { mul, sumTo } from '../functions.ts';
import { noGradient, type Call, type Gradient, type Op } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { pointwise, type Scalar } from './evaluate.ts';

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
    throw new ComputedError(
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
  const first = need(call, 0);
  const dims = call.inputs.reduce<readonly number[]>((made, _, i) => {
    const { dtype, dims } = need(call, i);
    if (dtype !== first.dtype)
      throw new ShapeError(`${call.op} of two dtypes: ${first.dtype} and ${dtype}; expected one`);
    return broadcastDims(made, dims);
  }, []);
  return [{ dtype: first.dtype, dims }];
}

/** The same, with its own dtype for the output. */
const broadcastAs =
  (dtype: DType) =>
  (call: Call): Known[] => [{ dtype, dims: broadcast(call)[0].dims }];

/** y = f(x), elementwise, for the functions whose gradient is not one factor. `back` is ∂L/∂x. */
export const chained = (
  back: (dy: Var, x: Var, y: Var, call: Call<Var>) => Var,
  compute?: (x: number) => number | boolean,
): Op => ({
  infer: sameAsFirst,
  ...(compute && { fold: pointwise(([x]) => compute(x)) }),
  gradient: call => [() => back(call.dy, call.inputs[0]!, call.outputs[0], call)],
});

/**
 * y = f(x), elementwise.
 * @param slope f′(x), given x and y; the chain rule ∂L/∂x = ∂L/∂y · f′(x) is applied here
 * @param compute f on one element, for folding
 */
export const elementwise = (
  slope: (x: Var, y: Var, call: Call<Var>) => Var,
  compute?: (x: number) => number | boolean,
): Op => chained((dy, x, y, call) => mul(dy, slope(x, y, call)), compute);

/** y = f(x), elementwise and flat wherever it has a slope: no gradient passes, as in PyTorch. */
export const flat = (compute?: (x: number) => number | boolean): Op => ({
  infer: sameAsFirst,
  ...(compute && { fold: pointwise(([x]) => compute(x)) }),
  gradient: noGradient,
});

/**
 * y = f(a, b) with broadcasting.
 * @param left ∂L/∂a before the sum over stretched axes, given ∂L/∂y; @param right likewise for b
 * @param compute f on one element of each, for folding
 */
export const broadcasting = (
  left: (dy: Var, a: Var, b: Var, y: Var) => Var,
  right: (dy: Var, a: Var, b: Var, y: Var) => Var,
  compute?: (a: number, b: number, dtype: DType) => number,
): Op => ({
  infer: broadcast,
  ...(compute && { fold: pointwise(([a, b], call) => compute(a, b, call.inputs[0]!.dtype)) }),
  gradient({ dy, inputs: [a, b], outputs: [y] }): Gradient[] {
    return [() => sumTo(left(dy, a!, b!, y), a!.dims), () => sumTo(right(dy, a!, b!, y), b!.dims)];
  },
});

/** A test of its inputs: bool out, no gradient. */
export const predicate = (compute: Scalar): Op => ({
  infer: broadcastAs('bool'),
  fold: pointwise(compute, 'bool'),
  gradient: noGradient,
});
