/** BatchTopK: the k·N largest pre-activations of a batch of N rows, so that rows differ in how many they get. */
import { add, greater, indicator, mul, relu, sub } from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';
import { architecture, type Architecture, type OwnWeight, type Weights } from '../architecture.ts';
import { batchTopK as gate } from '../gates.ts';
import { bias } from './relu.ts';

/** What the threshold keeps of itself at each step. */
const KEEPS = 0.99;

export const thresholded = (features: number): Record<string, OwnWeight> => ({
  ...bias(features),
  threshold: { dims: [1], init: 0, scales: 'times', measured: true },
});

/** In use, rows stand alone: z = p·[p > θ], θ the mean over training of the least value that was let through. */
export function aboveThreshold(projected: Var, { b_enc, threshold }: Weights): Var {
  const positive = relu(add(projected, b_enc));
  return mul(positive, indicator(greater(positive, threshold), positive));
}

/** θ′ = κθ + (1 − κ)·least */
export const movedThreshold = (threshold: Var, least: Var): Var =>
  add(threshold, mul(sub(least, threshold), 1 - KEEPS));

/**
 * z = relu(p + b_enc) at the k·N largest places of the batch, 0 elsewhere; in use above a threshold, which training
 * measures: L0 is k on average.
 *
 * @see https://arxiv.org/abs/2412.06410
 * @example transcoder.batchTopK({ k: 16 }) // → batchTopK(k 16)
 */
export const batchTopK = ({ k = 32 } = {}): Architecture =>
  architecture({
    name: 'batchTopK',
    settings: { k },
    sparsity: 0,
    own: thresholded,
    features: aboveThreshold,
    training(projected, { weights }) {
      const pre = add(projected, weights.b_enc);
      const { features, least } = gate(pre, k);
      return { features, pre, state: { threshold: movedThreshold(weights.threshold, least) } };
    },
  });
