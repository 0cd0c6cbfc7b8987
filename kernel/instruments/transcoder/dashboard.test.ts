/** What a dashboard shows of a feature, against what can be computed by hand; and what it answers a search box. */
import { beforeAll, expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { tensor } from '../../base/tensor.ts';
import { answerFeatures, type FeaturesSource } from '../../display/views/features-live.ts';
import type { FeaturesView } from '../../display/views/features.ts';
import { Model } from '../../model/model.ts';
import { embedding, linear, network, normal, sequential } from '../../nn/index.ts';
import { topK } from './architectures/index.ts';
import { dashboard } from './dashboard.ts';
import { fit } from './fit.ts';
import { topExamples, type TopExamples } from './top-examples.ts';
import type { Transcoder } from './transcoder.ts';

const layers = sequential(
  embedding('embed', { count: 20, features: 6, init: normal(1) }),
  linear('out', { features: 6 }),
  linear('logits', { features: 20 }),
);
const inputs = { tokens: ['batch', 'length'] as const };
const model = new Model('small', network(layers, { inputs, dtypes: { tokens: 'int64' }, seed: 3 }));
const random = rng('tokens');
const tokens = tensor(
  BigInt64Array.from({ length: 40 * 8 }, () => BigInt(random.integer(20))),
  [40, 8],
);
const words = Array.from({ length: 20 }, (_, i) => `word${String.fromCharCode(97 + i)}`);

let t: Transcoder;
let top: TopExamples;
let shown: FeaturesView;
beforeAll(async () => {
  const options = { data: { tokens }, features: 12, steps: 30, batch: 64, live: false } as const;
  t = await fit(model, { ...options, from: 'embed', to: 'out', architecture: topK({ k: 2 }) });
  top = await topExamples(model, t, { tokens }, { top: 4, context: 2, words, live: false });
  top.label(5, 'the fifth');
  shown = await dashboard(model, t, top, { inputs: { tokens }, words, show: [3, 5] });
});

const asked = (data: Record<string, unknown>) =>
  answerFeatures((shown as unknown as { source: FeaturesSource }).source, { seq: 1, ...data });
const query = { text: '', order: 'largest', band: 'any' };
const byMagnitude = (values: readonly number[]) =>
  values
    .map((value, channel) => ({ name: `channel ${channel}`, value }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));

test('examples carry the words around them and the feature at each', async () => {
  const { features, count } = shown.data;
  expect([features.map(({ feature }) => feature), count]).toEqual([[3, 5], 12]);
  const [{ sites }] = [await model.run({ tokens }, { read: ['embed'] })];
  const z = (await t.encode(sites.embed)).toArray() as number[][][];
  for (const { feature, examples, density, token } of features) {
    top.of(feature).forEach(({ example, position }, i) => {
      const one = examples[i];
      const from = position - one.at;
      expect(one.values).toEqual(z[example].slice(from, from + one.tokens.length).map(row => row[feature]));
      expect(one.tokens).toEqual(
        tokens.at(example).toNumbers().slice(from, from + one.tokens.length).map(id => `${words[id]} `), // prettier-ignore
      );
      expect(one.place).toBe(`example ${example}, position ${position}`);
    });
    expect(token).toBe(examples[0].tokens[examples[0].at].trim());
    expect(density).toBeCloseTo(z.flat().filter(row => row[feature] > 0).length / 320, 8);
  }
});

test('neighbours, weights and outputs are those of the weights', () => {
  const decoder = t.weights.W_dec.toArray() as number[][];
  const encoder = t.weights.W_enc.toArray() as number[][];
  // words × channels
  const unembed = model.graph.constants.get('logits.weight')!.toArray() as number[][];
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  for (const { feature, nearest, reads, writes, raises, lowers } of shown.data.features) {
    const own = decoder[feature];
    const cosines = decoder
      .map((row, i) => ({ feature: i, cosine: dot(row, own) / Math.hypot(...row) / Math.hypot(...own) }))
      .filter(each => each.feature !== feature)
      .sort((a, b) => b.cosine - a.cosine);
    expect(nearest.map(each => each.feature)).toEqual(cosines.slice(0, 8).map(each => each.feature));
    nearest.forEach(({ cosine }, i) => expect(cosine).toBeCloseTo(cosines[i].cosine, 5));
    expect(nearest.find(each => each.feature === 5)?.label ?? 'the fifth').toBe('the fifth');
    expect(reads).toEqual(byMagnitude(encoder.map(row => row[feature])).slice(0, 6));
    expect(writes).toEqual(byMagnitude(own).slice(0, 6));
    const effects = words
      .map((name, id) => ({
        name,
        value: dot(own, unembed[id]),
      })) // prettier-ignore
      .sort((a, b) => b.value - a.value);
    expect(raises.map(({ name }) => name)).toEqual(effects.slice(0, 8).map(({ name }) => name));
    expect(lowers.map(({ name }) => name)).toEqual(effects.slice(-8).reverse().map(({ name }) => name)); // prettier-ignore
    raises.forEach(({ value }, i) => expect(value).toBeCloseTo(effects[i].value, 4));
  }
});

test('the search box finds numbers, words and names, in every order', async () => {
  const rows = async (change: object) =>
    (await asked({ find: { ...query, ...change } })).rows!.map(({ feature }) => feature);
  expect((await rows({})).length).toBe(12);
  expect(await rows({ order: 'number' })).toEqual(Array.from({ length: 12 }, (_, i) => i));
  expect((await rows({ text: '#7' }))[0]).toBe(7);
  expect(await rows({ text: 'FIFTH' })).toEqual([5]);
  const at = (id: number) =>
    Array.from({ length: 12 }, (_, i) => i).filter(i => top.of(i).some(one => one.tokens![one.at!] === id));
  expect((await rows({ text: 'wordc', order: 'number' })).sort((a, b) => a - b)).toEqual(at(2));
  expect((await rows({ text: 'word' })).length).toBe(top.find({ density: [1e-9, 1] }).length);
  const dense = await rows({ band: 'dense', order: 'rare' });
  const { density } = top.statistics;
  expect(dense).toEqual(
    Array.from(density.keys())
      .filter(i => density[i] >= 0.1)
      .sort((a, b) => density[a] - density[b] || a - b),
  );
});

test('names are kept, and what cannot be asked is told', async () => {
  const named = await asked({ labels: [[7, 'seven']], find: { ...query, text: 'seven' } });
  expect([named.named, named.rows!.map(({ label }) => label)]).toEqual([[[7, 'seven']], ['seven']]);
  expect(top.names.get(7)).toBe('seven');
  expect((await asked({ feature: 7 })).feature!.label).toBe('seven');
  expect((await asked({ feature: 12 })).error).toBe('ShapeError: feature 12; expected 0 to 11');
  expect((await asked({ find: { text: 3 } })).error).toContain('cannot look for {"text":3}');
  expect((await asked({ labels: [['7', 'x']] })).error).toContain('labels are not numbers with a text each');
  await expect(dashboard(model, t, top, { show: [12] })).rejects.toThrow('feature 12; expected 0 to 11');
});
