/** The example of docs/systems.md runs, and what it says of its results holds. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Report } from '../../index.ts';
import { readPage } from '../../test-reader.ts';
import { blocksOf, runSnippet } from '../../test-snippets.ts';

const page = readPage('systems.md');

test('a claim and its controls', async () => {
  const [claim] = blocksOf(page).filter(block => block.includes('averaging'));
  const report = (await runSnippet(`${claim}return report;`)) as Report;
  expect(claim).toContain(`report.met; // ${report.met}:`);
  expect(report.of('nine', 'deviation')).toHaveLength(3);
  const kept = JSON.parse(readFileSync('averaging.json', 'utf8')) as { met: boolean };
  expect(kept.met).toBe(report.met);
});
