/** Gradients of the normalizations by the input's own statistics, against finite differences. */
import { expect, test } from 'vitest';
import { apply } from '../functions.ts';
import { gradients } from '../grad.ts';
import { checkGradient, normal, second, type Case } from '../testing.ts';
import { Trace } from '../trace.ts';
import type { Attributes } from '../../onnx/graph.ts';
import type { Var } from '../var.ts';

const op =
  (name: string, attributes?: Attributes) =>
  (...inputs: Var[]): Var =>
    apply(name, inputs, attributes);
/** All outputs, so that the statistics' gradients are checked too. */
const whole =
  (name: string, outputs: number) =>
  (...inputs: Var[]): Var[] =>
    inputs[0].trace.apply(name, inputs, { epsilon: 0.1 }, { outputs });
const layer = (attributes?: Attributes) => op('LayerNormalization', attributes);
const rms = (attributes?: Attributes) => op('SimplifiedLayerNormalization', attributes);
const x = normal([2, 3, 4]);
const [s, b] = [normal([4], 's'), normal([4], 'b')];
const perChannel = [normal([3], 's'), normal([3], 'b')];

test.each<Case>([
  ['LayerNormalization', layer(), [x, s, b]],
  [
    'LayerNormalization, two axes',
    layer({ axis: 1n, epsilon: 0.1 }),
    [x, normal([3, 4], 's'), normal([3, 4], 'b')],
  ],
  ['LayerNormalization, axis 0', layer({ axis: 0n }), [normal([5]), normal([5], 's'), normal([5], 'b')]],
  ['LayerNormalization, one scale', layer(), [x, normal([1], 's'), normal([1], 'b')]],
  ['LayerNormalization, a scale that stretches', layer({ axis: -2n }), [x, s, b]],
  ['LayerNormalization, no bias', layer(), [x, s]],
  ['LayerNormalization with its statistics', whole('LayerNormalization', 3), [x, s, b]],
  ['LayerNormalization twice', second(layer()), [normal([2, 3]), ...perChannel]],
  ['SimplifiedLayerNormalization', rms(), [x, s]],
  ['SimplifiedLayerNormalization, two axes', rms({ axis: 1n, epsilon: 0.1 }), [x, normal([3, 4], 's')]],
  ['SimplifiedLayerNormalization with its statistic', whole('SimplifiedLayerNormalization', 2), [x, s]],
  ['SimplifiedLayerNormalization twice', second(rms()), [normal([2, 3]), perChannel[0]]],
  ['RMSNormalization', op('RMSNormalization', { axis: -1n }), [x, s]],
  ['InstanceNormalization', op('InstanceNormalization'), [normal([2, 3, 2, 3]), ...perChannel]],
  [
    'InstanceNormalization of a line',
    op('InstanceNormalization', { epsilon: 0.5 }),
    [normal([2, 3, 4]), ...perChannel],
  ],
  ['InstanceNormalization twice', second(op('InstanceNormalization')), [normal([1, 3, 3]), ...perChannel]],
  ['GroupNormalization', op('GroupNormalization', { num_groups: 2n }), [normal([2, 4, 3]), s, b]],
  [
    'GroupNormalization twice',
    second(op('GroupNormalization', { num_groups: 2n })),
    [normal([1, 4, 2]), s, b],
    // its statistics are float32 inside
    { step: 2 ** -7 },
  ],
  ['MeanVarianceNormalization', op('MeanVarianceNormalization'), [normal([2, 3, 2, 2])]],
  ['MeanVarianceNormalization of rows', op('MeanVarianceNormalization', { axes: [-1n] }), [normal([2, 4])]],
  ['LpNormalization', op('LpNormalization'), [x]],
  ['LpNormalization twice', second(op('LpNormalization')), [normal([2, 3])]],
  ['LpNormalization by absolute values', op('LpNormalization', { p: 1n, axis: 1n }), [x]],
])('%s', checkGradient);

test('a layer normalization and its gradient share one more run of the kernel', () => {
  const trace = new Trace();
  const [input, scale, bias] = [
    trace.input('x', 'float32', [2, 4]),
    trace.input('s', 'float32', [4]),
    trace.input('b', 'float32', [4]),
  ];
  const y = layer()(input, scale, bias);
  gradients(trace, y, [input, scale, bias], y);
  expect(trace.steps.map(({ node }) => node.op)).toEqual([
    'LayerNormalization',
    'LayerNormalization',
    ...['Mul', 'Mul', 'ReduceMean', 'Mul', 'ReduceMean', 'Sub', 'Sub', 'Mul'],
    ...['Mul', 'MatMul', 'MatMul'],
  ]);
});
