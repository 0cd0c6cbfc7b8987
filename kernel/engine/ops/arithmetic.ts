/** Add, Sub, Mul, Div, Neg and Identity: linear or bilinear in each input. */
import { div, mul, neg } from '../functions.ts';
import type { Op } from '../op.ts';
import { broadcasting, sameAsFirst } from './makers.ts';

// y = a + b
export const Add = broadcasting(
  dy => dy,
  dy => dy,
);

// y = a − b
export const Sub = broadcasting(
  dy => dy,
  dy => neg(dy),
);

// y = a·b:  ∂a = dy·b,  ∂b = dy·a
export const Mul = broadcasting(
  (dy, _a, b) => mul(dy, b),
  (dy, a) => mul(dy, a),
);

// y = a/b:  ∂a = dy/b,  ∂b = −dy·y/b
export const Div = broadcasting(
  (dy, _a, b) => div(dy, b),
  (dy, _a, b, y) => neg(div(mul(dy, y), b)),
);

// y = −x
export const Neg: Op = { infer: sameAsFirst, gradient: ({ dy }) => [() => neg(dy)] };

export const Identity: Op = { infer: sameAsFirst, gradient: ({ dy }) => [() => dy] };
