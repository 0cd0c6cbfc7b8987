/** Comparisons, logic, and what uses their results: Where and Cast. */
import { isBigInt, isFloat } from '../../base/dtype.ts';
import { ShapeError } from '../../base/errors.ts';
import { broadcastDims } from '../../base/shape.ts';
import { intOf } from '../attributes.ts';
import { cast, dtypeFromNumber, indicator, mul, not, sumTo } from '../functions.ts';
import { noGradient, type Op } from '../op.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { Var } from '../var.ts';
import { pointwise } from './evaluate.ts';
import { broadcast, need, predicate } from './makers.ts';

export const Equal = predicate(([a, b]) => a === b);
export const Greater = predicate(([a, b]) => a > b);
export const GreaterOrEqual = predicate(([a, b]) => a >= b);
export const Less = predicate(([a, b]) => a < b);
export const LessOrEqual = predicate(([a, b]) => a <= b);

export const And = predicate(([a, b]) => a !== 0 && b !== 0);
export const Or = predicate(([a, b]) => a !== 0 || b !== 0);
export const Xor = predicate(([a, b]) => a !== b);
export const Not = predicate(([a]) => a === 0);
export const IsNaN = predicate(([a]) => Number.isNaN(a));

export const IsInf: Op = {
  infer: predicate(() => false).infer,
  fold: pointwise(([a], { attributes }) => {
    const above = intOf(attributes, 'detect_positive', 1) && a === Infinity;
    return Boolean(above || (intOf(attributes, 'detect_negative', 1) && a === -Infinity));
  }, 'bool'),
  gradient: noGradient,
};

/** Of integers, bit by bit: nothing to differentiate. */
const bits: Op = { infer: broadcast, gradient: noGradient };

export const BitShift = bits;
export const BitwiseAnd = bits;
export const BitwiseNot = bits;
export const BitwiseOr = bits;
export const BitwiseXor = bits;

// y = a where the condition holds, else b:  ∂a = dy·c,  ∂b = dy·(1 − c)
export const Where: Op = {
  infer(call) {
    const [condition, a, b] = [need(call, 0, 'condition'), need(call, 1), need(call, 2)];
    if (condition.dtype !== 'bool') throw new ShapeError(`condition is ${condition.dtype}; expected bool`);
    if (a.dtype !== b.dtype)
      throw new ShapeError(`Where of two dtypes: ${a.dtype} and ${b.dtype}; expected one`);
    return [{ dtype: a.dtype, dims: broadcastDims(broadcastDims(condition.dims, a.dims), b.dims) }];
  },
  fold: call => pointwise(([condition, a, b]) => (condition ? a : b), call.values[1]!.dtype)(call),
  gradient: ({ dy, inputs: [condition, a, b] }) => [
    undefined,
    () => sumTo(mul(dy, indicator(condition!, dy)), a!.dims),
    () => sumTo(mul(dy, indicator(not(condition!), dy)), b!.dims),
  ],
};

/** The gradient passes between float types and stops at all others. */
export const Cast: Op = {
  infer(call) {
    return [{ dtype: dtypeFromNumber(call.attributes.to as bigint), dims: need(call, 0).dims }];
  },
  fold({ values, attributes }) {
    const value = values[0]!;
    const dtype = dtypeFromNumber(attributes.to as bigint);
    return converts(value, dtype) ? [value.cast(dtype)] : undefined;
  },
  // an integer on this path carries quantized numbers (quantization.ts): what flows back through it stays a float
  gradient: ({ dy, inputs: [x] }) => [
    isFloat(dy.dtype) ? () => (isFloat(x!.dtype) ? cast(dy, x!.dtype) : dy) : undefined,
  ],
};

/** Text, and numbers outside the range of an integer type, are left to ONNX Runtime. */
function converts(value: Tensor, dtype: Tensor['dtype']): boolean {
  if (value.dtype === 'string' || dtype === 'string') return false;
  if (isFloat(dtype) || isBigInt(dtype) || dtype === 'bool') return true;
  return value
    .toNumbers()
    .every(number => Math.abs(number) < 2 ** 31 && (number >= 0 || !dtype.startsWith('u')));
}

/** Cast to the dtype of the second input. */
export const CastLike: Op = {
  infer: call => [{ dtype: need(call, 1).dtype, dims: need(call, 0).dims }],
  expand: ({ inputs }) => [cast(inputs[0] as Var, inputs[1]!.dtype)],
};
