/** Sites that are always the same, such as the rows of a table at fixed places: gradients are taken there too. */
import { expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { nodeOf, type Graph } from '../onnx/graph.ts';
import { Model } from './model.ts';
import { pick } from './objective.ts';

/** Scores with a bias for each distance, as relative positions have: y = x·bᵀ with b two rows of a table. */
const graph: Graph = {
  name: 'biased',
  opsets: { '': 17 },
  inputs: [{ name: 'x', dtype: 'float32', dims: [2, 2] }],
  outputs: [{ name: 'y', dtype: 'float32', dims: [2, 2] }],
  nodes: [
    nodeOf('Gather', ['table', 'places'], 'rows', { axis: 0n }),
    nodeOf('Transpose', ['rows'], 'turned'),
    nodeOf('Mul', ['x', 'turned'], 'y'),
  ],
  constants: new Map([
    ['table', tensor([1, 2, 3, 4, 5, 6], [3, 2])],
    ['places', tensor(BigInt64Array.of(2n, 0n), [2])],
  ]),
  values: new Map(),
  metadata: {},
};

test('gradients and tangents at them', async () => {
  const model = new Model('biased', graph);
  const x = tensor([1, 10, 100, 1000], [2, 2]);
  // y₀₁ = x₀₁·b₁₀
  const of = pick('y', [0, 1]);
  const { rows, turned } = await model.gradient({ x }, { of, at: ['rows', 'turned'] });
  expect(rows.toNumbers()).toEqual([0, 0, 10, 0]);
  expect(turned.toNumbers()).toEqual([0, 10, 0, 0]);
  const at = { rows: tensor([1, 0, 0, 1], [2, 2]) };
  expect((await model.jvp({ x }, { of: ['y'], at })).y.toNumbers()).toEqual([1, 0, 0, 1000]);
  expect((await model.gradient({ x }, { of, at: ['x'] })).x.toNumbers()).toEqual([0, 1, 0, 0]);
});
