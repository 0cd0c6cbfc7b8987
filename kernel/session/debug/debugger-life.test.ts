/** What ends while a cell stands still: the cell, the debugger, the process, the kernel. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { resultOf, startKernel, type Client } from '../test-client.ts';
import { createDap, type Dap } from './test-dap.ts';

let client: Client;
let dap: Dap;

beforeAll(async () => {
  client = await startKernel();
  dap = createDap(client);
});
afterAll(() => client.stop());
beforeEach(async () => {
  await dap.ask('disconnect');
  await dap.attach();
});

const go = () => dap.request('continue', { threadId: 1 });

test('pauses a loop, and an interrupt ends what stands still', async () => {
  const cell = await dap.start('let turns = 0;\nwhile (true) {\n  turns++;\n}');
  await sleep(300);
  await dap.request('pause', { threadId: 1 });
  const { reason, frames } = await dap.stopped();
  expect(reason).toBe('pause');
  expect(Number(await dap.evaluate('turns', frames[0].id))).toBeGreaterThan(0);
  const since = performance.now();
  expect((await client.interrupt()).reply.content.status).toBe('ok');
  const { reply } = await cell.done();
  expect(reply.content).toMatchObject({ status: 'error', ename: 'Interrupted' });
  expect(performance.now() - since).toBeLessThan(3000);
  expect(Number(resultOf(await client.execute('turns')))).toBeGreaterThan(0);
});

test('an interrupt ends a cell at its breakpoint, and the next cell stops again', async () => {
  const code = 'let step = 1;\nstep = 2;\nstep = 3;';
  await dap.breakpoints(code, [2]);
  for (let run = 0; run < 2; run++) {
    const cell = await dap.start(code);
    await dap.stopped();
    await client.interrupt();
    expect((await cell.done()).reply.content.ename).toBe('Interrupted');
    expect(resultOf(await client.execute('step'))).toBe('1');
  }
});

test('disconnecting lets a stopped cell run to its end', async () => {
  const code = 'let kept = 5;\nkept += 1;';
  await dap.breakpoints(code, [2]);
  const cell = await dap.start(code);
  await dap.stopped();
  await dap.request('disconnect', { restart: false, terminateDebuggee: false });
  expect((await cell.done()).reply.content.status).toBe('ok');
  expect((await dap.request<{ isStarted: boolean }>('debugInfo')).isStarted).toBe(false);
  expect(resultOf(await client.execute(`${code}\nkept`))).toBe('6');
});

test('no process of the kernel listens but the supervisor on its own sockets', async () => {
  const pid = Number(resultOf(await client.execute('process.pid')));
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap(fd => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  const listening = ['tcp', 'tcp6'].flatMap(table =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .filter(columns => columns[3] === '0A')
      .map(columns => columns[9]),
  );
  expect(sockets.size).toBeGreaterThan(0);
  expect(listening.length).toBeGreaterThan(0);
  expect(listening.filter(inode => sockets.has(inode))).toEqual([]);
});

test('the process of a debugged cell may end: the debugger meets its successor', async () => {
  const code = 'let before = 1;\nprocess.exit(3);';
  await dap.breakpoints(code, [2]);
  for (let run = 0; run < 2; run++) {
    const cell = await dap.start(code);
    expect((await dap.stopped()).frames[0].line).toBe(2);
    await go();
    expect((await cell.done()).reply.content.ename).toBe('ProcessExited');
  }
});

test('an interrupt at a breakpoint inside a timer keeps the state', async () => {
  const code = `let ticks = 0;
await new Promise<void>(done => setTimeout(() => {
  ticks++;
  done();
}, 5));
await new Promise(() => {});`;
  await dap.breakpoints(code, [3]);
  const cell = await dap.start(code);
  expect((await dap.stopped()).frames[0]).toMatchObject({ name: '(anonymous)', line: 3 });
  await client.interrupt();
  expect((await cell.done()).reply.content.ename).toBe('Interrupted');
  expect(resultOf(await client.execute('ticks'))).toBe('1');
});

test('an evaluation that never ends is interrupted, and the cell with it', async () => {
  const code = 'let a = 1;\na = 2;\na = 3;';
  await dap.breakpoints(code, [2]);
  const cell = await dap.start(code);
  const { frames } = await dap.stopped();
  const endless = dap.ask('evaluate', { expression: 'while (true) {}', frameId: frames[0].id });
  await sleep(300);
  await client.interrupt();
  expect(await endless).toMatchObject({ success: false, message: 'InterruptError: interrupted' });
  expect((await cell.done()).reply.content.ename).toBe('Interrupted');
  expect(resultOf(await client.execute('a'))).toBe('1');
});

// the last one: it ends the kernel of this file
test('the kernel shuts down at once while a cell stands still', async () => {
  await dap.breakpoints('let a = 1;', [1]);
  await dap.start('let a = 1;');
  await dap.stopped();
  await client.send('shutdown_request', { restart: false }, { channel: 'control' });
  // half a second on a quiet machine
  expect(await Promise.race([client.exited, sleep(15_000, 'late')])).toBe(0);
});
