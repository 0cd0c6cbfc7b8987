/** Activation functions as layers, and by the names that configurations give them. */
import { tensor } from '../base/tensor.ts';
import { NameError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Var } from '../engine/var.ts';
import type { Layer, Scope } from './scope.ts';

const pointwise =
  (op: string, attributes = {}) =>
  (name: string): Layer =>
  (x, scope) =>
    scope.site(name, op, [x], attributes);

/**
 * y = max(0, x)
 * @example nn.sequential(nn.linear('hidden', { features: 64 }), nn.relu('active'))
 */
export const relu = pointwise('Relu');
/**
 * y = 1 / (1 + e⁻ˣ)
 * @example nn.sequential(nn.linear('scores', { features: 3 }), nn.sigmoid('probabilities'))
 */
export const sigmoid = pointwise('Sigmoid');
/** @example nn.sequential(nn.linear('hidden', { features: 64 }), nn.tanh('active')) */
export const tanh = pointwise('Tanh');
/**
 * y = x·Φ(x), with Φ the normal distribution.
 * @see https://arxiv.org/abs/1606.08415
 * @example nn.sequential(nn.linear('hidden', { features: 64 }), nn.gelu('active'))
 */
export const gelu = pointwise('Gelu');
/**
 * gelu with Φ approximated by a tanh, as GPT-2 has it.
 * @example nn.sequential(nn.linear('hidden', { features: 64 }), nn.geluTanh('active'))
 */
export const geluTanh = pointwise('Gelu', { approximate: 'tanh' });

/** y = x·sigmoid(β·x) */
const swish =
  (beta: number) =>
  (name: string): Layer =>
  (x, scope) => {
    const scaled = beta === 1 ? x : scope.inner(name, 'Mul', [x, scope.trace.constant(tensor([beta], []))]);
    return scope.site(name, 'Mul', [x, scope.inner(name, 'Sigmoid', [scaled])]);
  };

/**
 * y = x·sigmoid(x).
 * @see https://arxiv.org/abs/1710.05941
 * @example nn.sequential(nn.linear('hidden', { features: 64 }), nn.silu('active'))
 */
export const silu = swish(1);
/**
 * y = x·sigmoid(1.702·x): gelu as CLIP approximates it.
 * @example nn.sequential(nn.linear('hidden', { features: 64 }), nn.quickGelu('active'))
 */
export const quickGelu = swish(1.702);

/** y = max(0, x)², as Primer has it. @see https://arxiv.org/abs/2109.08668 */
const squaredRelu =
  (name: string): Layer =>
  (x, scope) => {
    const positive = scope.inner(name, 'Relu', [x]);
    return scope.site(name, 'Mul', [positive, positive]);
  };

/** Activations by name: ours, and what a config.json calls them. */
const byName: Readonly<Record<string, (name: string) => Layer>> = {
  relu,
  sigmoid,
  tanh,
  gelu,
  geluTanh,
  silu,
  quickGelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_python: gelu,
  gelu_python_tanh: geluTanh,
  relu2: squaredRelu,
  leaky_relu: pointwise('LeakyRelu'),
  hardswish: pointwise('HardSwish'),
  mish: pointwise('Mish'),
  quick_gelu: quickGelu,
  swish: silu,
};

export type Activation =
  'relu' | 'sigmoid' | 'tanh' | 'gelu' | 'geluTanh' | 'silu' | 'quickGelu' | (string & {});

/**
 * f(x) as the site `name`, for the activation f that is called `kind`.
 * @example const squared: nn.Layer = (x, scope) => nn.activate(scope, 'gelu', 'active', x);
 */
export function activate(scope: Scope, kind: Activation, name: string, x: Var): Var {
  const make = Object.hasOwn(byName, kind) ? byName[kind] : undefined;
  if (!make) throw new NameError('activation', kind, nearest(kind, Object.keys(byName)));
  return make(name)(x, scope);
}
