/** A kernel ends when it is told to, in seconds: also one that has rested, and one with a thread that nothing can stop. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { resultOf, startKernel, type Client } from './test-client.ts';

/** Longer than what any part of the kernel waits for before it does something by itself, in ms. */
const REST = 4000;
const PATIENCE = 4000;

/** Milliseconds until the kernel has ended by itself; it is killed where it does not. */
async function ended(client: Client): Promise<number> {
  const since = performance.now();
  const late = setTimeout(() => client.kernel.kill('SIGKILL'), 15_000);
  await client.exited;
  clearTimeout(late);
  await client.stop();
  return performance.now() - since;
}

test('a shutdown after a rest', async () => {
  const client = await startKernel();
  await client.execute('const series = [1, 2, 3]; series.length');
  const { reply } = await client.request('complete_request', { code: 'series.le', cursor_pos: 9 });
  expect(reply.content.matches).toEqual(['length']);
  await sleep(REST);
  await client.request('shutdown_request', { restart: false }, 'control');
  expect(await ended(client)).toBeLessThan(PATIENCE);
}, 60_000);

test.skipIf(process.platform === 'win32')(
  'what cells have started ends with the kernel, but for what was detached',
  async () => {
    const client = await startKernel();
    const pids = resultOf(
      await client.execute(`
      const { spawn, exec } = require('node:child_process');
      const own = spawn('sleep', ['60']), shell = exec('sleep 60; true');
      const free = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
      await new Promise(done => setTimeout(done, 300));
      [own, shell, free].map(({ pid }) => pid).join()`),
    );
    const [own, shell, free] = String(pids).slice(1, -1).split(',').map(Number);
    await client.stop();
    await sleep(300);
    const alive = (pid: number) =>
      spawnSync('ps', ['-o', 'stat=', '-p', String(pid)])
        .stdout.toString()
        .trim();
    expect([own, shell, free].map(pid => /^[^Z]/.test(alive(pid)))).toEqual([false, false, true]);
    process.kill(free);
  },
  60_000,
);

/** Whoever opens a pipe without a writer waits in the system, where no isolate can be terminated. */
const hang = (pipe: string): string => `
  const { isMainThread } = require('node:worker_threads');
  if (isMainThread) process.env.THREADS_HANG = String(process.argv[1].endsWith('main.js'));
  else if (process.env.THREADS_HANG === 'true') require('node:fs').openSync(${JSON.stringify(pipe)});`;

test.skipIf(process.platform === 'win32').each([
  [
    'a shutdown',
    (client: Client) => client.send('shutdown_request', { restart: false }, { channel: 'control' }),
  ],
  ['SIGTERM', (client: Client) => client.kernel.kill('SIGTERM')],
])(
  '%s where the language worker hangs in the system',
  async (_, end) => {
    const folder = mkdtempSync(join(tmpdir(), 'neuronbook-test-'));
    spawnSync('mkfifo', [join(folder, 'pipe')]);
    writeFileSync(join(folder, 'hang.cjs'), hang(join(folder, 'pipe')));
    const client = await startKernel({ env: { NODE_OPTIONS: `--require ${join(folder, 'hang.cjs')}` } });
    await client.execute('1');
    await client.send('complete_request', { code: 'Mat', cursor_pos: 3 });
    await sleep(500);
    await end(client);
    expect(await ended(client)).toBeLessThan(PATIENCE);
    rmSync(folder, { recursive: true });
  },
  60_000,
);
