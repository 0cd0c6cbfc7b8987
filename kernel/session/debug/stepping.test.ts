/** Steps of the debugger, over real sockets: from line to line as a reader counts them. */
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

/** Code, the line of its breakpoint, the steps from there, and where each of them ends. */
const walks: Record<string, [code: string, line: number, steps: string, stops: string]> = {
  'over awaits': [
    `const nap = () => new Promise(done => setTimeout(done, 5));
await nap();
const b = await Promise.resolve(3);
b`,
    2,
    'next next next',
    'Cell:2 Cell:3 Cell:4 end',
  ],
  'through loops': [
    `let s = 0;
for (let i = 0; i < 2; i++) {
  s += i;
}
for (const x of [1, 2]) s += x;
s`,
    3,
    'next next next next next next',
    'Cell:3 Cell:2 Cell:3 Cell:2 Cell:5 Cell:5 Cell:6',
  ],
  'into an async function and back': [
    `async function work(n: number) {
  await null;
  return n * 2;
}
const v = await work(2);
v`,
    5,
    'stepIn next next',
    'Cell:5 work:2 work:3 Cell:6',
  ],
  'into each call of a callback': [
    `const out = [1, 2].map(x => {
  return x + 1;
});
out.length`,
    1,
    'stepIn stepIn stepIn',
    'Cell:1 (anonymous):2 (anonymous):2 Cell:4',
  ],
  'into a constructor': [
    `class Pair {
  n = 1;
  constructor(by: number) {
    this.n += by;
  }
}
const pair = new Pair(2);
pair.n`,
    7,
    'stepIn stepOut next stepOut',
    'Cell:7 (fields):2 Pair:4 Pair:5 Cell:8',
  ],
  'into a catch': [
    `try {
  throw new Error('x');
} catch (error) {
  String(error);
}
1`,
    2,
    'next next',
    'Cell:2 Cell:4 Cell:6',
  ],
};

test.each(Object.entries(walks))('steps %s', async (_, [code, line, steps, expected]) => {
  await dap.breakpoints(code, [line]);
  const cell = await dap.start(code);
  const over = cell.done().then(() => 'end');
  const seen = [(await dap.stopped()).at];
  await dap.breakpoints(code, []);
  for (const step of steps.split(' ')) {
    await dap.request(step, { threadId: 1 });
    seen.push(await Promise.race([dap.stopped().then(({ at }) => at), over]));
  }
  expect(seen.join(' ').replace(/Cell \d+/g, 'Cell')).toBe(expected);
  await dap.request('disconnect');
  await over;
});

test('steps over, into and out of functions of another cell', async () => {
  await client.execute(`function area(width: number, height: number): number {
  const product = width * height;
  return product;
}`);
  const code = `let total = 0;
total += area(2, 3);
total += area(4, 5);
total`;
  await dap.breakpoints(code, [2]);
  const cell = await dap.start(code);
  const here = async (step?: string) => {
    if (step) await dap.request(step, { threadId: 1 });
    const { frames } = await dap.stopped();
    return frames.map(({ name, line }) => `${name.replace(/\d+/, 'N')}:${line}`).join(' < ');
  };
  expect(await here()).toBe('Cell N:2');
  expect(await here('stepIn')).toBe('area:2 < Cell N:2');
  expect(await here('next')).toBe('area:3 < Cell N:2');
  expect(await here('stepOut')).toBe('Cell N:3');
  expect(await here('next')).toBe('Cell N:4');
  await go();
  expect(resultOf(await cell.done())).toBe('26');
});
