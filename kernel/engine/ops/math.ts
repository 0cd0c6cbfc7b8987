/** Elementary functions and roundings of one input. */
import {
  abs,
  add,
  cos,
  cosh,
  div,
  exp,
  mul,
  neg,
  sigmoid,
  sign,
  sin,
  sinh,
  sqrt,
  sub,
} from '../functions.ts';
import { chained, elementwise, flat } from './makers.ts';

// y = √x:  y′ = 1/2y, infinite at 0 as in PyTorch
export const Sqrt = chained((dy, _x, y) => div(mul(dy, 0.5), y), Math.sqrt);

// y = eˣ:  y′ = y
export const Exp = elementwise((_x, y) => y, Math.exp);

// y = ln x:  y′ = 1/x
export const Log = chained((dy, x) => div(dy, x), Math.log);

// y = |x|:  y′ = sign x, 0 at the corner
export const Abs = elementwise(
  x => sign(x),
  x => (x < 0 ? -x : x),
);

export const Sin = elementwise(x => cos(x), Math.sin);
export const Cos = chained((dy, x) => neg(mul(dy, sin(x))), Math.cos);

// y = tan x:  y′ = 1 + y²
export const Tan = elementwise((_x, y) => add(mul(y, y), 1), Math.tan);

// y = arctan x:  y′ = 1/(1 + x²)
export const Atan = chained((dy, x) => div(dy, add(mul(x, x), 1)), Math.atan);

// y = arcsin x:  y′ = 1/√(1 − x²)
export const Asin = chained((dy, x) => div(dy, sqrt(sub(1, mul(x, x)))), Math.asin);
export const Acos = chained((dy, x) => neg(div(dy, sqrt(sub(1, mul(x, x))))), Math.acos);

export const Sinh = elementwise(x => cosh(x), Math.sinh);
export const Cosh = elementwise(x => sinh(x), Math.cosh);

// y = arsinh x:  y′ = 1/√(x² + 1);   arcosh: 1/√(x² − 1);   artanh: 1/(1 − x²)
export const Asinh = chained((dy, x) => div(dy, sqrt(add(mul(x, x), 1))), Math.asinh);
export const Acosh = chained((dy, x) => div(dy, sqrt(sub(mul(x, x), 1))), Math.acosh);
export const Atanh = chained((dy, x) => div(dy, sub(1, mul(x, x))), Math.atanh);

// y = 2/√π ∫₀ˣ e^(−t²) dt
export const Erf = elementwise(x => mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)));

// y = x/(1 + |x|):  y′ = 1/(1 + |x|)²
export const Softsign = chained((dy, x) => {
  const bound = add(abs(x), 1);
  return div(dy, mul(bound, bound));
});

// y = ln(1 + eˣ):  y′ = 1/(1 + e^−x)
export const Softplus = elementwise(x => sigmoid(x));

// typeof tells the elements of 64-bit integers, which are bigints
export const Sign = flat(x => (typeof x === 'bigint' ? Math.sign(Number(x)) : Math.sign(x)));
export const Floor = flat(Math.floor);
export const Ceil = flat(Math.ceil);

/** Halves to the even neighbour. */
export const Round = flat(x => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)));
