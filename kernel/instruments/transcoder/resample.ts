/** Resampling of dead features, between two steps: `revive.ts` says what it is. */
import type { Rng } from '../../base/rng.ts';
import type { Parameter } from '../../train/parameters.ts';
import { normOf } from './coder.ts';

/** How strongly a new feature reads, as a share of the mean norm of the living. */
const SHARE = 0.2;

export interface ResampleOptions {
  /** Which features are dead. */
  dead: readonly number[];
  features: number;
  trained: readonly Parameter[];
  /** θ. */
  theta: Float32Array;
  /** The optimizer's vectors, as long as θ. */
  slots: readonly Float32Array[];
  /** Rows of the coder's input, without its centre, and of what is missing: y − ŷ. */
  centred: Float32Array;
  residual: Float32Array;
  rows: number;
  random: Rng;
}

/** Gives dead features new weights, in place. */
export function resample(options: ResampleOptions): void {
  const { dead, features, trained, theta, slots, centred, residual, rows, random } = options;
  const [dIn, dOut] = [centred.length / rows, residual.length / rows];
  const at = Object.fromEntries(trained.map(parameter => [parameter.name, parameter]));
  const encoder = at.W_enc.offset;
  const column = (i: number) =>
    Float32Array.from({ length: dIn }, (_, j) => theta[encoder + j * features + i]);
  const isDead = new Set(dead);
  const living = Array.from({ length: features }, (_, i) => i).filter(i => !isDead.has(i));
  const strength = living.length
    ? (SHARE * living.reduce((sum, i) => sum + normOf(column(i)), 0)) / living.length
    : SHARE;
  // p ∝ (‖y − ŷ‖²)²
  const losses = Array.from(
    { length: rows },
    (_, row) => normOf(residual.subarray(row * dOut, (row + 1) * dOut)) ** 4,
  );

  for (const i of dead) {
    const row = drawn(losses, random);
    const [x, missing] = [
      centred.subarray(row * dIn, (row + 1) * dIn),
      residual.subarray(row * dOut, (row + 1) * dOut),
    ];
    const [xNorm, missingNorm] = [normOf(x) || 1, normOf(missing) || 1];
    set(at.W_dec.offset + i * dOut, dOut, 1, j => missing[j] / missingNorm);
    set(encoder + i, dIn, features, j => (strength * x[j]) / xNorm);
    for (const { name, offset, dims } of trained)
      if (name.startsWith('b_') && name !== 'b_dec' && dims[0] === features && name !== 'b_in')
        set(offset + i, 1, 1, () => 0);
  }

  /** Writes `count` numbers, `stride` apart; the optimizer forgets what it knew of them. */
  function set(from: number, count: number, stride: number, value: (j: number) => number): void {
    for (let j = 0; j < count; j++) {
      theta[from + j * stride] = value(j);
      for (const slot of slots) slot[from + j * stride] = 0;
    }
  }
}

/** An index, with probability ∝ weight. */
function drawn(weights: readonly number[], random: Rng): number {
  let rest = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let i = 0; i < weights.length; i++) if ((rest -= weights[i]) < 0) return i;
  return weights.length - 1;
}
