/** JumpReLU: every feature has a threshold, and the penalty counts what passes it. */
import { add, exp, greater, indicator, mul, reduceSum } from '../../../engine/functions.ts';
import { architecture, type Architecture } from '../architecture.ts';
import { jump, step } from '../gates.ts';
import { bias } from './relu.ts';

/**
 * z = p·H(p − θ) with p = projected + b_enc and θ = exp(log_threshold), penalty λ·mean over rows of Σᵢ H(pᵢ − θᵢ).
 * θ learns by straight-through gradients over a band ε around it.
 *
 * @param options `l0`: λ, the price of one active feature
 * @param options `bandwidth`: ε
 * @param options `threshold`: θ at first
 * @see https://arxiv.org/abs/2407.14435 equations 3, 9, 11 and 12
 * @example transcoder.jumpRelu({ l0: 0.5 }) // → jumpRelu(l0 0.5, bandwidth 0.05, threshold 0.1)
 */
export const jumpRelu = ({ l0 = 0.5, bandwidth = 0.05, threshold = 0.1 } = {}): Architecture =>
  architecture({
    name: 'jumpRelu',
    settings: { l0, bandwidth, threshold },
    sparsity: l0,
    own: features => ({
      ...bias(features),
      log_threshold: { dims: [features], init: Math.log(threshold), scales: 'log' },
    }),
    features(projected, { b_enc, log_threshold }) {
      const pre = add(projected, b_enc);
      return mul(pre, indicator(greater(pre, exp(log_threshold)), pre));
    },
    training(projected, { weights }) {
      const pre = add(projected, weights.b_enc);
      const bound = exp(weights.log_threshold);
      const count = reduceSum(step(pre, bound, bandwidth));
      return {
        features: jump(pre, bound, bandwidth),
        pre,
        penalty: mul(count, 1 / projected.dims[0]),
      };
    },
  });
