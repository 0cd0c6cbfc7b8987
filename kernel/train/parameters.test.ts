/** Which constants of a foreign graph are weights. */
import { expect, test } from 'vitest';
import { tensor, type Tensor } from '../base/tensor.ts';
import { normal } from '../engine/testing.ts';
import { nodeOf as node, type Graph, type Node } from '../onnx/graph.ts';
import { parametersOf } from './parameters.ts';

const graphOf = (nodes: Node[], constants: Record<string, Tensor>): Graph => ({
  ...{ name: 'foreign', opsets: { '': 17 }, values: new Map(), metadata: {}, nodes },
  inputs: [{ name: 'x', dtype: 'float32', dims: [2, 3, 4] }],
  outputs: [{ name: 'y', dtype: 'float32' }],
  constants: new Map(Object.entries(constants)),
});
const names = (graph: Graph) => parametersOf(graph).map(({ name }) => name);

test('recurrent weights, as PyTorch leaves them: reordered by slices, put together, under a new axis', () => {
  const one = tensor([0n]);
  const graph = graphOf(
    [
      node('Slice', ['w', 'from', 'to', 'zero'], 'w.part'),
      node('Slice', ['w', 'zero', 'from', 'zero'], 'w.rest'),
      node('Concat', ['w.part', 'w.rest'], 'w.turned', { axis: 0n }),
      node('Unsqueeze', ['w.turned', 'zero'], 'w.whole'),
      node('GRU', ['x', 'w.whole', 'r', 'b', '', 'state'], 'y', { hidden_size: 2n }),
    ],
    {
      ...{ w: normal([6, 4]), r: normal([1, 6, 2]), b: normal([1, 12]), state: normal([1, 3, 2]) },
      ...{ zero: one, from: tensor([2n]), to: tensor([6n]) },
    },
  );
  expect(names(graph)).toEqual(['w', 'r', 'b']);
});

test('a class token, but no padding; an embedding of positions, but no mask', () => {
  const hidden = tensor([0, -1e9, 0, 0], [2, 2]);
  const graph = graphOf(
    [
      node('Shape', ['x'], 'dims.x'),
      node('Concat', ['dims.x', 'dims'], 'dims.all', { axis: 0n }),
      node('Expand', ['cls', 'dims.all'], 'cls.each'),
      node('Concat', ['cls.each', 'x', 'zeros'], 'all', { axis: 1n }),
      node('Add', ['all', 'position'], 'placed'),
      node('Add', ['placed', 'mask'], 'masked'),
      node('Mul', ['masked', 'half'], 'y'),
    ],
    {
      ...{
        cls: normal([1, 1, 4]),
        zeros: tensor(new Float32Array(8), [2, 1, 4]),
        position: normal([1, 5, 4]),
      },
      ...{ mask: hidden, half: tensor(0.5), dims: tensor([2n, 1n, 4n]) },
    },
  );
  expect(names(graph)).toEqual(['cls', 'position']);
});

test('weight normalization: direction and length', () => {
  const graph = graphOf(
    [
      node('ReduceL2', ['v'], 'norm', { axes: [1n] }),
      node('Div', ['v', 'norm'], 'unit'),
      node('Mul', ['unit', 'g'], 'w'),
      node('MatMul', ['x', 'w'], 'y'),
    ],
    { v: normal([4, 2]), g: normal([4, 1]) },
  );
  expect(names(graph).sort()).toEqual(['g', 'v']);
});

test('a number that an exporter made is no weight, though PyTorch writes it with an axis; one with a name is', () => {
  const graph = graphOf(
    [
      node('Mul', ['x', 'val_82'], 'a'),
      node('Mul', ['a', '/attn/Constant_3_output_0'], 'b'),
      node('Mul', ['b', 'temperature'], 'c'),
      node('Add', ['c', 'val_5'], 'd'),
      node('Gemm', ['d', 'w', 'val_6'], 'y'),
    ],
    {
      val_82: tensor([0.7], [1]),
      '/attn/Constant_3_output_0': tensor([0.5], [1]),
      temperature: tensor([1], [1]),
      val_5: normal([4]),
      w: normal([4, 1]),
      val_6: tensor([0], [1]),
    },
  );
  expect(names(graph)).toEqual(['temperature', 'val_5', 'w', 'val_6']);
});

test('the ones and zeros of a norm without gains are no weights', () => {
  const graph = graphOf(
    [
      node('InstanceNormalization', ['x', '/n/Constant_1_output_0', 'val_3'], 'a'),
      node('LayerNormalization', ['a', 'n.weight', 'n.bias'], 'y'),
    ],
    {
      '/n/Constant_1_output_0': tensor([1, 1]),
      val_3: tensor([0, 0]),
      'n.weight': tensor([1, 1]),
      'n.bias': tensor([0, 0]),
    },
  );
  expect(names(graph)).toEqual(['n.weight', 'n.bias']);
});
