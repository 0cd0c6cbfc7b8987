/** Features in memory and in a folder: found by what they do, named, and found by their names; a hundred thousand of them too. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FeatureHistograms } from './feature-histograms.ts';
import type { FeatureSource, FindOptions, TopExample } from './feature-source.ts';
import type { FeatureStatistics } from './feature-statistics.ts';
import { openFeatures, storeFeatures } from './feature-store.ts';
import { TopExamples } from './top-examples.ts';

const root = mkdtempSync(join(tmpdir(), 'neuronbook-features-'));
afterAll(() => rmSync(root, { recursive: true }));

/** Feature i is active at i rows of a thousand, the strongest at token i % 50. */
function made(count: number): TopExamples {
  const active = Float64Array.from({ length: count }, (_, i) => i % 1000);
  const histograms = new FeatureHistograms(count);
  active.forEach((rows, i) => rows && histograms.add(i, 1 + i / count));
  const statistics = {
    count: 1000,
    active,
    histograms,
    sum: active.map(value => 2 * value),
    largest: active.map((value, i) => (value ? 1 + i / count : 0)),
    density: active.map(value => value / 1000),
  } as unknown as FeatureStatistics;
  const examples = Array.from({ length: count }, (_, i): TopExample[] => {
    if (!active[i]) return [];
    const first = { value: 1 + i / count, example: i, position: 4, tokens: [7, i % 50, 9], at: 1 };
    const second = { value: 0.5, example: i, position: 0, tokens: [3, 9], at: 0, values: [0.5, 0] };
    return [{ ...first, values: [0, 1 + i / count, 0.25] }, second];
  });
  return new TopExamples(examples, statistics);
}

const rounded = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, item: unknown) => (typeof item === 'number' ? +item.toPrecision(5) : item)),
  );
const numbers = async (source: FeatureSource, options: FindOptions) =>
  (await source.find(options)).map(({ feature }) => feature);

describe.each(['memory', 'a folder'])('what was found is found again in %s', where => {
  const open = async (count: number, name: string): Promise<FeatureSource> =>
    where === 'memory' ? made(count) : storeFeatures(made(count), join(root, name));

  test('by token, by density, in any order', async () => {
    const source = await open(200, 'few/');
    expect(source.features).toBe(200);
    expect(rounded(await source.find({ limit: 1 }))).toEqual([
      { feature: 199, density: 0.199, largest: 1.995, token: 49 },
    ]);
    expect(await numbers(source, { token: 17, order: 'feature' })).toEqual([17, 67, 117, 167]);
    expect(await numbers(source, { token: [17, 18], limit: 2 })).toEqual([168, 167]);
    expect(await numbers(source, { token: [] })).toEqual([]);
    expect((await numbers(source, { token: 3, limit: 999 })).length).toBe(199);
    expect(await source.find({ density: [0, 0] })).toEqual([{ feature: 0, density: 0, largest: 0 }]);
    expect(await numbers(source, { density: [0.1, 0.1021], order: 'density' })).toEqual([102, 101, 100]);
    expect(await numbers(source, { order: 'density', reverse: true, limit: 2 })).toEqual([0, 1]);
    expect(await numbers(source, { order: 'feature', reverse: true, limit: 2 })).toEqual([199, 198]);
  });

  test('by name, also where the token would do', async () => {
    const source = await open(200, 'named');
    await source.label(67, ' Ends of sentences');
    await source.label(3, 'nothing');
    await source.label(3, '');
    expect(await numbers(source, { label: 'SENTENCES' })).toEqual([67]);
    expect((await source.find({ label: 'sentences' }))[0].label).toBe('Ends of sentences');
    expect(await numbers(source, { label: 'no such' })).toEqual([]);
    expect(await numbers(source, { label: 'ends', token: 18 })).toEqual([]);
    expect(await numbers(source, { label: 'ends', token: 18, either: true, order: 'feature' })).toEqual([
      18, 67, 68, 118, 168,
    ]);
  });

  test('with all that is known of it', async () => {
    const source = await open(200, 'whole');
    const { histogram, examples, mean } = await source.about(67);
    expect(mean).toBe(2);
    expect([histogram.top, histogram.counts.indexOf(1)]).toEqual([2, Math.floor((1.335 / 2) * 32)]);
    expect(rounded(examples)).toEqual([
      { value: 1.335, example: 67, position: 4, tokens: [7, 17, 9], at: 1, values: [0, 1.335, 0.25] },
      { value: 0.5, example: 67, position: 0, tokens: [3, 9], at: 0, values: [0.5, 0] },
    ]);
    expect((await source.about(0)).examples).toEqual([]);
  });

  test('and what cannot be asked is told', async () => {
    const source = await open(5, 'five');
    const asked = async (options: FindOptions) => source.find(options);
    await expect(asked({ token: 1.5 })).rejects.toThrow('1.5; expected a whole number from 0');
    await expect(asked({ density: [0, NaN] })).rejects.toThrow('expected a finite number');
    await expect((async () => source.about(5))()).rejects.toThrow('feature 5; expected 0 to 4');
    await expect((async () => source.label(9, 'x'))()).rejects.toThrow('feature 9; expected 0 to 4');
    await expect((async () => source.label(0, 'x'.repeat(501)))()).rejects.toThrow('a name of 501 letters');
  });
});

