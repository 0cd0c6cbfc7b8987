/** The examples of docs/networks.md run, and each value that a comment shows is the one that comes out. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { blocksOf, runSnippet } from '../test-snippets.ts';

const blocks = blocksOf(readFileSync(new URL('../../docs/networks.md', import.meta.url), 'utf8'));

test('the page has examples', () => expect(blocks.length).toBeGreaterThan(4));

test.each(blocks.map((code, i) => [i + 1, code] as const))('example %i', async (_, code) => {
  // `expression; // value` becomes a pair of what it is and what the page says
  const checked = code.replace(
    /^(\S.*); \/\/ (.+)$/gm,
    (_, expression, shown) => `seen.push([${expression}, ${JSON.stringify(shown)}]);`,
  );
  const seen: [unknown, string][] = [];
  await runSnippet(checked, { seen });
  // each example shows at least one value
  expect(seen).not.toEqual([]);
  for (const [value, shown] of seen) expect(text(value)).toBe(shown.replace(/[[\]']/g, ''));
});

const text = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value));
