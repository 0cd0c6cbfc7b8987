/** The hash against values of JupyterLab's own implementation. */
import { expect, test } from 'vitest';
import { HASH_SEED } from './sources.ts';
import { murmur2 } from './murmur2.ts';

test('answers as JupyterLab does', async () => {
  // the package has no exports for this file, so it is found by its place
  const lab = new URL('../../../node_modules/@jupyterlab/debugger/lib/hash.js', import.meta.url);
  const { murmur2: theirs } = (await import(/* @vite-ignore */ lab.href)) as { murmur2: typeof murmur2 };
  const texts = ['', 'a', 'ab', 'abc', 'abcd', 'const x = 1\nx + 1', 'π ≈ 3, 😀', 'x'.repeat(1001)];
  for (const text of texts)
    for (const seed of [0, 1, HASH_SEED]) expect(murmur2(text, seed)).toBe(theirs(text, seed));
});

test('known values', () => {
  expect([murmur2('', 0), murmur2('abc', HASH_SEED), murmur2('const x = 1', HASH_SEED)])
    .toMatchInlineSnapshot(`
    [
      0,
      3350977461,
      1005667695,
    ]
  `);
});
