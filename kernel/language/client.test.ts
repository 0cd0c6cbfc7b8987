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

/** Takes TypeScript minutes, within all of its own limits. */
const runaway = `type Bit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';
type Mul<A extends string, B extends string> = \`\${A}\${B}\`;
type Four = Mul<Mul<Bit, Bit>, Mul<Bit, Bit>>;
const endless: { [K in Four]: { [L in Four]: K extends L ? 1 : L } }[Four][Four] = 2;`;

test('a type that runs away costs the worker, not the kernel; its names are known all the same', async () => {
  const client = createLanguageClient(mkdtempSync(join(tmpdir(), 'client-')), { limit: 4000 });
  client.addCell('const before = { kept: 1 }', 1);
  expect((await client.complete('before.', 7)).matches).toEqual(['kept']);
  const lost = client.diagnose(runaway);
  client.addCell(runaway, 2);
  const behind = client.complete('before.', 7);
  expect(await lost).toEqual([]);
  expect((await behind).matches).toEqual([]);
  expect((await client.complete('before.', 7)).matches).toEqual(['kept']);
  expect((await client.complete('endl', 4)).matches).toEqual(['endless']);
  expect((await client.inspect('endless', 7, 0)).data['text/plain']).toContain('any');
  expect(await client.diagnose(runaway)).toEqual([]);
  await client.dispose();
});

test('who types comes before cells that wait to be checked, each against what was there when it ran', async () => {
  const client = createLanguageClient(mkdtempSync(join(tmpdir(), 'client-')));
  const order: string[] = [];
  const done = <T>(name: string, answer: Promise<T>): Promise<T> =>
    answer.then(found => {
      order.push(name);
      return found;
    });
  client.addCell('let size = 1', 1);
  const checks = [
    done('first', client.diagnose('size.toFixed(); later')),
    done('second', client.diagnose('size.toFixed()')),
  ];
  client.addCell('let size = "large"; const later = 1', 2);
  checks.push(done('third', client.diagnose('size.toFixed()')));
  const { matches } = await done('complete', client.complete('lat', 3));
  expect(matches).toEqual(['later']);
  const found = await Promise.all(checks);
  expect(found.map(each => each.map(({ code }) => code))).toEqual([[2304], [], [2551]]);
  expect(order).toEqual(['first', 'complete', 'second', 'third']);
  await client.dispose();
});

test('cells that are gone are forgotten', async () => {
  const client = createLanguageClient(mkdtempSync(join(tmpdir(), 'client-')));
  client.addCell('const kept = { field: 1 }; globalThis.extra = 1; declare global { var wide: 1 }', 1);
  expect((await client.complete('kept.', 5)).matches).toEqual(['field']);
  expect(await client.diagnose('extra; wide')).toEqual([]);
  client.forget();
  for (const name of ['kept', 'extra', 'wide'])
    expect((await client.complete(name, name.length)).matches).toEqual([]);
  client.addCell('const kept = { later: 1 }', 1);
  expect((await client.complete('kept.', 5)).matches).toEqual(['later']);
  await client.dispose();
});
