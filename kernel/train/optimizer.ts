/**
 * Optimizers as pieces of graph. All parameters lie in one flat vector, and so does each moment: a step is a dozen
 * large nodes instead of hundreds of tiny ones. What changes from step to step is fed as scalars.
 */
import { add, div, mul, sign, sqrt, sub } from '../engine/functions.ts';
import type { Operand } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';

export interface UpdateContext {
  /** θ, the flat vector of all parameters. */
  parameters: Var;
  /** g = ∂L/∂θ */
  gradient: Var;
  slots: Readonly<Record<string, Var>>;
  /** η, the learning rate of this step: one number, or as long as θ where groups have rates of their own. */
  rate: Var;
  scalars: Readonly<Record<string, Var>>;
  /** λ, the weight decay: one number, or as long as θ where not all is decayed alike; undefined where nothing is. */
  decay?: Operand;
}

export interface Optimizer {
  readonly lr: number;
  /** λ of the parameters that are decayed: matrices and kernels, not biases and gains. */
  readonly decay: number;
  /** Vectors as long as θ that it keeps from step to step, zero at first. */
  readonly slots: readonly string[];
  /** What step t = 1, 2, … needs beside the rate. */
  scalars(t: number): Readonly<Record<string, number>>;
  update(context: UpdateContext): { parameters: Var; slots: Readonly<Record<string, Var>> };
  toString(): string;
}

const text = (name: string, options: object) =>
  `${name}(${Object.entries(options)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ')})`;

/** θ·(1 − ηλ): decay that pulls at the weights themselves and does not pass through the moments. */
const shrunk = ({ parameters, rate, decay }: UpdateContext): Var =>
  decay === undefined ? parameters : mul(parameters, sub(1, mul(rate, decay)));

export interface SgdOptions {
  lr?: number;
  /** μ, what is kept of the velocity. */
  momentum?: number;
  /** Look ahead: the gradient counts once more, as if taken where the velocity leads. */
  nesterov?: boolean;
  /** λ of the penalty ½λ‖θ‖², which is part of the gradient. */
  decay?: number;
}

/**
 * Stochastic gradient descent, with PyTorch's conventions.
 *
 * ĝ = g + λθ,  v′ = μv + ĝ,  θ′ = θ − η·v′, or θ − η·(ĝ + μv′) with `nesterov`
 * @see https://proceedings.mlr.press/v28/sutskever13.html for both momenta
 * @example await fit(net, data, { loss: mse({ output: 'y' }), optimizer: sgd({ lr: 0.1 }), steps: 100 })
 */
export function sgd({ lr = 1e-2, momentum = 0, nesterov = false, decay = 0 }: SgdOptions = {}): Optimizer {
  return {
    lr,
    decay,
    slots: momentum ? ['velocity'] : [],
    scalars: () => ({}),
    update({ parameters, gradient, slots, rate, decay }) {
      const slope = decay === undefined ? gradient : add(gradient, mul(parameters, decay));
      const velocity = momentum ? add(mul(slots.velocity, momentum), slope) : slope;
      const direction = nesterov && momentum ? add(slope, mul(velocity, momentum)) : velocity;
      const kept: Record<string, Var> = momentum ? { velocity } : {};
      return { parameters: sub(parameters, mul(direction, rate)), slots: kept };
    },
    toString: () => text('sgd', { lr, momentum, ...(nesterov && { nesterov }), decay }),
  };
}

/**
 * `sgd` with a momentum of 0.9.
 * @example momentum({ lr: 0.05, nesterov: true })
 */
export const momentum = (options: SgdOptions = {}): Optimizer => sgd({ momentum: 0.9, ...options });

export interface AdamOptions {
  lr?: number;
  beta1?: number;
  beta2?: number;
  epsilon?: number;
}

/**
 * m′ = β₁m + (1 − β₁)g,  v′ = β₂v + (1 − β₂)g²
 * θ′ = θ − η·(m̂ / (√v̂ + ε) + λθ),  m̂ = m′/(1 − β₁ᵗ),  v̂ = v′/(1 − β₂ᵗ)
 *
 * Each pass over vectors as long as θ costs time, so numbers are taken out of them. The slots hold M = m/(1 − β₁) and
 * V = v/(1 − β₂), which need no factor before g and g², and the corrections become two scalars (Kingma & Ba, end of
 * section 2):
 * M′ = β₁M + g,  V′ = β₂V + g²,  m̂ / (√v̂ + ε) = κ·M′ / (√V′ + ε̂)
 * κ = (1 − β₁)/(1 − β₁ᵗ) · √((1 − β₂ᵗ)/(1 − β₂)),  ε̂ = ε·√((1 − β₂ᵗ)/(1 − β₂))
 * @see https://arxiv.org/abs/1412.6980 and, for the decay, https://arxiv.org/abs/1711.05101
 * @example adamW({ lr: 3e-4, decay: 0.1 })
 */
export function adamW({
  lr = 1e-3,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  decay = 1e-2,
}: AdamOptions & { decay?: number } = {}): Optimizer {
  return {
    lr,
    decay,
    slots: ['mean', 'variance'],
    scalars(t) {
      const correction = Math.sqrt((1 - beta2 ** t) / (1 - beta2));
      return { kappa: ((1 - beta1) / (1 - beta1 ** t)) * correction, epsilon: epsilon * correction };
    },
    update(context) {
      const { gradient, slots, rate, scalars } = context;
      const mean = add(mul(slots.mean, beta1), gradient);
      const variance = add(mul(slots.variance, beta2), mul(gradient, gradient));
      const step = mul(div(mean, add(sqrt(variance), scalars.epsilon)), mul(rate, scalars.kappa));
      return { parameters: sub(shrunk(context), step), slots: { mean, variance } };
    },
    toString: () => text('adamW', { lr, beta1, beta2, epsilon, decay }),
  };
}

/**
 * AdamW without weight decay.
 * @example adam({ lr: 1e-3 })
 */
export const adam = (options: AdamOptions = {}): Optimizer => adamW({ ...options, decay: 0 });

/**
 * One moment, and of the step only its sign: wants a rate 3 to 10 times below Adam's and as much more decay.
 *
 * c = β₁m + (1 − β₁)g,  θ′ = θ − η·(sign c + λθ),  m′ = β₂m + (1 − β₂)g
 *
 * The slot holds M = m/(1 − β₂), as in `adamW`: M′ = β₂M + g, and c has the sign of M·β₁(1 − β₂)/(1 − β₁) + g.
 * @see https://arxiv.org/abs/2302.06675 algorithm 2
 * @example lion({ lr: 1e-4, decay: 0.1 })
 */
export function lion({ lr = 1e-4, beta1 = 0.9, beta2 = 0.99, decay = 1e-1 } = {}): Optimizer {
  return {
    lr,
    decay,
    slots: ['mean'],
    scalars: () => ({}),
    update(context) {
      const { gradient, slots, rate } = context;
      const course = add(mul(slots.mean, (beta1 * (1 - beta2)) / (1 - beta1)), gradient);
      const mean = add(mul(slots.mean, beta2), gradient);
      return { parameters: sub(shrunk(context), mul(sign(course), rate)), slots: { mean } };
    },
    toString: () => text('lion', { lr, beta1, beta2, decay }),
  };
}
