/** The hash against what JupyterLab's own implementation answers (@jupyterlab/debugger 4.6, lib/hash.js). */
import { expect, test } from 'vitest';
import { murmur2 } from './murmur2.ts';
import { HASH_SEED } from './sources.ts';

const theirs: [text: string, bySeed0: number, byOurSeed: number][] = [
  ['', 0, 3990065800],
  ['a', 2456313694, 2167009006],
  ['ab', 446775395, 2805137849],
  ['abc', 324500635, 3350977461],
  ['abcd', 646393889, 804720481],
  ['const x = 1\nx + 1', 454695717, 1496555097],
  ['π ≈ 3, 😀', 116072961, 2126269899],
  ['x'.repeat(1001), 740088433, 2469510316],
];

test('answers as JupyterLab does', () => {
  expect(theirs.map(([text]) => [text, murmur2(text, 0), murmur2(text, HASH_SEED)])).toEqual(theirs);
});
