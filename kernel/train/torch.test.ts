/** Twenty steps of `fit` end where PyTorch's optimizers end. The fixture is made by fixtures/torch.py. */
import { expect, test } from 'vitest';
import { tensor, type Tensor } from '../base/tensor.ts';
import { batchNorm, conv, flatten, linear, network, relu, sequential, type Layer } from '../nn/index.ts';
import type { Graph } from '../onnx/graph.ts';
import { fit, type FitOptions } from './fit.ts';
import fixture from './fixtures/torch.json' with { type: 'json' };
import { mse } from './loss.ts';
import { adam, adamW, lion, momentum, sgd } from './optimizer.ts';
import { halving } from './schedule.ts';

type Weights = Readonly<Record<string, readonly number[]>>;

/** A network of ours with PyTorch's weights; `names` maps ours to its. */
function built(layers: readonly Layer[], dims: readonly number[], start: Weights, names: Names) {
  const graph = network(sequential(...layers), { name: 'small', inputs: { x: ['batch', ...dims] } });
  const constants = new Map(graph.constants);
  for (const [ours, theirs] of Object.entries(names))
    constants.set(ours, tensor(start[theirs], graph.constants.get(ours)!.dims));
  return { ...graph, constants };
}

type Names = Readonly<Record<string, string>>;

/** The largest difference of any weight. */
const distance = (graph: Graph, weights: Weights, names: Names): number =>
  Math.max(
    ...Object.entries(names).flatMap(([ours, theirs]) =>
      graph.constants
        .get(ours)!
        .toNumbers()
        .map((value, i) => Math.abs(value - weights[theirs][i])),
    ),
  );

const shaped = (values: readonly number[], dims: readonly number[]): Tensor => tensor(values, dims);

const names = { 'a.weight': '0.weight', 'a.bias': '0.bias', 'y.weight': '2.weight', 'y.bias': '2.bias' };
const { x, target, start, ends } = fixture.perceptron;
const data = { x: shaped(x, [8, 3]), target: shaped(target, [8, 2]) };
const perceptron = () =>
  built([linear('a', { features: 4 }), relu('r'), linear('y', { features: 2 })], [3], start, names);
const train = (options: Partial<FitOptions>) =>
  fit(perceptron(), data, { loss: mse({ output: 'y' }), steps: 20, live: false, ...options });

test.each<[keyof typeof ends, Partial<FitOptions>]>([
  ['sgd', { optimizer: sgd({ lr: 0.1 }) }],
  ['sgd, decay', { optimizer: sgd({ lr: 0.1, decay: 0.1 }) }],
  ['momentum', { optimizer: momentum({ lr: 0.05 }) }],
  ['nesterov', { optimizer: momentum({ lr: 0.05, nesterov: true }) }],
  ['adam', { optimizer: adam({ lr: 0.02 }) }],
  ['adamW', { optimizer: adamW({ lr: 0.02, decay: 0.1 }) }],
  ['lion', { optimizer: lion({ lr: 0.01, decay: 0.1 }) }],
  [
    'groups',
    {
      optimizer: adamW({ lr: 0.02, decay: 0.1 }),
      groups: [
        { parameters: ['a.weight'], lr: 0.05, decay: 0.2 },
        { parameters: [/^y\.bias$/], lr: 0.001, decay: 0.3 },
      ],
    },
  ],
  ['clipped', { optimizer: sgd({ lr: 0.3 }), clip: 0.2 }],
  ['halving', { optimizer: sgd({ lr: 0.2 }), schedule: halving({ every: 6 }) }],
  ['halving', { optimizer: sgd({ lr: 0.2 }), schedule: halving({ every: 6 }), batch: 2, accumulate: 4 }],
])('%s', async (name, options) => {
  const { graph } = await train(options);
  expect(distance(graph, ends[name], names)).toBeLessThan(1e-5);
  // and none of the others is taken for it
  for (const [other, end] of Object.entries(ends))
    if (other !== name) expect(distance(graph, end, names)).toBeGreaterThan(1e-4);
});

test('the average of the weights', async () => {
  const run = await train({ optimizer: sgd({ lr: 0.1 }), ema: 0.9 });
  expect(distance(run.averaged!.graph, ends.averaged, names)).toBeLessThan(1e-5);
  expect(distance(run.graph, ends.sgd, names)).toBeLessThan(1e-5);
});

test('batch normalization: its weights and its running statistics', async () => {
  const { x, target, start, end } = fixture.normalized;
  const named = {
    ...Object.fromEntries(
      [0, 3].flatMap(i => [
        [`n${i}.weight`, `${i}.weight`],
        [`n${i}.bias`, `${i}.bias`],
        [`n${i}.mean`, `${i}.running_mean`],
        [`n${i}.variance`, `${i}.running_var`],
      ]),
    ),
    'c.weight': '2.weight',
    'c.bias': '2.bias',
    'y.weight': '5.weight',
    'y.bias': '5.bias',
  };
  const layers = [
    batchNorm('n0'),
    relu('r'),
    conv('c', { channels: 3, kernel: 2, pad: 0 }),
    batchNorm('n3'),
    flatten('f'),
    linear('y', { features: 2 }),
  ];
  const net = built(layers, [2, 3, 3], start, named);
  const batch = { x: shaped(x, [4, 2, 3, 3]), target: shaped(target, [4, 2]) };
  const options = { loss: mse({ output: 'y' }), optimizer: momentum({ lr: 0.05 }), steps: 20, live: false };
  const { graph } = await fit(net, batch, options);
  expect(distance(graph, end, named)).toBeLessThan(1e-5);
  // frozen, it normalizes by the statistics that it has, and keeps them
  const frozen = await fit(net, batch, { ...options, freeze: [/^n/] });
  const kept = Object.fromEntries(Object.entries(named).filter(([ours]) => ours.startsWith('n')));
  expect(distance(frozen.graph, start, kept)).toBe(0);
  expect(distance(frozen.graph, end, named)).toBeGreaterThan(1e-3);
});
