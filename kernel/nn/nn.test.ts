/** Layers become an ordinary graph that plain ONNX Runtime reads, with named weights and sites. */
import { expect, test } from 'vitest';
import { compile } from '../engine/compile.ts';
import { tensor } from '../base/tensor.ts';
import { relu } from './activations.ts';
import { flatten, linear, normalize, sequential } from './layers.ts';
import { network } from './network.ts';
import { averagePool, conv, globalAveragePool, maxPool } from './spatial.ts';

const tiny = (seed: number | string = 0) =>
  network(
    sequential(
      normalize('center', { mean: 0.5, std: 0.25 }),
      conv('conv1', { channels: 4, kernel: 3 }),
      relu('relu1'),
      maxPool('pool1'),
      conv('conv2', { channels: 6, kernel: 3, stride: 2, bias: false }),
      averagePool('pool2'),
      globalAveragePool('pool'),
      flatten('flat'),
      linear('logits', { features: 3 }),
    ),
    { name: 'tiny', inputs: { image: ['batch', 2, 16, 16] }, seed, image: { labels: ['a', 'b', 'c'] } },
  );

test('a network is a graph of named nodes, weights and sites', () => {
  const graph = tiny();
  expect(graph.nodes.map(({ op, outputs }) => `${op} ${outputs}`)).toEqual([
    'Sub sub_1',
    'Mul center',
    'Conv conv1',
    'Relu relu1',
    'MaxPool pool1',
    'Conv conv2',
    'AveragePool pool2',
    'GlobalAveragePool pool',
    'Flatten flat',
    'Gemm logits',
  ]);
  expect(
    [...graph.constants].filter(([, { size }]) => size > 1).map(([name, { dims }]) => `${name} ${dims}`),
  ).toEqual([
    'conv1.weight 4,2,3,3',
    'conv1.bias 4',
    'conv2.weight 6,4,3,3',
    'logits.weight 3,6',
    'logits.bias 3',
  ]);
  expect(graph.inputs).toEqual([{ name: 'image', dtype: 'float32', dims: ['batch', 2, 16, 16] }]);
  expect(graph.outputs).toEqual([{ name: 'logits', dtype: 'float32', dims: ['batch', 3] }]);
  expect(graph.values.get('conv2')?.dims).toEqual(['batch', 6, 4, 4]);
  expect(Object.keys(JSON.parse(graph.metadata['neuronbook.sites']))).toEqual([
    'image',
    'center',
    'conv1',
    'relu1',
    'pool1',
    'conv2',
    'pool2',
    'pool',
    'flat',
    'logits',
  ]);
  expect(JSON.parse(graph.metadata['neuronbook.image'])).toEqual({ input: 'image', labels: ['a', 'b', 'c'] });
});

test('it runs at any batch size, and each picture for itself', async () => {
  const program = await compile(tiny());
  const image = tensor(
    Float32Array.from({ length: 3 * 512 }, (_, i) => ((i * 7919) % 1000) / 1000),
    [3, 2, 16, 16],
  );
  const { logits } = await program.run({ image });
  expect(logits.dims).toEqual([3, 3]);
  const { logits: one } = await program.run({ image: image.at(1).reshape([1, 2, 16, 16]) });
  one.toNumbers().forEach((value, i) => expect(value).toBeCloseTo(logits.at(1).toNumbers()[i], 5));
});

test('weights follow the seed and their own name: another layer before them moves nothing', () => {
  const weights = (graph = tiny()) => graph.constants.get('conv2.weight')!.toNumbers();
  expect(weights(tiny(1))).toEqual(weights(tiny(1)));
  expect(weights(tiny(1))).not.toEqual(weights(tiny(2)));
  const alone = network(conv('conv2', { channels: 6, kernel: 3, bias: false }), {
    inputs: { x: ['batch', 4, 8, 8] },
    seed: 1,
  });
  expect(weights(alone)).toEqual(weights(tiny(1)));
});

test('He initialisation has variance 2 / fan-in', () => {
  const { constants } = network(conv('c', { channels: 64, kernel: 5 }), { inputs: { x: ['n', 16, 8, 8] } });
  const values = constants.get('c.weight')!.toNumbers();
  const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  expect((variance * 16 * 25) / 2).toBeCloseTo(1, 1);
  expect(constants.get('c.bias')!.toNumbers()).toEqual(Array<number>(64).fill(0));
});

test('mistakes are named', () => {
  const inputs = { x: ['batch', 2, 8, 8] } as const;
  expect(() => network(linear('out', { features: 2 }), { inputs })).toThrow(
    'out got 2×2×8×8; expected N×F or N×T×F; flatten or pool before a linear layer',
  );
  expect(() =>
    network(sequential(conv('a', { channels: 2 }), conv('a', { channels: 2 })), { inputs }),
  ).toThrow('name taken: a.weight; every layer with weights needs its own name');
  expect(() => network(conv('a', { channels: 3, groups: 2 }), { inputs })).toThrow(
    'a: 2 groups do not divide 2 channels in and 3 out',
  );
});

test('features and inputs that are none are said', () => {
  const options = { inputs: { x: ['batch', 2] } };
  expect(() => network(linear('a', {} as never), options)).toThrow(
    'features of a: undefined; expected a whole number from 1',
  );
  expect(() =>
    network(linear('a', { features: 2 }), { name: 'net', inputs: { x: { dims: [2] } as never } }),
  ).toThrow(
    'x of network net is {"dims":[2]}; expected the dims of each input: inputs: { x: [\'batch\', 64] }',
  );
  expect(() => network(linear('a', { features: 2 }), {} as never)).toThrow(
    /^inputs of network network is undefined/,
  );
});
