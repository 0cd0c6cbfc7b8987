/** Somebody who reads a page of the documentation and runs its examples, for the tests of pages. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { setHost } from './base/host.ts';

/** The text of `docs/<name>`. The tests of the file run in a folder of their own, where nothing is shown. */
export function readPage(name: string): string {
  const home = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), 'neuronbook-page-'));
  beforeAll(() => {
    process.chdir(folder);
    setHost({ display() {}, clear() {}, interrupted: false, enterNative() {}, leaveNative() {} });
  });
  afterAll(() => {
    setHost(undefined);
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });
  return readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');
}
