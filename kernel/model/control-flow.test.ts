/** A network with an If, a Loop and a Scan: read, run and edited throughout, differentiated around them. */
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { tensor, type Tensor } from '../base/tensor.ts';
import { ablate } from './edits.ts';
import { load } from './load.ts';
import type { Model } from './model.ts';
import { pick } from './objective.ts';

const file = new URL('./fixtures/control-flow.onnx', import.meta.url);
const large = tensor([2, 1, -1, 0.5, 3, 1], [2, 3]);
const small = tensor([0, 0, 0, 0, 0, 0], [2, 3]);

let model: Model;
beforeAll(async () => {
  model = await load(readFileSync(file));
});
const at = (value: Tensor, i: number) => value.toNumbers()[i];

test('every value is a site with its shape, the outputs of the ops that hold graphs too', () => {
  expect(model.sites.rows().map(({ name, op, shape }) => `${name} ${op} ${shape}`)).toMatchInlineSnapshot(`
    [
      "x  batch×3",
      "hidden Gemm batch×4",
      "relu Relu batch×4",
      "logits Gemm batch×2",
      "total ReduceSum scalar",
      "chosen If batch×2",
      "Softmax_flat_1 Flatten batch×2",
      "Softmax_normalized_1 Softmax batch×2",
      "probs Reshape batch×2",
      "halved Loop batch×4",
      "halvings Loop 3×batch×4",
      "last Scan 4",
      "running Scan batch×4",
    ]
  `);
});

test('it runs, and either branch is read', async () => {
  for (const x of [large, small]) {
    const { sites } = await model.run({ x }, { read: ['relu', 'logits', 'chosen', 'halvings'] });
    const sum = sites.relu.toNumbers().reduce((a, b) => a + b, 0);
    expect(sum > 5).toBe(x === large);
    const expected = sites.logits.toNumbers().map(value => (sum > 5 ? 2 * value : value - 1));
    sites.chosen.toNumbers().forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
    expect(sites.halvings.dims).toEqual([3, 2, 4]);
    expect(at(sites.halvings, 16)).toBeCloseTo(at(sites.relu, 0) / 8, 6);
  }
});

test('an edit before the If acts through it, one behind it too', async () => {
  const plain = await model.run({ x: large });
  for (const site of ['hidden', 'chosen']) {
    const edited = model.edit(ablate(site, { channels: [1] }));
    const { outputs } = await edited.run({ x: large });
    expect(outputs.probs.toNumbers()).not.toEqual(plain.outputs.probs.toNumbers());
  }
});

test('gradients before and behind are those of finite differences', async () => {
  // before: logits from x, which the If reads too
  const { x: slope } = await model.gradient({ x: large }, { of: pick('logits', [1, 0]), at: ['x'] });
  const h = 2 ** -6;
  for (let i = 0; i < 6; i++) {
    const moved = async (by: number) => {
      const data = large.toNumbers();
      data[i] += by;
      return at((await model.run({ x: tensor(data, [2, 3]) }, { read: ['logits'] })).sites.logits, 2);
    };
    expect(at(slope, i)).toBeCloseTo(((await moved(h)) - (await moved(-h))) / (2 * h), 3);
  }
  // behind: p₀ = softmax(chosen)₀, ∂p₀/∂chosen₀ = p₀(1 − p₀)
  const { chosen } = await model.gradient({ x: large }, { of: pick('probs', [0, 0]), at: ['chosen'] });
  const p = at((await model.run({ x: large })).outputs.probs, 0);
  expect(at(chosen, 0)).toBeCloseTo(p * (1 - p), 5);
});

test.each([
  ['probs', 'If', 'chosen', 'data decides which branch runs'],
  ['halved', 'Loop', 'halved', 'it repeats a graph as often as data say'],
  ['running', 'Scan', 'last', 'it repeats a graph along a sequence'],
])('a gradient through to %s says where it stops', async (output, op, site, why) => {
  const gradient = model.gradient({ x: large }, { of: pick(output, [0, 0]), at: ['x'] });
  await expect(gradient).rejects.toMatchObject({
    op,
    site,
    message:
      `no gradient through ${op} at ${site}: ${why}; ` +
      'take the gradient of a value before it, or with respect to a site behind it',
  });
});
