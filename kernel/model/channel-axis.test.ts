/** Which axis counts channels, wherever a network puts them. */
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import type { Graph, Node } from '../onnx/graph.ts';
import * as nn from '../nn/index.ts';
import { ablate } from './edits.ts';
import { Model } from './model.ts';
import { Sites } from './sites.ts';

const random = (...dims: number[]): Tensor => {
  const stream = rng(dims.join());
  return tensor(
    Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => stream.normal()),
    dims,
  );
};
const axisOf = (graph: Graph, site: string) => new Sites(graph).get(site).channelAxis;

/** A convolution as JAX and TensorFlow export it: N×H×W×C outside, turned for ONNX and back. */
const channelsLast = (): Graph => {
  const node = (op: string, name: string, inputs: string[], attributes: Node['attributes'] = {}): Node => ({
    op,
    domain: '',
    name,
    inputs,
    outputs: [name],
    attributes,
  });
  return {
    name: 'last',
    opsets: { '': 18 },
    inputs: [{ name: 'image', dtype: 'float32', dims: ['n', 6, 6, 3] }],
    outputs: [{ name: 'out', dtype: 'float32', dims: ['n', 6, 6, 5] }],
    nodes: [
      node('Transpose', 'first', ['image'], { perm: [0n, 3n, 1n, 2n] }),
      node('Conv', 'conv', ['first', 'w'], { pads: [1n, 1n, 1n, 1n] }),
      node('Transpose', 'last', ['conv'], { perm: [0n, 2n, 3n, 1n] }),
      node('Add', 'biased', ['bias', 'last']),
      node('Relu', 'relu', ['biased']),
      node('MatMul', 'out', ['relu', 'dense']),
    ],
    constants: new Map([
      ['w', random(4, 3, 3, 3)],
      ['bias', random(1, 1, 1, 4)],
      ['dense', random(4, 5)],
    ]),
    values: new Map(),
    metadata: {},
  };
};

test('channels last are followed through what turns them', () => {
  const graph = channelsLast();
  expect(
    ['image', 'first', 'conv', 'last', 'biased', 'relu', 'out'].map(site => axisOf(graph, site)),
  ).toEqual([3, 1, 1, 3, 3, 3, 3]);
});

test('a channel of such a network is ablated, not a row of its picture', async () => {
  using model = new Model('last', channelsLast());
  using edited = model.edit(ablate('relu', { channels: [2] }));
  const image = random(1, 6, 6, 3);
  const read = async (from: Model) => (await from.run({ image }, { read: ['relu'] })).sites.relu.toNumbers();
  const [before, after] = [await read(model), await read(edited)];
  expect(after).toEqual(before.map((value, i) => (i % 4 === 2 ? 0 : value)));
  expect(after).not.toEqual(before);
});

test('heads, wherever attention has them', () => {
  const graph = nn.llama(
    { vocabulary: 20, context: 8, width: 16, layers: 1, heads: 4, kvHeads: 2, hidden: 8 },
    { result: true },
  );
  const parts = ['q', 'k', 'v', 'q.rotated', 'k.rotated', 'scores', 'pattern', 'z', 'result'];
  expect(Object.fromEntries(parts.map(part => [part, axisOf(graph, `blocks.0.attn.${part}`)]))).toEqual({
    q: 2,
    k: 2,
    v: 2,
    'q.rotated': 2,
    'k.rotated': 2,
    scores: 1,
    pattern: 1,
    z: 2,
    result: 2,
  });
  expect(['attn.out', 'resid.mid', 'mlp.post'].map(site => axisOf(graph, `blocks.0.${site}`))).toEqual([
    -1, -1, -1,
  ]);
});

test('pictures and vectors', () => {
  const graph = nn.resnet({ widths: [4, 8], depths: [1, 1], classes: 3, stem: { width: 4 } });
  const sites = new Sites(graph);
  const of = (rank: number) =>
    new Set([...sites].filter(({ shape }) => shape?.length === rank).map(site => site.channelAxis));
  expect([of(4), of(2)]).toEqual([new Set([1]), new Set([1])]);
});
