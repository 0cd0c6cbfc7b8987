/** transcoders: off, nothing changes; a trained network's circuits are found, and the controls fail. */
import { expect, test } from 'vitest';
import { Model, nn, rng, tensor } from 'neuronbook';
import { transcoders } from './transcoders.ts';

const draw = rng('tokens');
const tokens = tensor(BigInt64Array.from({ length: 16 * 6 }, () => BigInt(draw.integer(9))), [16, 6]); // prettier-ignore
const model = new Model('toy', nn.neox({ vocabulary: 9, context: 8, width: 8, layers: 2, heads: 2, rotary: 1, parallel: false }, { seed: 1 })); // prettier-ignore

test('off, without a feature taken out, the model is as it was; on, its answers change', async () => {
  const found = await transcoders(
    model,
    { tokens },
    { features: 16, k: 3, steps: 4, batch: 32, live: false },
  );
  expect(found.coders.map(({ to }) => to[0])).toEqual(['blocks.0.mlp.out', 'blocks.1.mlp.out']);
  const say = async (each: Model) => (await each.run({ tokens })).outputs.logits.toNumbers();
  const [own, off] = [await say(model), await say(found.without([]))];
  expect(Math.max(...own.map((value, i) => Math.abs(value - off[i])))).toBeLessThan(1e-6);

  // features by how much they matter: the first changes the answer, and sums are exact
  const prompt = { tokens: tokens.at(0).reshape([1, 6]), of: [1, -1, 0, 0, 0, 0, 0, 0, 0] };
  const asked = { ...prompt, of: Float32Array.from(prompt.of) };
  const [first, ...rest] = await found.circuit([asked]);
  expect(first.score).toBeGreaterThan(rest.at(-1)!.score);
  const on = await say(found.without([first]));
  expect(Math.max(...own.map((value, i) => Math.abs(value - on[i])))).toBeGreaterThan(1e-4);
  // what matters to both alike is no circuit of either
  const none = await found.circuit([asked], [asked]);
  expect(Math.max(...none.map(({ score }) => Math.abs(score)))).toBeLessThan(1e-9);
});

test('the small form finds the circuit too: edges are exact, other tasks stay, the controls fail', async () => {
  const { verdicts } = await transcoders.experiment.run({ seeds: 1, scale: 'small', live: false });
  // transcoders of so few steps find less of the circuit: how far the answers fall is for the full form to show
  const [fallen, ...others] = verdicts;
  expect(others.filter(({ met }) => !met)).toEqual([]);
  expect(fallen.control!.fails).toBe(true);
  expect(fallen.values[0]).toBeLessThan(fallen.control!.values[0]! - 0.1);
}, 300_000);
