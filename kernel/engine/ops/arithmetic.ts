/** Add, Sub, Mul, Div and their kin: linear, bilinear or rational in each input. */
import { isFloat } from '../../base/dtype.ts';
import { broadcastDims } from '../../base/shape.ts';
import { intOf } from '../attributes.ts';
import {
  add,
  apply,
  cast,
  div,
  equal,
  indicator,
  log,
  mul,
  neg,
  pow,
  sub,
  sumTo,
  where,
} from '../functions.ts';
import type { Gradient, Op } from '../op.ts';
import type { Var } from '../var.ts';
import { pointwise, quotient } from './evaluate.ts';
import { broadcast, broadcasting, chained, need, sameAsFirst } from './makers.ts';

// y = a + b
export const Add = broadcasting(
  dy => dy,
  dy => dy,
  (a, b) => a + b,
);

// y = a − b
export const Sub = broadcasting(
  dy => dy,
  dy => neg(dy),
  (a, b) => a - b,
);

// y = a·b:  ∂a = dy·b,  ∂b = dy·a
const product = broadcasting(
  (dy, _a, b) => mul(dy, b),
  (dy, a) => mul(dy, a),
  (a, b) => a * b,
);

export const Mul: Op = {
  ...product,
  gradient(call) {
    const [a, b] = call.inputs as [Var, Var];
    // y = a²:  ∂a = 2a·dy, in one part instead of two to be added
    return a === b ? [() => mul(mul(call.dy, 2), a)] : product.gradient!(call);
  },
};

// y = a/b:  ∂a = dy/b,  ∂b = −dy·y/b
export const Div = broadcasting(
  (dy, _a, b) => div(dy, b),
  (dy, _a, b, y) => neg(div(mul(dy, y), b)),
  quotient,
);

// y = −x
export const Neg = chained(
  dy => neg(dy),
  x => -x,
);

export const Identity: Op = {
  infer: sameAsFirst,
  fold: ({ values }) => [values[0]!],
  gradient: ({ dy }) => [() => dy],
};

// y = 1/x:  ∂x = −dy·y²
export const Reciprocal = chained(
  (dy, _x, y) => neg(mul(dy, mul(y, y))),
  x => 1 / x,
);

/**
 * The remainder: with the sign of b, or with `fmod` that of a. b·⌊a/b⌋ is flat, so ∂a = dy and ∂b = −dy·(a − y)/b.
 * ONNX Runtime has the first for integers only; of floats it is a − b·⌊a/b⌋.
 */
export const Mod: Op = {
  infer: broadcast,
  expand({ inputs: [a, b], attributes }) {
    if (intOf(attributes, 'fmod', 0) || !isFloat(a!.dtype)) return undefined;
    return [sub(a!, mul(b!, apply('Floor', [div(a!, b!)])))];
  },
  fold: pointwise(([a, b], call) => {
    const rest = a % b;
    const differs = Boolean(rest) && rest < 0 !== b < 0;
    return intOf(call.attributes, 'fmod', 0) || !differs ? rest : rest + b;
  }),
  gradient: ({ dy, inputs: [a, b], outputs: [y] }) => [
    () => sumTo(dy, a!.dims),
    () => sumTo(neg(div(mul(dy, sub(a!, y)), b!)), b!.dims),
  ],
};

/**
 * y = aᵇ:  ∂a = dy·b·aᵇ⁻¹, which is 0 where b = 0;  ∂b = dy·y·ln a, which is 0 where a = 0. Both as in PyTorch, which
 * differs only in ∂b at a = 0, b < 0 (−∞ there).
 */
export const Pow: Op = {
  infer(call) {
    const [a, b] = [need(call, 0), need(call, 1)];
    return [{ dtype: a.dtype, dims: broadcastDims(a.dims, b.dims) }];
  },
  fold: pointwise(([a, b]) => {
    if (typeof a === typeof b && b >= 0) return a ** b;
    const power = Number(a) ** Number(b);
    // a 64-bit integer in, a 64-bit integer out
    return typeof a === 'bigint' ? (BigInt(Math.trunc(power)) as unknown as number) : power;
  }),
  gradient({ dy, inputs, outputs: [y] }): Gradient[] {
    const [a, exponent] = inputs as [Var, Var];
    const b = cast(exponent, a.dtype);
    const known = constantOf(exponent);
    if (known === 0) return [];
    return [
      () => sumTo(mul(dy, known === undefined ? slope(a, b) : powerSlope(a, y, known)), a.dims),
      isFloat(exponent.dtype)
        ? () => sumTo(mul(dy, mul(y, log(where(equal(a, 0), 1, a)))), exponent.dims)
        : undefined,
    ];
  },
};

// b·aᵇ⁻¹, for an exponent that varies
const slope = (a: Var, b: Var): Var => where(equal(b, 0), 0, mul(b, pow(a, sub(b, 1))));

/** b·aᵇ⁻¹ for one known exponent: the common ones without a power. */
function powerSlope(a: Var, y: Var, b: number): Var {
  if (b === 2) return mul(a, 2);
  if (b === 3) return mul(mul(a, a), 3);
  if (b === 0.5) return div(0.5, y);
  if (b === -1) return neg(mul(y, y));
  return mul(pow(a, b - 1), b);
}

/** The number that a constant holds everywhere. */
function constantOf({ value }: Var): number | undefined {
  const numbers = value && value.size > 0 && value.size <= 4096 ? value.toNumbers() : [];
  return numbers.length && numbers.every(number => number === numbers[0]) ? numbers[0] : undefined;
}

// y = a + b + c + …
export const Sum: Op = {
  infer: broadcast,
  fold: pointwise(items => items.reduce((a, b) => a + b)),
  gradient: ({ dy, inputs }) => inputs.map(input => () => sumTo(dy, input!.dims)),
};

// y = (a + b + c + …)/n
export const Mean: Op = {
  infer: broadcast,
  expand: ({ inputs }) => [
    div(
      (inputs as Var[]).reduce((a, b) => add(a, b)),
      inputs.length,
    ),
  ],
};

/** Ties share the gradient evenly, as in torch.maximum: half each for two. */
const extremum = (compute: (a: number, b: number) => number): Op => ({
  infer: broadcast,
  fold: pointwise(items => items.reduce(compute)),
  gradient({ dy, inputs, outputs: [y] }) {
    const all = inputs as readonly Var[];
    if (all.length === 1) return [() => dy];
    const reaches = (input: Var) => indicator(equal(input, y), y);
    // dy·[xᵢ = y] / Σⱼ [xⱼ = y]
    return all.map(input => () => {
      const share = div(
        dy,
        all.map(reaches).reduce((a, b) => add(a, b)),
      );
      return sumTo(mul(share, reaches(input)), input.dims);
    });
  },
});

export const Max = extremum((a, b) => (a > b || Number.isNaN(a) ? a : b));
export const Min = extremum((a, b) => (a < b || Number.isNaN(a) ? a : b));
