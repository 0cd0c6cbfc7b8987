/** What is saved is searched as the kernel would search it. */
import { expect, test } from 'vitest';
import { sifted, type FeatureQuery } from './features-live.ts';
import type { Feature } from './features.ts';

const feature = (
  feature: number,
  density: number,
  largest: number,
  label: string,
  token: string,
): Feature => ({
  feature,
  label,
  density,
  largest,
  token,
  mean: 1,
  histogram: { top: 0, counts: [] },
  examples: [{ place: '', value: largest, tokens: ['x', token], values: [0, largest], at: 1 }],
  nearest: [],
  reads: [],
  writes: [],
  raises: [],
  lowers: [],
});
const saved = [
  feature(12, 0.2, 1, 'Ends of lines', 'x'),
  feature(3, 0.0005, 4, '', 'Cat'),
  feature(7, 0, 0, '', ''),
  feature(8, 0.05, 2, 'cats and dogs', 'dog'),
];
const found = (query: Partial<FeatureQuery>) =>
  sifted(saved, { text: '', order: 'largest', band: 'any', ...query }).map(one => one.feature);

test('by number, name and word, in every order and band', () => {
  expect(found({})).toEqual([3, 8, 12, 7]);
  expect(found({ order: 'density' })).toEqual([12, 8, 3, 7]);
  expect(found({ order: 'rare' })).toEqual([7, 3, 8, 12]);
  expect(found({ order: 'number' })).toEqual([3, 7, 8, 12]);
  expect(found({ text: ' CAT ' })).toEqual([3, 8]);
  expect(found({ text: 'lines' })).toEqual([12]);
  expect(found({ text: '#12' })).toEqual([12]);
  expect(found({ text: 'no such' })).toEqual([]);
  expect(['dead', 'rare', 'usual', 'dense'].map(band => found({ band: band as 'dead' }))).toEqual([
    [7],
    [3],
    [8],
    [12],
  ]);
});
