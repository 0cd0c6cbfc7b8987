/** Cells are found again: by tail, range and search, after a restart, beside other kernels, and without a file. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createHistory, type HistoryRow } from './history.ts';
import { openHistoryFile } from './history-file.ts';
import { startKernel, type Client } from './test-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'neuronbook-history-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const env = { JUPYTER_DATA_DIR: folder };

async function ask(client: Client, content: Record<string, unknown>): Promise<HistoryRow[]> {
  const { reply } = await client.request('history_request', { raw: true, output: false, ...content });
  return reply.content.history as HistoryRow[];
}
const sources = (rows: HistoryRow[]) => rows.map(([, , source]) => source);

/** A history of this process, and what it complained of. */
function fresh(path: string) {
  const problems: string[] = [];
  const history = createHistory({ open: () => openHistoryFile(path), warn: text => problems.push(text) });
  return { history, problems };
}

test('over restarts: tail, range, search, outputs', async () => {
  const first = await startKernel({ env });
  await first.execute('"needle one"');
  await first.execute('const 𝒳 = "😀"; 𝒳');
  await first.execute('"silent"', { silent: true });
  await first.execute('"not stored"', { store_history: false });
  await first.execute('"needle two"');
  const [[session]] = await ask(first, { hist_access_type: 'tail', n: 1 });
  await first.stop();

  const second = await startKernel({ env });
  await second.execute('"needle one"');
  await second.execute('a = [1, "needle"]');
  expect(await ask(second, { hist_access_type: 'tail', n: 4 })).toEqual([
    [session, 2, 'const 𝒳 = "😀"; 𝒳'],
    [session, 3, '"needle two"'],
    [session + 1, 1, '"needle one"'],
    [session + 1, 2, 'a = [1, "needle"]'],
  ]);
  const range = (content: object) => ask(second, { hist_access_type: 'range', ...content });
  expect(sources(await range({ session: 0 }))).toEqual(['"needle one"', 'a = [1, "needle"]']);
  expect(await range({ session: -1, start: 2, stop: 4, output: true })).toEqual([
    [session, 2, ['const 𝒳 = "😀"; 𝒳', "'😀'"]],
    [session, 3, ['"needle two"', "'needle two'"]],
  ]);
  expect(sources(await range({ session, start: 1, stop: 2 }))).toEqual(['"needle one"']);
  expect(sources(await range({ session: -1, start: -1 }))).toEqual(['"needle two"']);
  expect(await range({ session: -7 })).toEqual([]);

  const search = (content: object) => ask(second, { hist_access_type: 'search', ...content });
  expect(sources(await search({ pattern: '*needle*' }))).toEqual([
    '"needle one"',
    '"needle two"',
    '"needle one"',
    'a = [1, "needle"]',
  ]);
  expect(await search({ pattern: '"needle ???"', unique: true })).toEqual([
    [session, 3, '"needle two"'],
    [session + 1, 1, '"needle one"'],
  ]);
  expect(sources(await search({ pattern: '*[1*', n: 1 }))).toEqual(['a = [1, "needle"]']);
  expect(sources(await search({ pattern: 'const ? = "?"*' }))).toEqual(['const 𝒳 = "😀"; 𝒳']);
  await second.stop();
}, 60_000);

test('two kernels side by side lose nothing and keep apart', async () => {
  const clients = await Promise.all([startKernel({ env }), startKernel({ env })]);
  await Promise.all(
    clients.map(async (client, i) => {
      for (let n = 0; n < 20; n++) await client.execute(`"kernel ${i} cell ${n}"`);
    }),
  );
  const rows = await Promise.all(clients.map(client => ask(client, { hist_access_type: 'range' })));
  expect(rows.map(own => own.length)).toEqual([20, 20]);
  expect(rows[0][0][0]).not.toBe(rows[1][0][0]);
  await Promise.all(clients.map(client => client.stop()));
  const later = await startKernel({ env });
  for (const i of [0, 1])
    expect(await ask(later, { hist_access_type: 'search', pattern: `"kernel ${i} *` })).toEqual(rows[i]);
  await later.stop();
}, 60_000);

test('a file that is no database costs one line in the log, and no cell', async () => {
  const broken = join(folder, 'broken');
  mkdirSync(join(broken, 'neuronbook'), { recursive: true });
  writeFileSync(join(broken, 'neuronbook', 'history.sqlite'), 'not a database'.repeat(100));
  const client = await startKernel({ env: { JUPYTER_DATA_DIR: broken } });
  await client.execute('1');
  await client.execute('2');
  expect(sources(await ask(client, { hist_access_type: 'tail', n: 5 }))).toEqual(['1', '2']);
  expect(sources(await ask(client, { hist_access_type: 'search', pattern: '?' }))).toEqual(['1', '2']);
  await client.stop();
  expect(client.noise().trim()).toMatch(/^history is kept in memory only: .*not a database.*$/);
}, 60_000);

test('a folder that cannot be written', async () => {
  const sealed = join(folder, 'sealed');
  writeFileSync(sealed, 'a file where the folder should be');
  chmodSync(sealed, 0o400);
  const { history, problems } = fresh(join(sealed, 'neuronbook', 'history.sqlite'));
  history.add(1, 'kept');
  await history.flush();
  expect(await history.query({ hist_access_type: 'tail' })).toEqual([[1, 1, 'kept']]);
  expect(problems.length).toBe(1);
});

test('the lock of a kernel that was killed is broken', async () => {
  const path = join(folder, 'locked.sqlite');
  mkdirSync(`${path}.lock`);
  const past = Date.now() / 1000 - 60;
  utimesSync(`${path}.lock`, past, past);
  const { history, problems } = fresh(path);
  history.add(1, 'after');
  await history.flush();
  const other = fresh(path);
  expect(sources(await other.history.query({ hist_access_type: 'tail' }))).toEqual(['after']);
  expect([...problems, ...other.problems]).toEqual([]);
});

test('strange questions are answered', async () => {
  const { history } = fresh(join(folder, 'strange.sqlite'));
  for (let line = 1; line <= 3; line++) history.add(line, `cell ${line}`);
  const found = async (request: object) => sources(await history.query(request as never));
  expect(await found({ hist_access_type: 'tail', n: 0 })).toEqual([]);
  expect(await found({ hist_access_type: 'tail', n: 'many' })).toHaveLength(3);
  expect(await found({ hist_access_type: 'range', session: 'x', stop: null })).toHaveLength(3);
  expect(await found({ hist_access_type: 'range', start: 2, stop: -1 })).toEqual(['cell 2']);
  expect(await found({ hist_access_type: '__proto__', pattern: 'cell 3' })).toEqual(['cell 3']);
});
