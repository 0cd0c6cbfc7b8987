/**
 * Optimizers as pieces of graph. All parameters lie in one flat vector, and so does each moment: a step is a dozen
 * large nodes instead of hundreds of tiny ones. What changes from step to step is fed as scalars.
 */
import { add, div, mul, sqrt, sub } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';

export interface UpdateContext {
  /** θ, the flat vector of all parameters. */
  parameters: Var;
  /** ∂L/∂θ */
  gradient: Var;
  slots: Readonly<Record<string, Var>>;
  /** The learning rate of this step. */
  rate: Var;
  scalars: Readonly<Record<string, Var>>;
  /** Zero where a parameter is not decayed (biases and other vectors). */
  decayed(x: Var): Var;
}

export interface Optimizer {
  readonly lr: number;
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

/** v′ = μv + g,  θ′ = θ − η·v′ − η·λ·θ */
export function sgd({ lr = 1e-2, momentum = 0, decay = 0 } = {}): Optimizer {
  return {
    lr,
    slots: momentum ? ['velocity'] : [],
    scalars: () => ({}),
    update({ parameters, gradient, slots, rate, decayed }) {
      const velocity = momentum ? add(mul(slots.velocity, momentum), gradient) : gradient;
      const direction = decay ? add(velocity, decayed(mul(parameters, decay))) : velocity;
      const kept: Record<string, Var> = momentum ? { velocity } : {};
      return { parameters: sub(parameters, mul(direction, rate)), slots: kept };
    },
    toString: () => text('sgd', { lr, momentum, decay }),
  };
}

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
    slots: ['mean', 'variance'],
    scalars(t) {
      const correction = Math.sqrt((1 - beta2 ** t) / (1 - beta2));
      return { kappa: ((1 - beta1) / (1 - beta1 ** t)) * correction, epsilon: epsilon * correction };
    },
    update({ parameters, gradient, slots, rate, scalars, decayed }) {
      const mean = add(mul(slots.mean, beta1), gradient);
      const variance = add(mul(slots.variance, beta2), mul(gradient, gradient));
      const step = mul(div(mean, add(sqrt(variance), scalars.epsilon)), mul(rate, scalars.kappa));
      const kept = decay ? sub(parameters, decayed(mul(parameters, mul(rate, decay)))) : parameters;
      return { parameters: sub(kept, step), slots: { mean, variance } };
    },
    toString: () => text('adamW', { lr, beta1, beta2, epsilon, decay }),
  };
}

/** AdamW without weight decay. */
export const adam = (options: AdamOptions = {}): Optimizer => adamW({ ...options, decay: 0 });
