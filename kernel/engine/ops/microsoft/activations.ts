/** Activations of ONNX Runtime's own domain, some with a bias added first. */
import { floatOf } from '../../attributes.ts';
import { add, apply, mul, sigmoid } from '../../functions.ts';
import { part, type Call, type Op } from '../../op.ts';
import type { Var } from '../../var.ts';
import { sameAsFirst } from '../makers.ts';

/** x + b, where there is a bias. */
const biased = (call: Call<Var>): Var => {
  const [x, bias] = call.inputs as [Var, Var | undefined];
  return bias ? part(call, 'pre', add(x, bias)) : x;
};

const gelu = (approximate: 'none' | 'tanh') => (call: Call<Var>) => [
  apply('Gelu', [biased(call)], { approximate }),
];

/** y = x·Φ(x), as ONNX's Gelu. */
export const Gelu: Op = { infer: sameAsFirst, expand: gelu('none') };

const parts = { pre: 'input + bias' };

/** y = u·Φ(u) with u = x + b. */
export const BiasGelu: Op = { infer: sameAsFirst, expand: gelu('none'), parts };

/** The tanh approximation of y = u·Φ(u) with u = x + b. */
export const FastGelu: Op = { infer: sameAsFirst, expand: gelu('tanh'), parts };

/** y = x·σ(αx) */
export const QuickGelu: Op = {
  infer: sameAsFirst,
  expand({ inputs: [x], attributes }) {
    return [mul(x!, sigmoid(mul(x!, floatOf(attributes, 'alpha', 1.702))))];
  },
};
