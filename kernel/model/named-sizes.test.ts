/** Sizes that hang together, as language models with a cache name them: not taken for contradictions, and followed. */
import { expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { normal } from '../engine/testing.ts';
import { encode } from '../onnx/encode.ts';
import type { Graph } from '../onnx/graph.ts';
import { ablate } from './edits.ts';
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

test('a size that is called open and fits at one number only: the network loads, and runs at that number', async () => {
  const fold = (dims: readonly (number | string)[]): Graph => ({
    ...cached('c'),
    inputs: [{ name: 'x', dtype: 'float32', dims }],
    nodes: [{ op: 'Reshape', domain: '', name: 'y', inputs: ['x', 'shape'], outputs: ['y'], attributes: {} }],
    constants: new Map([['shape', tensor([3n, 2n, 2n])]]),
    outputs: [{ name: 'y', dtype: 'float32' }],
  });
  const model = await load(encode(fold(['batch', 4])));
  expect((await model.run({ x: normal([3, 4]) })).outputs.y.dims).toEqual([3, 2, 2]);
  await expect(model.run({ x: normal([2, 4]) })).rejects.toThrow(/Reshape y: .*cannot be reshaped/);
  await expect(load(encode(fold([2, 4])))).rejects.toThrow(/cannot reshape 2×4/);
});

test('a contradiction that no number mends is refused, open sizes or not', async () => {
  const product: Graph = {
    ...cached('c'),
    inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 4] }],
    nodes: [{ op: 'MatMul', domain: '', name: 'y', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
    constants: new Map([['w', normal([5, 2])]]),
    outputs: [{ name: 'y', dtype: 'float32' }],
  };
  await expect(load(encode(product))).rejects.toMatchObject({ name: 'ShapeError' });
});

test('an open batch beside a table of four rows: the network loads, as it runs with four', async () => {
  const sum: Graph = {
    ...cached('c'),
    inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 4] }],
    nodes: [{ op: 'Add', domain: '', name: 'y', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
    constants: new Map([['w', normal([4, 4])]]),
    outputs: [{ name: 'y', dtype: 'float32' }],
  };
  const model = await load(encode(sum));
  expect((await model.run({ x: normal([4, 4]) })).outputs.y.dims).toEqual([4, 4]);
});

test('open sizes whose example stands in a Reshape: shapes are those of the example, and sites can be edited', async () => {
  const heads: Graph = {
    ...cached('c'),
    inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 'position', 4] }],
    nodes: [
      {
        op: 'Reshape',
        domain: '',
        name: 'heads',
        inputs: ['x', 'shape'],
        outputs: ['heads'],
        attributes: {},
      },
      { op: 'Relu', domain: '', name: 'y', inputs: ['heads'], outputs: ['y'], attributes: {} },
    ],
    constants: new Map([['shape', tensor([7n, 6n, 2n])]]),
    outputs: [{ name: 'y', dtype: 'float32' }],
  };
  // three examples of seven positions: 7 stands there, 3 does not, and 6·7 = 84 / 2
  expect((await load(encode(heads))).sites.get('heads').shape).toBeUndefined();
  const model = await load(encode({ ...heads, constants: new Map([['shape', tensor([7n, 3n, 4n])]]) }));
  expect(model.sites.get('heads').shape).toEqual([7, 3, 4]);
  const edited = model.edit(ablate('heads', { channels: [1], axis: 1 }));
  const { y } = (await edited.run({ x: normal([3, 7, 4]) })).outputs;
  expect(y.toNumbers().slice(4, 8)).toEqual([0, 0, 0, 0]);
});
