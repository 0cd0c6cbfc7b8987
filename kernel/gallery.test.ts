/** The README's table and docs/papers.md are what the systems say. Write them again: npm run papers */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { experiment } from './index.ts';
import {
  galleryOf,
  headerOf,
  pretty,
  systems,
  tableOf,
  withTable,
  type SystemEntry,
} from './test-gallery.ts';

const entries = await systems();

test('docs/papers.md is up to date', async () => {
  await expect(await pretty(galleryOf(entries))).toMatchFileSnapshot('../docs/papers.md');
});

test('the table of the README is up to date', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  await expect(await pretty(withTable(readme, entries))).toMatchFileSnapshot('../README.md');
});

test('the results were run whole, with the marks that are declared now', () => {
  for (const { name, result, experiment } of entries) {
    if (!result) continue;
    expect([name, result.complete]).toEqual([name, true]);
    const bounds = result.verdicts.map(({ claim, bound }) => [
      claim,
      bound.replace(/ in \d+ of \d+ seeds$/, ''),
    ]);
    const declared = Object.entries(experiment.marks).map(([claim, { atLeast, atMost }]) => [
      claim,
      [atLeast !== undefined && `at least ${atLeast}`, atMost !== undefined && `at most ${atMost}`]
        .filter(Boolean)
        .join(' and '),
    ]);
    expect(bounds, name).toEqual(declared);
  }
});

const entry: SystemEntry = {
  name: 'toys/coin',
  title: 'A loaded coin | and another.',
  paper: 'https://example.org/coin',
  experiment: experiment({
    question: 'Is it loaded?',
    arms: { loaded: 'a loaded coin' },
    controls: { fair: 'a fair one' },
    marks: { heads: { of: own => own.heads, atLeast: 0.6, control: 'fair' } },
    run: () => ({ heads: 1 }),
  }),
};

test('a page that lacks a system, or another result, is told from one that does not', () => {
  const page = `# A page\n\n<!-- systems: npm run papers -->\n\nnothing\n\n<!-- end of systems -->\n\nmore\n`;
  const made = withTable(page, [entry]);
  expect(made).not.toBe(page);
  expect(made).toContain(
    '| [toys/coin](docs/papers.md#toyscoin) | A loaded coin \\| and another. | not run yet (1) |',
  );
  expect(made.endsWith('<!-- end of systems -->\n\nmore\n')).toBe(true);
  expect(withTable(made, [entry])).toBe(made);
  expect(() => withTable('# A page\n', [entry])).toThrow('the page has no <!-- systems');
  const result = {
    complete: true,
    seeds: [1, 2],
    trials: [{ seconds: 3, at: '2026-01-02T03:04:05Z', commit: 'abc' }],
    verdicts: [
      {
        claim: 'heads',
        bound: 'at least 0.6',
        arm: 'loaded',
        values: [0.7, 0.5],
        met: false,
        control: { arm: 'fair', values: [0.5, 0.51], fails: true },
      },
    ],
  };
  expect(tableOf([{ ...entry, result }])).toContain('| 0 of 1, 2 seeds |');
  const gallery = galleryOf([{ ...entry, result }]);
  expect(gallery).toContain('| heads | at least 0.6 | loaded | 0.7, 0.5 | fair: 0.5, 0.51 | **no** |');
  expect(gallery).toContain('1 runs, 3 s, 2026-01-02 at abc.');
});

test('of a header, the first sentence and the paper', () =>
  expect(
    headerOf('/**\n * Units fall silent\n * as they train. And more.\n * @see https://a.org/b\n */'),
  ).toEqual({
    title: 'Units fall silent as they train.',
    paper: 'https://a.org/b',
  }));
