/** Gated: one path decides whether a feature is active, another how strongly, so that L1 shrinks no magnitude. */
import { add, exp, greater, indicator, mul, reduceSum, relu } from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';
import { architecture, type Architecture, type Weights } from '../architecture.ts';

/** π = p + b_gate; magnitude = relu(p·exp(r_mag) + b_mag); z = [π > 0]·magnitude. */
function paths(projected: Var, { b_gate, r_mag, b_mag }: Weights): { gate: Var; features: Var } {
  const gate = add(projected, b_gate);
  const magnitude = relu(add(mul(projected, exp(r_mag)), b_mag));
  return { gate, features: mul(magnitude, indicator(greater(gate, 0), magnitude)) };
}

/**
 * z = [p + b_gate > 0]·relu(p·exp(r_mag) + b_mag). Penalty λ·mean Σ relu(p + b_gate)·‖W_dec‖; auxiliary
 * mean ‖y − ŷ_frozen(relu(p + b_gate))‖², by which alone the gate learns what to keep.
 *
 * @param options `l1`: λ
 * @see https://arxiv.org/abs/2404.16014 equations 6 to 8
 * @example transcoder.gated({ l1: 1 }) // → gated(l1 1)
 */
export const gated = ({ l1 = 1 } = {}): Architecture =>
  architecture({
    name: 'gated',
    settings: { l1 },
    sparsity: l1,
    own: features => ({
      b_gate: { dims: [features], init: 0, scales: 'times' },
      r_mag: { dims: [features], init: 0, scales: 'not' },
      b_mag: { dims: [features], init: 0, scales: 'times' },
    }),
    features: (projected, weights) => paths(projected, weights).features,
    training(projected, { weights, norms, decode, error, detach }) {
      const { gate, features } = paths(projected, weights);
      const open = relu(gate);
      return {
        features,
        pre: gate,
        penalty: mul(reduceSum(norms ? mul(open, norms) : open), 1 / projected.dims[0]),
        auxiliary: error(decode(open, detach(weights))),
      };
    },
  });
