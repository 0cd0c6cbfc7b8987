/**
 * Rules of relevance propagation for layers with weights: how the relevance R of a layer's outputs z = w·x + b is
 * shared among its inputs. All are one form: products of a changed input with changed weights, each normalised.
 *
 *   R_x = x′ · ∂z′/∂x′ᵀ (R / z′),   z′ = w′·x′ + b′
 *
 * Denominators are kept away from zero by 10⁻⁶ of their own sign.
 * @see https://doi.org/10.1007/978-3-030-28954-6_10 (Montavon et al. 2019, "Layer-Wise Relevance Propagation: An
 *   Overview": rules and where to use them)
 */
import { NeuronbookError, ShapeError } from '../../../base/errors.ts';
import { formatDims } from '../../../base/shape.ts';
import { tensor, type TensorLike } from '../../../base/tensor.ts';
import {
  add,
  constant,
  div,
  expand,
  full,
  greater,
  indicator,
  less,
  mul,
  relu,
  reshape,
  sub,
  where,
  neg,
} from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';

/** A layer with weights, as a rule sees it. */
export interface WeightedLayer {
  readonly op: string;
  readonly site: string;
  readonly x: Var;
  /** What the layer computes: w·x + b. */
  readonly z: Var;
  readonly weight: Var;
  /** Of dims that broadcast to z. */
  readonly bias?: Var;
  /** w′·x′, without a bias. */
  product(x: Var, weight: Var): Var;
  /** ∂⟨g, w′·x⟩/∂x, of x's dims: the same for every x. */
  pull(g: Var, weight: Var): Var;
  /** Notes what a bias takes: b′·g of a term whose relevance is x′·pull(g). */
  absorb(bias: Var | undefined, g: Var): void;
}

/** How relevance passes a layer with weights. It prints itself. */
export interface Rule {
  readonly text: string;
  /** The relevance of x from the relevance of z; both of their value's dims. */
  relevance(layer: WeightedLayer, relevance: Var): Var;
}

/** How small a denominator may be. */
const smallest = 1e-6;

/** z + ε·sign(z), with sign(0) = 1. */
export const stabilized = (z: Var, epsilon = smallest): Var =>
  where(less(z, 0), sub(z, epsilon), add(z, epsilon));

const positive = relu;
/** min(v, 0) = −max(−v, 0) */
const negative = (v: Var): Var => neg(relu(neg(v)));

const maybe = (bias: Var | undefined, map: (bias: Var) => Var): Var | undefined => bias && map(bias);
const plus = (z: Var, bias: Var | undefined): Var => (bias ? add(z, bias) : z);

/** x′·pull(g), its bias's share noted. */
function share(layer: WeightedLayer, g: Var, x: Var, weight: Var, bias?: Var): Var {
  layer.absorb(bias, g);
  return mul(x, layer.pull(g, weight));
}

function checked(name: string, value: number, least: number): number {
  if (!Number.isFinite(value) || value < least)
    throw new NeuronbookError(`${name}: ${value}; expected a number from ${least}`);
  return value;
}

/**
 * LRP-ε: R_x = x·wᵀ(R / (z + ε·sign z)). In proportion to contributions, weak ones damped as ε grows; a bias takes its
 * share.
 * @param epsilon 0 is LRP-0
 * @see https://doi.org/10.1371/journal.pone.0130140 (Bach et al. 2015, equation 58)
 * @example await attribution.lrp(model, { image }, { of: pick('logits', [0, 3]), rules: attribution.epsilon(0.1) })
 */
export function epsilon(epsilon = smallest): Rule {
  checked('epsilon', epsilon, 0);
  return {
    text: `epsilon(${epsilon})`,
    relevance: (layer, r) =>
      share(layer, div(r, stabilized(layer.z, epsilon)), layer.x, layer.weight, layer.bias),
  };
}

