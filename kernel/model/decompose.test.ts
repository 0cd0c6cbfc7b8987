/** A fused attention taken apart by its model: its inner values are sites like any other. */
import { expect, test } from 'vitest';
import { normal } from '../engine/testing.ts';
import type { Graph } from '../onnx/graph.ts';
import { ablate } from './edits.ts';
import { Model } from './model.ts';
import { pick } from './objective.ts';

const graph: Graph = {
  name: 'one attention',
  opsets: { '': 21, 'com.microsoft': 1 },
  inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 'length', 6] }],
  outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 'length', 8] }],
  nodes: [
    {
      op: 'Attention',
      domain: 'com.microsoft',
      name: 'attn',
      inputs: ['x', 'w', 'b'],
      outputs: ['y'],
      attributes: { num_heads: 2n, unidirectional: 1n },
    },
  ],
  constants: new Map([
    ['w', normal([6, 24], 'w')],
    ['b', normal([24], 'b')],
  ]),
  values: new Map(),
  metadata: {},
};
const fused = new Model('fused', graph);
const open = fused.decompose();
const x = normal([2, 5, 6]);

test('its parts are sites of known shape; the outputs are the same, at any length', async () => {
  const parts = open.sites.rows().filter(({ name }) => /^attn\.[a-z]+$/.test(name));
  expect(parts.map(({ name, shape }) => `${name} ${shape}`)).toMatchInlineSnapshot(`
    [
      "attn.q batch×2×length×4",
      "attn.k batch×2×length×4",
      "attn.v batch×2×length×4",
      "attn.scores batch×2×length×length",
      "attn.masked batch×2×length×length",
      "attn.pattern batch×2×length×length",
      "attn.z batch×2×length×4",
    ]
  `);
  for (const input of [x, normal([1, 9, 6])]) {
    const [a, b] = [await fused.run({ x: input }), await open.run({ x: input })];
    const expected = a.outputs.y.toNumbers();
    b.outputs.y.toNumbers().forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
  }
  expect(open.toString()).toContain('edited: decompose()');
});

test('a head is removed by its z: the other half of the output stays', async () => {
  const { outputs } = await open.run({ x });
  const without = await open.edit(ablate('attn.z', { channels: [0], axis: 1 })).run({ x });
  const [before, after] = [outputs.y.toNumbers(), without.outputs.y.toNumbers()];
  after.forEach((value, i) => expect(value).toBe(i % 8 < 4 ? 0 : before[i]));
});

test('the gradient at the pattern is the value that it picks up', async () => {
  // y[0, 4, feature 2 of head 0] = Σ pattern[0, 0, 4, key]·v[0, 0, key, 2]
  const grads = await open.gradient({ x }, { of: pick('y', [0, 4, 2]), at: ['attn.pattern'] });
  const { sites } = await open.run({ x }, { read: ['attn.v'] });
  const slopes = grads['attn.pattern'].toNumbers();
  for (let key = 0; key < 5; key++)
    expect(slopes[4 * 5 + key]).toBeCloseTo(sites['attn.v'].toNumbers()[key * 4 + 2], 5);
});
