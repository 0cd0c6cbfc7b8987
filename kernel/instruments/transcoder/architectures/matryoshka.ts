/** Matryoshka: the first features have to do on their own, so that they stay general. */
import { NeuronbookError } from '../../../base/errors.ts';
import { tensor } from '../../../base/tensor.ts';
import { add, constant, mul } from '../../../engine/functions.ts';
import { architecture, type Architecture } from '../architecture.ts';
import { batchTopK as gate } from '../gates.ts';
import { aboveThreshold, movedThreshold, thresholded } from './batch-top-k.ts';

/**
 * BatchTopK whose error is Σ over prefixes m of ‖y − ŷ(z₁ … z_m)‖²: each prefix of the dictionary reconstructs alone.
 *
 * @param options `prefixes`: features in each, rising; all of them are added as the last where they are not named
 * @see https://arxiv.org/abs/2503.17547 equation 5
 * @example transcoder.matryoshka({ k: 16, prefixes: [32, 128] }) // → matryoshka(k 16, prefixes 32+128)
 */
export const matryoshka = ({
  k = 32,
  prefixes,
}: {
  k?: number;
  prefixes?: readonly number[];
} = {}): Architecture => {
  if (prefixes?.some((size, i) => !(Number.isInteger(size) && size > (prefixes[i - 1] ?? 0))))
    throw new NeuronbookError(`prefixes: ${prefixes.join(', ')}; expected whole numbers from 1, rising`);
  return architecture({
    name: 'matryoshka',
    settings: { k, prefixes },
    sparsity: 0,
    own: thresholded,
    features: aboveThreshold,
    training(projected, { weights, decode, error }) {
      const pre = add(projected, weights.b_enc);
      const { features, least } = gate(pre, k);
      const count = pre.dims[1];
      const nested = (prefixes ?? [4, 2].map(part => Math.ceil(count / part))).filter(size => size < count);
      const parts = nested.map(size => {
        const mask = Float32Array.from({ length: count }, (_, i) => +(i < size));
        return error(decode(mul(features, constant(pre.trace, tensor(mask)))));
      });
      return {
        features,
        pre,
        error: [...parts, error(decode(features))].reduce((sum, part) => add(sum, part)),
        state: { threshold: movedThreshold(weights.threshold, least) },
      };
    },
  });
};
