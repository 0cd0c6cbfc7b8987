/** The examples of docs/attribution.md run, one after the other, and what they print is what the page says. */
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { setHost } from '../../base/host.ts';
import { blocksOf, runSnippet } from '../../test-snippets.ts';

const page = readFileSync(new URL('../../../docs/attribution.md', import.meta.url), 'utf8');

test('every example runs, and prints what the page says', async () => {
  setHost({ display() {}, clear() {}, interrupted: false, enterNative() {}, leaveNative() {} });
  const blocks = blocksOf(page);
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...values) => void lines.push(values.join(' ')));
  try {
    await runSnippet(blocks.join(''));
  } finally {
    log.mockRestore();
    setHost(undefined);
  }
  const said = [...blocks.join('').matchAll(/console\.log\(.*\/\/ → (.*)$/gm)].map(([, text]) => text);
  expect(said.length).toBeGreaterThan(4);
  expect(lines).toEqual(said);
}, 120_000);
