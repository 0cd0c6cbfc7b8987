/** A network whose last steps have sizes that only a run tells: what comes before is differentiated all the same. */
import { expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { normal } from '../engine/testing.ts';
import { encode } from '../onnx/encode.ts';
import { nodeOf, type Graph } from '../onnx/graph.ts';
import { ablate } from './edits.ts';
import { load } from './load.ts';
import { pick } from './objective.ts';

/** Boxes and scores, then their selection, as detectors end. */
const detector: Graph = {
  name: 'detector',
  opsets: { '': 21 },
  inputs: [{ name: 'x', dtype: 'float32', dims: [1, 3, 4] }],
  outputs: [
    { name: 'selected', dtype: 'int64', dims: ['found', 3] },
    { name: 'count', dtype: 'int64', dims: [2] },
  ],
  nodes: [
    nodeOf('Relu', ['x'], 'boxes'),
    nodeOf('ReduceMax', ['boxes', 'last'], 'best', { keepdims: 0n }),
    nodeOf('Sigmoid', ['best'], 'probability'),
    nodeOf('Unsqueeze', ['probability', 'one'], 'scores'),
    nodeOf('NonMaxSuppression', ['boxes', 'scores', 'most'], 'selected'),
    nodeOf('Shape', ['selected'], 'count'),
  ],
  constants: new Map([
    ['last', tensor(BigInt64Array.of(2n))],
    ['one', tensor(BigInt64Array.of(1n))],
    ['most', tensor(BigInt64Array.of(2n))],
  ]),
  values: new Map(),
  metadata: {},
};

test('gradients before it are taken; what is behind it says where tracing stops', async () => {
  const model = await load(encode(detector));
  const inputs = { x: normal([1, 3, 4]) };
  expect((await model.run(inputs)).outputs.count.dims).toEqual([2]);
  const { x } = await model.gradient(inputs, { of: pick('scores', [0, 0, 1]), at: ['x'] });
  const row = inputs.x.toNumbers().slice(4, 8);
  const [most] = row.sort((a, b) => b - a);
  const sigmoid = 1 / (1 + Math.exp(-most));
  expect(Math.max(...x.toNumbers())).toBeCloseTo(sigmoid * (1 - sigmoid), 5);
  const behind = model.gradient(inputs, { of: pick('selected', [0, 0]), at: ['x'] });
  await expect(behind).rejects.toThrowErrorMatchingInlineSnapshot(
    `[ComputedError: NonMaxSuppression at selected: the size of NonMaxSuppression's output depends on its values; what stands before it can be traced, what reads it cannot (inputs 1×3×4, 1×1×3, 1)]`,
  );
});

test('every shape before it is known, so every site before it can be edited', async () => {
  const model = await load(encode(detector));
  expect(model.sites.rows().map(({ name, shape }) => `${name} ${shape}`)).toMatchInlineSnapshot(`
    [
      "x 1×3×4",
      "boxes 1×3×4",
      "best 1×3",
      "probability 1×3",
      "scores 1×1×3",
      "selected found×3",
      "count 2",
    ]
  `);
  const inputs = { x: normal([1, 3, 4]) };
  const edited = model.edit(ablate('boxes'));
  const { sites } = await edited.run(inputs, { read: ['scores'] });
  expect(sites.scores.toNumbers()).toEqual([0.5, 0.5, 0.5]);
});
