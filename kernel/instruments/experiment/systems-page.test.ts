/** The example of docs/systems.md runs, and what it says of its results holds. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setHost } from '../../base/host.ts';
import type { Report } from '../../index.ts';
import { blocksOf, runSnippet } from '../../test-snippets.ts';

const page = readFileSync(new URL('../../../docs/systems.md', import.meta.url), 'utf8');
const home = process.cwd();
const folder = mkdtempSync(`${tmpdir()}/neuronbook-page-`);

beforeAll(() => {
  process.chdir(folder);
  setHost({ display() {}, clear() {}, interrupted: false, enterNative() {}, leaveNative() {} });
});
afterAll(() => {
  setHost(undefined);
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

test('a claim and its controls', async () => {
  const [claim] = blocksOf(page).filter(block => block.includes('averaging'));
  const report = (await runSnippet(`${claim}return report;`)) as Report;
  expect(claim).toContain(`report.met; // ${report.met}:`);
  expect(report.of('nine', 'deviation')).toHaveLength(3);
  const kept = JSON.parse(readFileSync('averaging.json', 'utf8')) as { met: boolean };
  expect(kept.met).toBe(report.met);
});