test('names outlive the session, and features that are stored again; they are written as JSON and CSV', async () => {
  const [folder, top] = [join(root, 'kept'), made(100)];
  top.label(5, 'from memory');
  const store = await storeFeatures(top, folder);
  await store.label(67, 'commas, "quotes"');
  const again = await openFeatures(folder);
  expect(again.labels().rows).toEqual([
    { feature: 5, label: 'from memory' },
    { feature: 67, label: 'commas, "quotes"' },
  ]);
  expect(String(await storeFeatures(made(100), folder))).toContain('100 features');
  expect(String(await openFeatures(folder))).toContain('2 of them with a name');
  await again.exportLabels(join(root, 'labels.csv'));
  expect(readFileSync(join(root, 'labels.csv'), 'utf8')).toBe(
    'feature,label\r\n5,from memory\r\n67,"commas, ""quotes"""\r\n',
  );
  await again.exportLabels(join(root, 'labels.json'));
  expect(JSON.parse(readFileSync(join(root, 'labels.json'), 'utf8'))).toEqual({
    5: 'from memory',
    67: 'commas, "quotes"',
  });
});

test('a folder that is no store is told', async () => {
  await expect(openFeatures(join(root, 'nowhere'))).rejects.toThrow(
    'holds no features; storeFeatures(top, folder)',
  );
  await storeFeatures(made(5), join(root, 'broken'));
  for (const wrong of ['{"a": "x"}', '{"1": 3}', '[]', 'x']) {
    writeFileSync(join(root, 'broken', 'labels.json'), wrong);
    await expect(openFeatures(join(root, 'broken'))).rejects.toThrow('is not a file of labels');
  }
});

test('a histogram grows with its values and loses none', () => {
  const histograms = new FeatureHistograms(2);
  const values = Array.from({ length: 500 }, (_, i) => ((i * 37) % 500) / 50 + 0.01);
  for (const value of [...values, 0, -1, NaN, Infinity]) histograms.add(1, value);
  const { top, counts } = histograms.of(1);
  expect([top, histograms.of(0).top]).toEqual([16, 0]);
  expect(counts).toEqual(
    counts.map((_, bin) => values.filter(value => Math.floor((value / 16) * 32) === bin).length),
  );
});

test('a hundred thousand features are searched', async () => {
  const store = await storeFeatures(made(100_000), join(root, 'many'));
  const began = performance.now();
  const found = await store.find({ token: 17, density: [0.5, 0.6], limit: 10_000 });
  expect(found.length).toBe(200);
  expect((await store.of(99_999))[0].example).toBe(99_999);
  // some 50 ms; a busy machine may take its time
  expect(performance.now() - began).toBeLessThan(5000);
}, 60_000);