/** A pair of products that have one sign together: x⁺·w⁺ + x⁻·w⁻ is positive, x⁺·w⁻ + x⁻·w⁺ negative. */
function signed(
  layer: WeightedLayer,
  sign: 'positive' | 'negative',
  amplify: (part: Var, whole: Var) => Var,
  r: (z: Var) => Var,
): Var {
  const { x, weight, bias } = layer;
  const [of, other] = sign === 'positive' ? [positive, negative] : [negative, positive];
  const [up, down] = [positive(x), negative(x)];
  const [first, second] = [amplify(of(weight), weight), amplify(other(weight), weight)];
  const shift = maybe(bias, b => amplify(of(b), b));
  const z = plus(add(layer.product(up, first), layer.product(down, second)), shift);
  const g = r(z);
  return add(share(layer, g, up, first, shift), share(layer, g, down, second));
}

const alone = (part: Var): Var => part;

/**
 * z⁺: only what raises z counts, x⁺·w⁺ + x⁻·w⁻ + b⁺. Conserves relevance where there is no bias.
 * @param options `bias`: `positive` (as zennit) takes max(b, 0) into the denominator, `kept` all of b, `none` nothing;
 *   `inputs`: `signed`, or `plain` for x·w⁺ whatever the sign of x. Captum's Alpha1_Beta0_Rule is
 *   `{ inputs: 'plain', bias: 'kept' }`; behind ReLUs both say the same
 * @see https://doi.org/10.1016/j.patcog.2016.11.008 (Montavon et al. 2017, deep Taylor decomposition)
 * @example await attribution.lrp(model, { image }, { of: pick('logits', [0, 3]), rules: attribution.zplus() })
 */
export function zplus({
  bias = 'positive',
  inputs = 'signed',
}: { bias?: 'positive' | 'kept' | 'none'; inputs?: 'signed' | 'plain' } = {}): Rule {
  const words = [inputs === 'plain' && 'plain inputs', bias !== 'positive' && `bias ${bias}`].filter(Boolean);
  const shiftOf = (b: Var | undefined) =>
    bias === 'none' ? undefined : bias === 'kept' ? b : maybe(b, positive);
  return {
    text: words.length ? `zplus(${words.join(', ')})` : 'zplus',
    relevance(layer, r) {
      const { x, weight } = layer;
      const shift = shiftOf(layer.bias);
      const [up, first] = [inputs === 'plain' ? x : positive(x), positive(weight)];
      const lifted = layer.product(up, first);
      if (inputs === 'plain') return share(layer, div(r, stabilized(plus(lifted, shift))), x, first, shift);
      const [down, second] = [negative(x), negative(weight)];
      const g = div(r, stabilized(plus(add(lifted, layer.product(down, second)), shift)));
      return add(share(layer, g, up, first, shift), share(layer, g, down, second));
    },
  };
}

/**
 * αβ: what raises z and what lowers it apart, α times the one minus β times the other.
 * @param beta α − 1; 0 is z⁺
 * @throws NeuronbookError unless α − β = 1
 * @see https://doi.org/10.1371/journal.pone.0130140 (Bach et al. 2015, equation 60)
 * @example await attribution.lrp(model, { image }, { of: pick('logits', [0, 3]), rules: attribution.alphaBeta(2) })
 */
export function alphaBeta(alpha = 2, beta = alpha - 1): Rule {
  checked('alpha', alpha, 1);
  if (Math.abs(alpha - beta - 1) > 1e-9)
    throw new NeuronbookError(
      `alpha ${alpha} and beta ${beta}; expected alpha − beta = 1, so that relevance is kept`,
    );
  return {
    text: `alphaBeta(${alpha}, ${beta})`,
    relevance(layer, r) {
      const up = signed(layer, 'positive', alone, z => mul(div(r, stabilized(z)), alpha));
      if (beta === 0) return up;
      return add(
        up,
        signed(layer, 'negative', alone, z => mul(div(r, stabilized(z)), -beta)),
      );
    },
  };
}

/**
 * γ: contributions that have z's own sign count 1 + γ times. Between ε (γ = 0) and z⁺ (γ → ∞).
 * @see https://doi.org/10.1007/978-3-030-28954-6_10 (Montavon et al. 2019, equation 10.4); for inputs of both signs as
 *   https://arxiv.org/abs/2106.02962 (Andéol et al. 2021) and zennit have it
 * @example await attribution.lrp(model, { image }, { of: pick('logits', [0, 3]), rules: attribution.gamma(0.25) })
 */
