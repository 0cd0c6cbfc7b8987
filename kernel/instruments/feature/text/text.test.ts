/** Words that excite a unit of a really trained language model, by either way, against words at random. */
import { beforeAll, describe, expect, test } from 'vitest';
import { rng } from '../../../base/rng.ts';
import { tensor } from '../../../base/tensor.ts';
import { load } from '../../../model/load.ts';
import type { Model } from '../../../model/model.ts';
import type { Objective } from '../../../model/objective.ts';
import { channel, logit, neuron } from '../objectives/index.ts';
import { text } from './text.ts';

let model: Model;
beforeAll(async () => {
  model = await load('zoo:stories');
});

const length = 5;
const quick = { tokens: length, live: false, seed: 1 };
/** One unit behind a ReLU at the last word, and a word that is to come. */
const unit = neuron('blocks.1.mlp.pre', 11, [length - 1]);

/** What the model itself says to some tokens, without any of the code under test. */
async function said(ids: readonly number[], channelIndex: number): Promise<number> {
  const tokens = tensor(BigInt64Array.from(ids, BigInt), [1, ids.length]);
  const { sites } = await model.run({ tokens }, { read: ['blocks.1.mlp.pre'] });
  return (sites['blocks.1.mlp.pre'].toArray() as number[][][])[0].at(-1)![channelIndex];
}

async function ofRandomWords(count: number): Promise<number[]> {
  const random = rng('words');
  const scores: number[] = [];
  for (let i = 0; i < count; i++) {
    const ids = Array.from({ length }, () => random.integer(model.tokenizer.size));
    scores.push(await said(ids, 11));
  }
  return scores;
}

/** The same gains in another order. */
const shuffled = (gains: Float32Array): Float32Array => {
  const order = rng('shuffle').permutation(gains.length);
  return Float32Array.from(order, i => gains[i]);
};

test('search ends above a hundred random texts and above the control without its gradient', async () => {
  const found = await text(model, unit, { ...quick, steps: 12, candidates: 24 });
  const control = await text(model, unit, { ...quick, steps: 12, candidates: 24, gains: shuffled });
  const random = await ofRandomWords(100);
  const sd = Math.sqrt(
    random.reduce((sum, x) => sum + x * x, 0) / 100 - (random.reduce((a, b) => a + b) / 100) ** 2,
  );
  if (process.env.NEURONBOOK_FIGURES)
    console.log(found.text, found.score, 'control', control.score, 'random', Math.max(...random), 'sd', sd);
  // its score is what the unedited model says
  expect(found.score).toBeCloseTo(await said(found.ids, 11), 3);
  expect(found.curve[3]).toBeGreaterThan(found.curve[0]);
  expect(found.score - Math.max(...random)).toBeGreaterThan(sd);
  expect(found.score - control.score).toBeGreaterThan(sd / 4);
});

test('ascent on vectors that are seen as words rises too', async () => {
  const found = await text(model, unit, { ...quick, method: 'ascent', steps: 60 });
  if (process.env.NEURONBOOK_FIGURES) console.log(found.text, found.score);
  expect(found.score).toBeCloseTo(await said(found.ids, 11), 3);
  expect(found.score).toBeGreaterThan(Math.max(...(await ofRandomWords(50))));
  expect(found.curve[0]).toBeLessThan(found.score);
});

describe('what it is given', () => {
  test('a prompt stays in front; only allowed tokens are used; the same seed finds the same', async () => {
    const allowed = Array.from({ length: 20 }, (_, i) => i + 10);
    const options = { ...quick, tokens: 3, prompt: [4, 5], allowed, steps: 3, candidates: 8 };
    const [a, b] = [await text(model, unit, options), await text(model, unit, options)];
    expect(a.ids).toEqual(b.ids);
    expect(a.ids).toHaveLength(3);
    expect(a.ids.every(id => allowed.includes(id))).toBe(true);
    expect(a.score).toBeCloseTo(await said([4, 5, ...a.ids], 11), 3);
    expect(a.text.startsWith(model.tokenizer.decode([4], { special: true }))).toBe(true);
    expect(a.tokens).toHaveLength(3);
  });

  test('any objective: a channel, a sum', async () => {
    const both: Objective = channel('blocks.0.mlp.post', 3).add(channel('blocks.2.mlp.post', 4));
    const { curve } = await text(model, both, { ...quick, steps: 4, candidates: 8 });
    expect(curve.at(-1)).toBeGreaterThan(curve[0]);
  });

  test('a model that looks nothing up is refused', async () => {
    await expect(
      text(await load('zoo:textures'), logit('logits', 1), quick),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: textures does not look tokens up in a table of embeddings; text objectives need a language model]`,
    );
    await expect(text(model, unit, { ...quick, tokens: 0 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: tokens: 0; expected a whole number from 1]`,
    );
  });
});
