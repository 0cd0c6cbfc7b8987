/** Gradients of the nonlinearities against finite differences. Corners are stated, each with PyTorch's slope. */
import { test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import { apply, relu, sigmoid, tanh } from '../functions.ts';
import { checkGradient, checkSlope, normal, second, type Case } from '../testing.ts';
import type { Var } from '../var.ts';

const x = normal([3, 4]);
const op =
  (name: string, attributes = {}) =>
  (value: Var) =>
    apply(name, [value], attributes);
const clip = (low?: number, high?: number) => (value: Var) =>
  apply('Clip', [
    value,
    ...[low, high].map(bound => (bound === undefined ? undefined : constant(value, bound))),
  ]);
const constant = (like: Var, value: number) => like.trace.constant(tensor([value], [], like.dtype));

test.each<Case>([
  ['Relu', relu, [x]],
  ['Sigmoid', sigmoid, [x]],
  ['Sigmoid twice', second(sigmoid), [x]],
  ['Tanh', tanh, [x]],
  ['Tanh twice', second(tanh), [x]],
  ['LeakyRelu', op('LeakyRelu'), [x]],
  ['LeakyRelu alpha 0.3', op('LeakyRelu', { alpha: 0.3 }), [x]],
  ['Elu', op('Elu'), [x]],
  ['Elu alpha 0.5, twice', second(op('Elu', { alpha: 0.5 })), [x]],
  ['Selu', op('Selu'), [x]],
  [
    'PRelu with a slope per channel',
    (v, s) => apply('PRelu', [v, s]),
    [normal([2, 3, 4]), normal([3, 1], 's')],
    { step: 2 ** -9 },
  ],
  ['PRelu with one slope', (v, s) => apply('PRelu', [v, s]), [x, normal([1], 's')]],
  ['HardSigmoid', op('HardSigmoid', { alpha: 0.4, beta: 0.6 }), [x]],
  ['HardSwish', op('HardSwish'), [normal([20])]],
  ['Gelu', op('Gelu'), [x]],
  ['Gelu twice', second(op('Gelu')), [x]],
  ['Gelu tanh', op('Gelu', { approximate: 'tanh' }), [x]],
  ['Gelu tanh twice', second(op('Gelu', { approximate: 'tanh' })), [x]],
  ['Swish', op('Swish'), [x]],
  ['Swish alpha 1.7, twice', second(op('Swish', { alpha: 1.7 })), [x]],
  ['Mish', op('Mish'), [x]],
  ['Mish twice', second(op('Mish')), [x]],
  ['Celu', op('Celu'), [x]],
  ['Celu alpha 0.5, twice', second(op('Celu', { alpha: 0.5 })), [x]],
  ['ThresholdedRelu', op('ThresholdedRelu', { alpha: 0.3 }), [x]],
  ['Shrink', op('Shrink', { lambd: 0.4, bias: 0.1 }), [x]],
  ['Clip', clip(-0.5, 0.5), [x]],
  ['Clip from below', clip(-0.5), [x]],
  ['Clip from above', clip(undefined, 0.5), [x]],
  ['Clip without bounds', clip(), [x]],
  ['Clip between bounds that vary', (v, a, b) => apply('Clip', [v, a, b]), [x, tensor(-0.5), tensor(0.5)]],
])('%s', checkGradient);

test.each<[string, (x: Var) => Var, number, number]>([
  ['Relu at 0', relu, 0, 0],
  ['LeakyRelu at 0', op('LeakyRelu', { alpha: 0.3 }), 0, 0.3],
  ['Elu at 0', op('Elu', { alpha: 0.5 }), 0, 0.5],
  ['Selu at 0', op('Selu'), 0, 1.7580993408473766],
  ['PRelu at 0', v => apply('PRelu', [v, constant(v, 0.3)]), 0, 0.3],
  ['HardSwish at its upper corner', op('HardSwish'), 3, 1],
  ['HardSwish at its lower corner', op('HardSwish'), -3, 0],
  ['Celu at 0', op('Celu', { alpha: 0.5 }), 0, 1],
  ['ThresholdedRelu at its corner', op('ThresholdedRelu', { alpha: 0.25 }), 0.25, 0],
  ['Shrink at its corner', op('Shrink', { lambd: 0.5 }), -0.5, 0],
  ['Clip at its lower bound', clip(-0.5, 0.5), -0.5, 1],
  ['Clip at its upper bound', clip(-0.5, 0.5), 0.5, 1],
  ['HardSigmoid at its upper bound', op('HardSigmoid', { alpha: 0.5, beta: 0.5 }), 1, 0],
])('%s', checkSlope);
