/** TopK: the k largest pre-activations of each row. */
import { add } from '../../../engine/functions.ts';
import { architecture, type Architecture } from '../architecture.ts';
import { fewOf, rowTopK, spread } from '../gates.ts';
import { bias } from './relu.ts';

/**
 * z = relu(p + b_enc) at the k largest places of each row, 0 elsewhere: L0 is at most k.
 *
 * @see https://arxiv.org/abs/2406.04093 equation 3
 * @example transcoder.topK({ k: 16 }) // → topK(k 16)
 */
export const topK = ({ k = 32 } = {}): Architecture =>
  architecture({
    name: 'topK',
    settings: { k },
    sparsity: 0,
    own: bias,
    features: (projected, { b_enc }) => rowTopK(add(projected, b_enc), k),
    training(projected, { weights }) {
      const pre = add(projected, weights.b_enc);
      const few = fewOf(pre, k);
      return { features: spread(pre, few), few, pre };
    },
  });
