/** Sizes that hang together, as language models with a cache name them: not taken for contradictions, and followed. */
import { expect, test } from 'vitest';
import { normal } from '../engine/testing.ts';
import { encode } from '../onnx/encode.ts';
import type { Graph } from '../onnx/graph.ts';
import { load } from './load.ts';

/** New values behind a cache, and a mask over both. */
const cached = (total: string, past = 'past_sequence_length', length = 'sequence_length'): Graph => ({
  name: 'cached',
  opsets: { '': 17 },
  inputs: [
    { name: 'past', dtype: 'float32', dims: ['batch', past, 4] },
    { name: 'x', dtype: 'float32', dims: ['batch', length, 4] },
    { name: 'mask', dtype: 'float32', dims: ['batch', total, 1] },
  ],
  outputs: [{ name: 'masked', dtype: 'float32' }],
  nodes: [
    {
      op: 'Concat',
      domain: '',
      name: 'all',
      inputs: ['past', 'x'],
      outputs: ['all'],
      attributes: { axis: 1n },
    },
    { op: 'Mul', domain: '', name: 'masked', inputs: ['all', 'mask'], outputs: ['masked'], attributes: {} },
  ],
  constants: new Map(),
  values: new Map(),
  metadata: {},
});
const shapesOf = async (graph: Graph) =>
  (await load(encode(graph))).sites.rows().map(({ name, shape }) => `${name} ${shape}`);

test('a sum in the name, a total: followed', async () => {
  expect(await shapesOf(cached('past_sequence_length + sequence_length'))).toMatchInlineSnapshot(`
    [
      "past batch×past_sequence_length×4",
      "x batch×sequence_length×4",
      "mask batch×past_sequence_length + sequence_length×1",
      "all batch×past_sequence_length + sequence_length×4",
      "masked batch×past_sequence_length + sequence_length×4",
    ]
  `);
  expect((await shapesOf(cached('total_sequence_length'))).slice(3)).toMatchInlineSnapshot(`
    [
      "all batch×total_sequence_length×4",
      "masked batch×total_sequence_length×4",
    ]
  `);
});

test('names that say nothing: told by the sizes that move them', async () => {
  expect((await shapesOf(cached('c', 'a', 'b'))).slice(3)).toMatchInlineSnapshot(`
    [
      "all batch×a + b×4",
      "masked batch×a + b×4",
    ]
  `);
});

test('where no choice of sizes fits, ONNX Runtime is asked, and the network loads', async () => {
  const graph = cached('c', 'a', 'b');
  const product = {
    op: 'MatMul',
    domain: '',
    name: 'y',
    inputs: ['turned', 'mask'],
    outputs: ['y'],
    attributes: {},
  };
  const turned = { ...product, op: 'Transpose', name: 'turned', inputs: ['all'], outputs: ['turned'] };
  const nodes = [graph.nodes[0], { ...turned, attributes: { perm: [0n, 2n, 1n] } }, product];
  const model = await load(encode({ ...graph, nodes, outputs: [{ name: 'y', dtype: 'float32' }] }));
  const feeds = { past: normal([1, 2, 4]), x: normal([1, 3, 4]), mask: normal([1, 5, 1]) };
  expect((await model.run(feeds)).outputs.y.dims).toEqual([1, 4, 1]);
});
