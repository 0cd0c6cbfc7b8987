/**
 * Mix-up: the network sees weighted means of two examples, and its loss is the same mean of the losses against
 * either target. Which two, and how much of each, is drawn anew for each step and fed.
 *
 * x̃ = λx + (1 − λ)x[π],  L̃ = λL(ỹ, t) + (1 − λ)L(ỹ, t[π]),  λ ~ Beta(α, α), π a permutation of the batch
 * @see https://arxiv.org/abs/1710.09412 and, for mixing losses instead of targets, its section 4 and reference code
 */
import { isFloat } from '../base/dtype.ts';
import { NeuronbookError, ShapeError } from '../base/errors.ts';
import { rng, type Rng } from '../base/rng.ts';
import { formatDims } from '../base/shape.ts';
import { Tensor } from '../base/tensor.ts';
import { add, gather, mul, sub } from '../engine/functions.ts';
import type { Trace } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import type { Blend } from './forward.ts';

/** π, int64 [batch]. */
export const PARTNER = 'train/partner';

/** @param share λ @param count examples in the batch */
export function mixing(trace: Trace, share: Var, count: number): Blend {
  const partner = trace.input(PARTNER, 'int64', [count]);
  const blend = (x: Var, y: Var) => add(mul(x, share), mul(y, sub(1, share)));
  return {
    input(x) {
      if (!isFloat(x.dtype))
        throw new NeuronbookError(
          `mixUp: input ${x.name} is ${x.dtype}; expected floats: a mean of two indices is no index`,
        );
      if (x.dims[0] !== count)
        throw new ShapeError(
          `mixUp: input ${x.name} is ${formatDims(x.dims)}; expected ${count} examples along the first axis`,
        );
      return blend(x, gather(x, partner));
    },
    cost: (loss, context) =>
      blend(
        loss.build(context),
        loss.build({ ...context, target: (name, labels) => gather(context.target(name, labels), partner) }),
      ),
  };
}

/** λ and π of one batch. */
export function mixOf(seed: string, alpha: number, count: number): { share: number; partner: Tensor } {
  const random = rng(seed);
  const share = beta(alpha, random);
  return {
    share,
    partner: new Tensor('int64', [count], BigInt64Array.from(random.permutation(count), BigInt)),
  };
}

/** Beta(α, α) as A/(A + B) of two gamma variates, by their logarithms: both may be tiny where α is. */
export function beta(alpha: number, random: Rng): number {
  const [a, b] = [logGamma(alpha, random), logGamma(alpha, random)];
  return 1 / (1 + Math.exp(b - a));
}

/**
 * The logarithm of a Gamma(α, 1) variate: Marsaglia & Tsang's method for α + 1, times u^(1/α).
 * @see https://doi.org/10.1145/358407.358414
 */
function logGamma(alpha: number, random: Rng): number {
  const d = alpha + 1 - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random.uniform();
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v))
      return Math.log(d * v) + Math.log(1 - random.uniform()) / alpha;
  }
}
