/** CoreInfer: counts against counting by hand, off is off, smaller matrices are the masked ones. */
import { expect, test } from 'vitest';
import { Model, nn, rng, sparsity, tensor } from 'neuronbook';
import { coreInfer } from './coreInfer.ts';

const size = { vocabulary: 20, context: 8, width: 16, layers: 2, heads: 2 };
const model = new Model(
  'small',
  nn.neox({ ...size, activation: 'relu', rotary: 1, parallel: false }, { seed: 3 }),
);
const draw = rng('tokens');
const prompt = tensor(
  BigInt64Array.from({ length: 8 }, () => BigInt(draw.integer(20))),
  [1, 8],
);
const site = 'blocks.1.mlp.post';
const logits = async (of: Model) => (await of.run({ tokens: prompt })).outputs.logits.toNumbers();

test('with all units not a bit changes', async () => {
  expect(await logits(await coreInfer(model, prompt, { sentenceShare: 1 }))).toEqual(await logits(model));
});

/** The core by the definition, in another way: by ranks. */
async function byHand(): Promise<number[]> {
  const values = (await model.run({ tokens: prompt }, { read: [site] })).sites[site].toNumbers();
  const positive = values.filter(value => value > 0).length;
  const most = Math.floor((0.2 * positive) / 8);
  const counts = Array.from({ length: 64 }, (_, unit) => {
    let count = 0;
    for (let word = 0; word < 8; word++) {
      const row = values.slice(word * 64, (word + 1) * 64);
      const above = row.filter((value, i) => value > row[unit] || (value === row[unit] && i < unit)).length;
      if (above < most) count++;
    }
    return count;
  });
  const rank = (unit: number) =>
    counts.filter((count, i) => count > counts[unit] || (count === counts[unit] && i < unit)).length;
  return counts.flatMap((_, unit) => (rank(unit) < Math.round(0.4 * 64) ? [unit] : []));
}

test('the core is the one by hand, and only it is active', async () => {
  const core = await byHand();
  const sparse = await coreInfer(model, prompt, { read: [site] });
  const kept = (await sparse.run({ tokens: prompt }, { read: [site] })).sites[site].toNumbers();
  const own = (await model.run({ tokens: prompt }, { read: [site] })).sites[site].toNumbers();
  expect(kept).toEqual(own.map((value, i) => (core.includes(i % 64) ? value : 0)));
  // smaller matrices compute the same
  const small = await logits(model.edit(sparsity.compact(model, 'blocks.1.mlp', core)));
  const masked = await logits(sparse);
  expect(Math.max(...small.map((value, i) => Math.abs(value - masked[i])))).toBeLessThan(1e-6);
  const cost = async (of: Model) => (await sparsity.executed(of, { tokens: prompt })).executed;
  expect(await cost(sparse)).toBeLessThan(await cost(model));
});

test('by similarity, the core is that of the texts which use the same units', async () => {
  const words = (of: number) => BigInt64Array.from({ length: 8 }, (_, i) => BigInt((of * 7 + i) % 20));
  const rows = [0, 1, 2].map(words);
  const texts = tensor(BigInt64Array.from([...rows[0], ...rows[1], ...rows[2]]), [3, 8]);
  const kept = async (options: Parameters<typeof coreInfer>[2]) => {
    const sparse = await coreInfer(model, tensor(rows[1], [1, 8]), { read: [site], ...options });
    return (await sparse.run({ tokens: prompt }, { read: [site] })).sites[site].toNumbers();
  };
  const own = await kept({});
  // the text itself is among the known ones, so it is the one most like it
  expect(await kept({ mode: 'similarity', texts, nearest: 1 })).toEqual(own);
  // the mean of all three is another core, and so is that of the others
  expect(await kept({ mode: 'similarity', texts, nearest: 3 })).not.toEqual(own);
  const others = tensor(BigInt64Array.from([...rows[0], ...rows[2]]), [2, 8]);
  expect(await kept({ mode: 'similarity', texts: others, nearest: 1 })).not.toEqual(own);
});

test('the experiment runs with its controls', async () => {
  const report = await coreInfer.experiment.run({ scale: 'small', seeds: 1, live: false });
  expect(report.complete).toBe(true);
  const kl = (arm: string) => report.of(arm, 'kl')[0];
  expect(kl('own')).toBeLessThan(kl('random'));
  expect(kl('similar')).toBeLessThan(kl('other texts'));
}, 240_000);
