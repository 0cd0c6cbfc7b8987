/** Edits along an axis whose size is open: positions of a text, examples of a batch. */
import { expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { encode } from '../onnx/encode.ts';
import type { Graph } from '../onnx/graph.ts';
import { ablate, clamp, patch, steer } from './edits.ts';
import { load } from './load.ts';

/** h = −x, y = −h, batch × position × 2. */
const graph: Graph = {
  name: 'text',
  opsets: { '': 17 },
  inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 'position', 2] }],
  outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 'position', 2] }],
  nodes: [
    { op: 'Neg', domain: '', name: 'h', inputs: ['x'], outputs: ['h'], attributes: {} },
    { op: 'Neg', domain: '', name: 'y', inputs: ['h'], outputs: ['y'], attributes: {} },
  ],
  constants: new Map(),
  values: new Map(),
  metadata: {},
};
const x = tensor([1, 2, 3, 4, 5, 6], [1, 3, 2]);

test.each([
  ['ablate', ablate('h', { channels: [1], axis: 1 }), [1, 2, 0, 0, 5, 6]],
  ['ablate, counted from the end', ablate('h', { channels: [-1], axis: 1 }), [1, 2, 3, 4, 0, 0]],
  ['values', ablate('h', { channels: [2, 0], axis: 1, mode: [-7, -8] }), [8, 8, 3, 4, 7, 7]],
  ['mean', ablate('h', { channels: [1], axis: 1, mode: 'mean' }), [1, 2, 3.5, 3.5, 5, 6]],
  [
    'patch',
    patch('h', tensor([-9, -8, -7, -6, -5, -4], [1, 3, 2]), { channels: [1], axis: 1 }),
    [1, 2, 7, 6, 5, 6],
  ],
  ['clamp', clamp('h', { channels: [0, 2], axis: 1, min: -2 }), [1, 2, 3, 4, 2, 2]],
  ['steer', steer('h', tensor([-1, 0, -2]), 1, { axis: 1 }), [2, 3, 3, 4, 7, 8]],
])('%s', async (_, edit, expected) => {
  const model = await load(encode(graph));
  const edited = model.edit(edit);
  expect((await edited.run({ x })).outputs.y.toNumbers().map(value => value + 0)).toEqual(expected);
  const again = await load(edited.toBytes());
  expect((await again.run({ x })).outputs.y.toNumbers().map(value => value + 0)).toEqual(expected);
});

test('a place beyond the end, or between two', async () => {
  const model = await load(encode(graph));
  const beyond = model.edit(ablate('h', { channels: [3], axis: 1 }));
  await expect(beyond.run({ x })).rejects.toThrow(/out of (data )?bounds/);
  expect(() => model.edit(ablate('h', { channels: [0.5], axis: 1 }))).toThrow(
    'channel out of range: 0.5 at h; expected a whole number',
  );
  expect(() => model.edit(ablate('h', { channels: [0, 1], axis: 1, mode: [1] }))).toThrow(
    '1 values for 2 channels of h; expected one each',
  );
});
