/** Kinds of rows: as many as there are, one where there is one, and the same for the same seed. */
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { facets } from './facets.ts';

/** `count` normal clouds of 25 rows in 12 dimensions, `apart` deviations from each other. */
function clouds(count: number, apart: number, seed: number): number[][] {
  const random = rng(seed);
  return Array.from({ length: 25 * count }, (_, i) =>
    Array.from({ length: 12 }, (_, axis) => random.normal() + (axis === i % count ? apart : 0)),
  );
}

test.each([1, 2, 3, 4])('%d clouds are that many facets, on three seeds', async count => {
  for (const seed of [1, 2, 3]) {
    const found = await facets(clouds(count, 12, seed));
    expect(found.count).toBe(count);
    // rows of one cloud, and no others, share a label
    const first = Array.from({ length: count }, (_, k) => found.labels[k]);
    expect(new Set(first).size).toBe(count);
    expect(found.labels).toEqual(found.labels.map((_, i) => first[i % count]));
    expect(found.members.flat().sort((a, b) => a - b)).toEqual(found.labels.map((_, i) => i));
  }
});

test('a cloud that is longer one way is still one', async () => {
  const long = clouds(1, 0, 5).map(row => row.map((x, axis) => (axis === 0 ? 2 * x : x)));
  expect((await facets(long)).count).toBe(1);
});

test('clusters nearer than asked are one', async () => {
  const rows = clouds(2, 12, 8);
  expect((await facets(rows, { apart: 10 })).count).toBe(2);
  expect((await facets(rows, { apart: 30 })).count).toBe(1);
});

test('an outlier is no facet', async () => {
  const rows = clouds(1, 0, 6);
  rows[3] = rows[3].map(() => 40);
  expect((await facets(rows)).count).toBe(1);
});

test('more axes than rows, and more rows than axes, give the same facets', async () => {
  const rows = clouds(2, 12, 7);
  const wide = rows.map(row => [...row, ...Array.from({ length: 60 }, () => 0)]);
  const { labels } = await facets(rows);
  const other = (await facets(wide)).labels;
  expect(other.map(label => label === other[0])).toEqual(labels.map(label => label === labels[0]));
});

test('too few rows are refused', async () => {
  await expect(facets([[1], [2]])).rejects.toThrowErrorMatchingInlineSnapshot(
    `[NeuronbookError: facets of 2 rows; expected at least three, of the same length]`,
  );
});
