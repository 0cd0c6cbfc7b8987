/** The worker thread behind the client, with what happens where it dies. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLanguageClient } from './client.ts';

test('cells added before and after the start are known; a lost worker comes back with all of them', async () => {
  const client = createLanguageClient(mkdtempSync(join(tmpdir(), 'client-')));
  client.addCell('const early = { first: 1 }', 1);
  expect(await client.isComplete('early.')).toEqual({ status: 'incomplete', indent: '' });
  expect((await client.complete('early.', 6)).matches).toEqual(['first']);
  client.addCell('const late = { second: early }', 2);
  expect((await client.inspect('late', 4, 0)).data['text/plain']).toContain('second:');
  expect((await client.diagnose('late.third')).map(({ code }) => code)).toEqual([2339]);

  const lost = client.complete('late.', 5);
  await client.dispose();
  expect(await lost).toEqual({
    status: 'ok',
    matches: [],
    cursor_start: 5,
    cursor_end: 5,
    metadata: { _jupyter_types_experimental: [] },
  });
  expect((await client.complete('late.', 5)).matches).toEqual(['second']);
  await client.dispose();
});
