/**
 * What is done about dead features: those that have not been active for a long time get no gradient and would stay so.
 * Two of the remedies are terms of the loss, one moves weights between steps.
 */
import { add, div, exp, full, mul, reduceSum, sqrt, sub } from '../../engine/functions.ts';
import type { Var } from '../../engine/var.ts';
import { described } from './architecture.ts';
import { detached, rowTopK } from './gates.ts';

export interface RevivalContext {
  /** Pre-activations, N×F. */
  readonly pre: Var;
  /** 1 for each dead feature, 0 for the others; F. */
  readonly dead: Var;
  /** y − ŷ, detached, N×outputs. */
  readonly residual: Var;
  /** The mean over rows of Σ (y − ŷ)², detached. */
  readonly error: Var;
  /** z·W_dec, without the bias. */
  write(z: Var): Var;
  readonly rows: number;
}

export interface Revival {
  /** A term of the loss, for steps at which some feature is dead. */
  loss?(context: RevivalContext): Var;
  /** Give dead features new weights after every so many steps. */
  readonly every?: number;
  toString(): string;
}

/**
 * Dead features explain what the living leave: α·s·mean ‖e − ê‖², where e = y − ŷ and ê is decoded from the k dead
 * features with the largest pre-activations; s = min(1, dead/k), so that a few are not torn about.
 *
 * @param options `k`: half as many as there are output channels where left out
 * @see https://arxiv.org/abs/2406.04093 appendix A.2 and B.1
 * @example transcoder.auxiliary({ coefficient: 1 / 32 }) // → auxiliary(coefficient 0.03125)
 */
export const auxiliary = ({
  k,
  coefficient = 1 / 32,
}: { k?: number; coefficient?: number } = {}): Revival => ({
  loss({ pre, dead, residual, write, rows }) {
    const [, count] = pre.dims;
    const most = Math.min(count, k ?? Math.max(1, Math.floor(residual.dims[1] / 2)));
    // the living are out of the running
    const running = sub(mul(pre, dead), mul(sub(1, dead), 1e30));
    const off = sub(residual, write(rowTopK(running, most)));
    const share = mul(reduceSum(dead), 1 / most);
    const scale = div(share, greatest(share));
    return mul(mul(reduceSum(mul(off, off)), scale), coefficient / rows);
  },
  toString: () => described('auxiliary', { k, coefficient }),
});

/** max(x, 1), detached */
const greatest = (x: Var): Var => detached(x.trace.apply('Max', [x, full(x.trace, x.dims, 1)])[0]);

/**
 * Ghost gradients: dead features, with exp in place of their activation, explain half of what the living leave. Both
 * the output and the loss are scaled to the size of what they stand beside, as if these scales were constants:
 * ê = exp(p)·W_dec·‖e‖/(2‖·‖), and L = ‖e − ê‖²·[error/‖e − ê‖²].
 *
 * @see https://transformer-circuits.pub/2024/jan-update (ghost grads)
 * @example transcoder.ghosts() // → ghosts()
 */
export const ghosts = (): Revival => ({
  loss({ pre, dead, residual, error, write, rows }) {
    const written = write(mul(exp(mul(pre, dead)), dead));
    const norm = (x: Var) => sqrt(reduceSum(mul(x, x), [1], true));
    const scale = detached(div(norm(residual), add(mul(norm(written), 2), 1e-6)));
    const off = sub(residual, mul(written, scale));
    const loss = mul(reduceSum(mul(off, off)), 1 / rows);
    return mul(loss, detached(div(error, add(loss, 1e-6))));
  },
  toString: () => described('ghosts', {}),
});

/**
 * Resampling: after every `every` steps, each dead feature is given to a row that is reconstructed badly, drawn with
 * probability ∝ (its squared error)². Its decoder row becomes the direction of what is missing there, its encoder column
 * that of the input at a fifth of the mean norm of the living; the optimizer forgets what it knew of it.
 *
 * @see https://transformer-circuits.pub/2023/monosemantic-features (neuron resampling)
 * @example transcoder.resampling({ every: 2500 }) // → resampling(every 2500)
 */
export const resampling = ({ every = 2500 } = {}): Revival => ({
  every,
  toString: () => described('resampling', { every }),
});
