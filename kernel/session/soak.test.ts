/**
 * Many cells of mixed kinds in one kernel, with interrupts and crashes among them: each is answered, in its kind, and
 * memory stays where it was after warming up. Here the short form; `npm run soak` runs 10 000 cells.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { resultOf, startKernel, textOf, type Answer, type Client } from './test-client.ts';

const CELLS = Number(process.env.NEURONBOOK_SOAK ?? 100);
const long = CELLS >= 2000;
/** A crash after so many cells, an interrupt after so many. */
const CRASH = long ? 1000 : 50;
const INTERRUPT = long ? 100 : 25;
/** What the processes may grow by from the first hundreds of cells to the last, in MB: caches fill, heaps waver. */
const GROWTH = 60;

type Kind = { code(i: number): string; look(answer: Answer, i: number): void };
const ok = ({ reply }: Answer) => expect(reply.content.evalue ?? reply.content.status).toBe('ok');
const value = (text: (i: number) => string) => (answer: Answer, i: number) => {
  ok(answer);
  expect(resultOf(answer)).toBe(text(i));
};

const kinds: Kind[] = [
  { code: i => `const fixed = ${i}; fixed + 1`, look: value(i => `${i + 1}`) },
  {
    code: i => `let count = ${i}; function add(n: number) { return (count += n) }; add(2)`,
    look: value(i => `${i + 2}`),
  },
  {
    code: () => 'class Point { constructor(public x = 1, public y = 2) {} }; new Point().y',
    look: value(() => '2'),
  },
  { code: i => `await Promise.resolve('${i}')`, look: value(i => `'${i}'`) },
  {
    code: i => `for (let i = 0; i < 50; i++) console.log(${i}, i)`,
    look: (answer, i) => expect(textOf(answer).split('\n')[49]).toBe(`${i} 49`),
  },
  { code: () => 'display({ "text/html": "<b>x</b>" })', look: ok },
  { code: () => 'tensor(new Float32Array(20_000), [100, 200]).dims.length', look: value(() => '2') },
  { code: () => 'new Array(100_000).fill(0).map((_, i) => ({ i })).length', look: value(() => '100000') },
  { code: () => 'setTimeout(() => console.log("late"), 5); void 0', look: ok },
  { code: () => 'import { basename } from "node:path"; basename("/a/b")', look: value(() => "'b'") },
  {
    code: i => `throw new RangeError('${i}')`,
    look: ({ reply }, i) => expect(reply.content).toMatchObject({ ename: 'RangeError', evalue: String(i) }),
  },
  { code: () => 'let a b', look: ({ reply }) => expect(reply.content.ename).toBe('SyntaxError') },
  { code: () => '// nothing', look: ok },
];

/** Resident memory of a process, in MB. */
function memory(pid: number | undefined): number {
  if (process.platform === 'linux')
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) / 1024;
}

async function interrupt(client: Client): Promise<void> {
  const id = await client.send('execute_request', client.executeRequest('for (;;);'));
  await sleep(20);
  await client.interrupt();
  expect((await client.finish(id)).reply.content.ename).toBe('Interrupted');
}

async function crash(client: Client): Promise<void> {
  const { reply } = await client.execute('process.kill(process.pid, "SIGKILL"); for (;;);');
  expect(reply.content.ename).toBe('ProcessCrashed');
}

test(
  `${CELLS} cells`,
  async () => {
    const client = await startKernel();
    const prepare = 'import { tensor } from "neuronbook"; process.pid';
    let runner = Number(resultOf(await client.execute(prepare)));
    /** [cells of this runner's life, MB of the supervisor, MB of the runner] */
    const samples: [number, number, number][] = [];
    const since = performance.now();
    for (let i = 1, life = 0; i <= CELLS; i++) {
      const kind = kinds[i % kinds.length];
      kind.look(await client.execute(kind.code(i)), i);
      if (i % 7 === 0) await client.request('complete_request', { code: 'fix', cursor_pos: 3 });
      if (i % INTERRUPT === 0) await interrupt(client);
      if (++life % 100 === 0 && life >= 200) samples.push([life, memory(client.kernel.pid), memory(runner)]);
      if (i % CRASH === 0) {
        await crash(client);
        runner = Number(resultOf(await client.execute(prepare)));
        life = 0;
      }
      client.received.length = 0;
    }
    const perCell = (performance.now() - since) / CELLS;
    console.info(`${CELLS} cells answered, ${perCell.toFixed(1)} ms each`);
    if (long) {
      const mean = (of: typeof samples, column: 1 | 2) =>
        of.reduce((sum, one) => sum + one[column], 0) / of.length;
      const quarter = samples.length >> 2;
      const supervisor = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)].map(of =>
        mean(of, 1),
      );
      const lives = [200, 900].map(age =>
        mean(
          samples.filter(([life]) => life === age),
          2,
        ),
      );
      const round = (values: number[]) => values.map(mb => mb.toFixed()).join(' → ');
      console.info(
        `supervisor: second to last quarter ${round(supervisor)} MB; runner: cell 200 to 900 ${round(lives)} MB`,
      );
      expect(supervisor[1] - supervisor[0]).toBeLessThan(GROWTH);
      expect(lives[1] - lives[0]).toBeLessThan(GROWTH);
    }
    expect(await client.stop()).toBe(0);
  },
  240_000 + CELLS * 200,
);
