/** A network held straight does what it did on its own inputs, and is linear in its residual stream. */
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import type { Graph } from '../onnx/graph.ts';
import { gpt2, llama, neox } from '../nn/index.ts';
import { patch, steer } from './edits.ts';
import { frozen } from './frozen.ts';
import { Model } from './model.ts';

const small = { vocabulary: 11, context: 8, width: 12, layers: 2, heads: 2 };
const networks: Record<string, Graph> = {
  'gpt-2': gpt2(small, { seed: 1 }),
  'gpt-neox, in sequence': neox({ ...small, rotary: 1, parallel: false }, { seed: 2 }),
  llama: llama({ ...small, hidden: 24 }, { seed: 3 }),
};
const tokens = tensor([1n, 5n, 3n, 3n, 9n], [1, 5]);
const outs = ['blocks.0.mlp.out', 'blocks.1.mlp.out'];

const random = rng('frozen');
const normal = (...dims: number[]) =>
  tensor(
    Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => 3 * random.normal()),
    dims,
  );
const last = async (model: Model) => (await model.run({ tokens })).outputs.logits.toNumbers();
const apart = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

/** How far f(u + v) − f(0) is from the sum of f(u) − f(0) and f(v) − f(0), f(0) being what the model says unchanged. */
async function bend(model: Model): Promise<number> {
  const [u, v] = [normal(1, 5, 12), normal(1, 5, 12)];
  const both = tensor(
    Float32Array.from(u.data as Float32Array, (x, i) => x + Number(v.data[i])),
    u.dims,
  );
  const along = (direction: Tensor) =>
    last(model.sized({ position: 5 }).edit(steer('blocks.0.resid.pre', direction)));
  const [zero, a, b, ab] = [await last(model), await along(u), await along(v), await along(both)];
  return apart(
    ab.map((value, i) => value - zero[i]),
    a.map((value, i) => value + b[i] - 2 * zero[i]),
  );
}

test.each(Object.entries(networks))('%s, held, is itself, and linear', async (name, graph) => {
  const model = new Model(name, graph);
  const straight = await frozen(model, { tokens }, { sites: outs });
  expect(apart(await last(straight), await last(model))).toBeLessThan(1e-5);
  expect(await bend(straight)).toBeLessThan(1e-4);
  // each of the three bends it where it is left free
  for (const free of [{ norms: false }, { patterns: false }, { sites: [] }] as const)
    expect(await bend(await frozen(model, { tokens }, { sites: outs, ...free }))).toBeGreaterThan(1e-2);
});

test('one mean scale fits inputs of any size', async () => {
  const model = new Model('neox', networks['gpt-neox, in sequence']);
  const straight = await frozen(model, { tokens }, { norms: 'mean', patterns: false });
  const { sites } = await straight.run(
    { tokens: tensor([1n, 2n], [2, 1]) },
    { read: ['blocks.1.ln2.normalized'] },
  );
  expect(sites['blocks.1.ln2.normalized'].dims).toEqual([2, 1, 12]);
  // twice as far from the mean is twice as far behind the norm
  const of = async (factor: number) => {
    const x = tensor(
      Float32Array.from({ length: 12 }, (_, i) => factor * (i - 5.5)),
      [1, 1, 12],
    );
    const { sites } = await straight
      .edit(patch('blocks.1.resid.mid', x))
      .run({ tokens: tensor([1n], [1, 1]) }, { read: ['blocks.1.ln2.normalized'] });
    return sites['blocks.1.ln2.normalized'].toNumbers();
  };
  const [once, twice] = [await of(1), await of(2)];
  twice.forEach((value, i) => expect(value).toBeCloseTo(2 * once[i], 5));
});