export function gamma(gamma = 0.25): Rule {
  checked('gamma', gamma, 0);
  const amplified = (part: Var, whole: Var) => add(whole, mul(part, gamma));
  return {
    text: `gamma(${gamma})`,
    relevance(layer, r) {
      const of = (z: Var, holds: Var) => mul(div(r, stabilized(z)), indicator(holds, r));
      return add(
        signed(layer, 'positive', amplified, z => of(z, greater(layer.z, 0))),
        signed(layer, 'negative', amplified, z => of(z, less(layer.z, 0))),
      );
    },
  };
}

/**
 * z^B, for a first layer whose inputs lie between two bounds, as pixels do: (x·w − low·w⁺ − high·w⁻), normalised.
 * Biases drop out.
 * @param low the least an input can be: a number, or what broadcasts to the input, e.g. [1, 3, 1, 1]
 * @param high the most
 * @throws ShapeError where a bound does not broadcast to the layer's input
 * @see https://doi.org/10.1016/j.patcog.2016.11.008 (Montavon et al. 2017)
 * @example
 * await attribution.lrp(model, { image }, {
 *   of: pick('logits', [0, 3]),
 *   rules: attribution.composite(['first', attribution.box(-1, 1)], attribution.zplus()),
 * })
 */
export function box(low: TensorLike, high: TensorLike): Rule {
  const bound = (given: TensorLike, x: Var): Var => {
    const value = tensor(given).cast('float32');
    try {
      return expand(constant(x.trace, value), x.dims);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      throw new ShapeError(
        `a bound of ${formatDims(value.dims)}; expected a number, or what broadcasts to ${formatDims(x.dims)}`,
        { cause: error },
      );
    }
  };
  const shown = (given: TensorLike) => (typeof given === 'number' ? given : formatDims(tensor(given).dims));
  return {
    text: `box(${shown(low)}, ${shown(high)})`,
    relevance(layer, r) {
      const { x, weight } = layer;
      const terms = [
        [x, weight],
        [bound(low, x), positive(weight)],
        [bound(high, x), negative(weight)],
      ] as const;
      const [whole, lows, highs] = terms.map(([input, w]) => layer.product(input, w));
      const g = div(r, stabilized(sub(sub(whole, lows), highs)));
      const [own, least, most] = terms.map(([input, w]) => share(layer, g, input, w));
      return sub(sub(own, least), most);
    },
  };
}

/** Shared among the inputs by weights alone, whatever their values. */
const byWeights = (text: string, weigh: (weight: Var) => Var, shift?: (bias: Var) => Var): Rule => ({
  text,
  relevance(layer, r) {
    const ones = full(layer.x.trace, layer.x.dims, 1);
    const weight = weigh(layer.weight);
    const bias = shift && maybe(layer.bias, shift);
    const g = div(r, stabilized(plus(layer.product(ones, weight), bias)));
    layer.absorb(bias, g);
    return layer.pull(g, weight);
  },
});

/**
 * Flat: every input that a unit reads gets the same share. For a first layer, where only the place matters.
 * @see https://doi.org/10.1038/s41467-019-08987-4 (Lapuschkin et al. 2019)
 * @example
 * await attribution.lrp(model, { image }, {
 *   of: pick('logits', [0, 3]),
 *   rules: attribution.composite(['first', attribution.flat()], attribution.epsilon()),
 * })
 */
export const flat = (): Rule => byWeights('flat', weight => full(weight.trace, weight.dims, 1));

/**
 * w²: shared by squared weights, for a first layer whose inputs have no bounds.
 * @see https://doi.org/10.1016/j.patcog.2016.11.008 (Montavon et al. 2017)
 * @example
 * await attribution.lrp(model, { image }, {
 *   of: pick('logits', [0, 3]),
 *   rules: attribution.composite(['first', attribution.wSquare()], attribution.epsilon()),
 * })
 */
export const wSquare = (): Rule =>
  byWeights(
    'wSquare',
    w => mul(w, w),
    b => mul(b, b),
  );

/** A per-channel vector shaped to broadcast along an axis of a value. */
export const alongAxis = (vector: Var, rank: number, axis: number): Var =>
  reshape(
    vector,
    Array.from({ length: rank }, (_, i) => (i === axis ? vector.dims[0] : 1)),
  );
