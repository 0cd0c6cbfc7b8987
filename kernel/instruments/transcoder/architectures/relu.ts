/** ReLU with an L1 penalty: the first sparse autoencoders, and transcoders. */
import { add, mul, reduceSum, relu as rectified } from '../../../engine/functions.ts';
import { architecture, type Architecture, type OwnWeight } from '../architecture.ts';

export const bias = (features: number): Record<string, OwnWeight> => ({
  b_enc: { dims: [features], init: 0, scales: 'times' },
});

/**
 * z = relu(p + b_enc), penalty λ·mean over rows of Σᵢ zᵢ·‖W_dec,i‖.
 *
 * @param options `l1`: λ, against Σ (y − ŷ)² of rows whose expected norm is √d
 * @see https://transformer-circuits.pub/2023/monosemantic-features (training)
 * @see https://transformer-circuits.pub/2024/april-update (the norms, where they are not held at 1)
 * @example transcoder.relu({ l1: 5 }) // → relu(l1 5)
 */
export const relu = ({ l1 = 1 } = {}): Architecture =>
  architecture({
    name: 'relu',
    settings: { l1 },
    sparsity: l1,
    own: bias,
    features: (projected, { b_enc }) => rectified(add(projected, b_enc)),
    training(projected, { weights, norms }) {
      const pre = add(projected, weights.b_enc);
      const features = rectified(pre);
      const weighed = norms ? mul(features, norms) : features;
      return { features, pre, penalty: mul(reduceSum(weighed), 1 / projected.dims[0]) };
    },
  });
