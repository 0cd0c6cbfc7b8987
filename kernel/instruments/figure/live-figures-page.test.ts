/** The example of docs/live-figures.md runs, and is as small as the page says. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { figure } from '../../index.ts';
import { blocksOf, runSnippet } from '../../test-snippets.ts';

const page = readFileSync(new URL('../../../docs/live-figures.md', import.meta.url), 'utf8');

test('a fixed picture under a late edit leaves a few kilobytes', async () => {
  const code = `${blocksOf(page).join('')}return made;`;
  const made = (await runSnippet(code, {})) as figure.LiveFigure;
  expect(Object.keys(made.payload.data.controls)).toEqual(['strength', 'gone']);
  expect(made.size).toBeLessThan(40e3);
});
