/**
 * Interrupts at random moments: the cell is answered, the kernel is idle, variables live on. `npm run soak interrupts`
 * repeats each case twenty times and prints the table.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { tensor } from '../base/tensor.ts';
import { NEURONBOOK_MIME } from '../display/payload.ts';
import type { FeatureGridPayload as View } from '../display/views/feature-grid.ts';
import { encode } from '../onnx/encode.ts';
import { resultOf, startKernel, textOf, type Answer, type Client } from './test-client.ts';

const REPEATS = Number(process.env.NEURONBOOK_REPEATS ?? 3);
/** From the click to idle, the median, in ms; alone on its machine a kernel takes a fifth of it. */
const LIMIT = 2500;
const SIZE = 1024;
const random = rng('interrupts');

const ort = JSON.stringify(createRequire(import.meta.url).resolve('onnxruntime-node'));

let folder: string;
let client: Client;
let kept = 41;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'neuronbook-interrupt-'));
  writeFileSync(join(folder, 'step.onnx'), encode(matmulChain(8)));
  // loops like a library's own: not compiled by the kernel, so they look for no interrupt
  writeFileSync(
    join(folder, 'loops.mjs'),
    `export const spin = () => { for (;;); };
export const turn = async () => { for (;;) await 1; };
export async function ascent(session, x) {
  for (;;) x = (await session.run({ x })).y;
}
`,
  );
  client = await startKernel({ cwd: folder });
  // so many products that one run takes two seconds on this machine, busy as it may be
  const speed = await client.execute(`
    const ort = require(${ort});
    const probe = await ort.InferenceSession.create('step.onnx');
    const input = new ort.Tensor('float32', new Float32Array(${SIZE * SIZE}), [${SIZE}, ${SIZE}]);
    const since = performance.now();
    await probe.run({ x: input });
    performance.now() - since`);
  const products = Math.ceil((8 * 2500) / Number(resultOf(speed)));
  writeFileSync(join(folder, 'long.onnx'), encode(matmulChain(products)));
  await restore();
}, 60_000);

afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What the cases find declared, after the kernel's start and after a death that was meant. */
async function restore(): Promise<void> {
  const ready = await client.execute(
    `import { load, viz } from 'neuronbook';
    import { spin, turn, ascent } from './loops.mjs';
    import { exec, spawnSync } from 'node:child_process';
    import { promisify } from 'node:util';
    const ort = require(${ort});
    const model = await load('zoo:textures');
    const open = (file: string) => ort.InferenceSession.create(file);
    const step = await open('step.onnx'), long = await open('long.onnx');
    const x = new ort.Tensor('float32', new Float32Array(${SIZE * SIZE}).fill(0.5), [${SIZE}, ${SIZE}]);
    let kept = ${kept}, steps = 0;`,
  );
  expect(ready.reply.content.evalue ?? 'ok').toBe('ok');
}

/** Products of 1024² matrices, one after another: about a hundredth of a second each. */
function matmulChain(length: number) {
  const values = Array.from({ length: length + 1 }, (_, i) => (i === 0 ? 'x' : i === length ? 'y' : `h${i}`));
  const info = (name: string) => ({ name, dtype: 'float32' as const, dims: [SIZE, SIZE] });
  return {
    name: 'step',
    opsets: { '': 17 },
    inputs: [info('x')],
    outputs: [info('y')],
    nodes: values.slice(1).map((output, i) => ({
      op: 'MatMul',
      domain: '',
      name: '',
      inputs: [values[i], 'w'],
      outputs: [output],
      attributes: {},
    })),
    constants: new Map([['w', tensor(new Float32Array(SIZE * SIZE).fill(1 / SIZE), [SIZE, SIZE])]]),
    values: new Map(),
    metadata: {},
  };
}

/** From the click to the answer of the request on control. */
const acknowledgements: number[] = [];

/** Starts `code` and interrupts it somewhere in its first half second. */
async function interruptOnce(code: string): Promise<Answer> {
  const id = await client.send('execute_request', client.executeRequest(code));
  await sleep(50 + random.uniform() * 450);
  const since = performance.now();
  const { reply: acknowledged, ms } = await client.interrupt();
  expect(acknowledged.content).toEqual({ status: 'ok' });
  acknowledgements.push(ms);
  return client.finish(id, since);
}

async function stillKept(): Promise<void> {
  expect(resultOf(await client.execute('++kept'))).toBe(String(kept + 1));
  kept++;
}

/** Interrupts `code` a few times, and looks at what is left. */
async function interruptOften(name: string, code: string, repeats = REPEATS): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const { reply, outputs, ms } = await interruptOnce(code);
    expect(reply.content).toMatchObject({ status: 'error', ename: 'Interrupted' });
    expect(reply.content.evalue).toMatch(
      /^(interrupted|the cell was stopped; variables are kept|Command failed: .*)\n*$/,
    );
    expect(outputs.at(-1)?.header.msg_type).toBe('error');
    times.push(ms);
    await stillKept();
  }
  times.sort((a, b) => a - b);
  const [median, worst] = [times[times.length >> 1], times[times.length - 1]].map(Math.round);
  console.info(
    `${name}: ${repeats} of ${repeats} answered with state kept, median ${median} ms, worst ${worst} ms`,
  );
  return times;
}

/** The eight ways of being stuck that the interrupt table names. */
const table = {
  'a sync loop': 'while (true) steps++',
  'an await loop': 'while (true) { await new Promise(done => setTimeout(done, 10)); steps++ }',
  'a microtask loop': 'for (;;) { await 1; steps++ }',
  'a sync loop after an await': 'await new Promise(done => setTimeout(done, 5)); for (;;) steps++',
  'a sync loop in a timer': 'await new Promise(() => setTimeout(() => { for (;;) steps++ }, 5))',
  'Atomics.wait': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  'a long series of ONNX Runtime runs': 'for (let y = x; ; ) y = (await step.run({ x: y })).y',
  'a child process': 'spawnSync("sleep", ["30"])',
};
/** The same where the kernel compiled nothing, and what else a notebook can hang in. */
const others = {
  'a running ascent': 'const seen = await viz.feature(model, "conv3", { channel: 5, steps: 100_000 })',
  'a promise that never settles': 'await new Promise(() => {})',
  'a long timer': 'await new Promise(done => setTimeout(done, 3_600_000))',
  'a sync loop that catches everything': 'for (;;) try { for (;;) steps++ } catch {}',
  'a sync loop of a library': 'spin()',
  'a microtask loop of a library': 'await turn()',
  "a library's sync loop after an await": 'await new Promise(done => setTimeout(done, 5)); spin()',
  "a library's sync loop in a timer": 'await new Promise(() => setTimeout(spin, 5))',
  "a library's sync loop in setImmediate": 'await new Promise(() => setImmediate(spin))',
  "a library's sync loop in a callback of Node": 'await new Promise(() => require("fs").readdir(".", spin))',
  'a loop of process.nextTick':
    'await new Promise(() => { const again = () => process.nextTick(again); again() })',
  "a library's ONNX Runtime loop": 'await ascent(step, x)',
  'a regular expression': '/^(a+)+$/.test("a".repeat(50) + "b")',
  'an awaited child process': 'await promisify(exec)("sleep 31 | cat")',
  'a child process that ignores SIGINT': 'spawnSync("sh", ["-c", "trap \'\' INT; sleep 5; sleep 5"])',
};

describe('interrupted at a random moment, with the state kept', () => {
  test.each(Object.entries(table))(
    '%s',
    async (name, code) => {
      const times = await interruptOften(name, code);
      // a native step is waited for, however long a busy machine takes over it
      if (!name.includes('ONNX')) expect(times[times.length >> 1]).toBeLessThan(LIMIT);
    },
    60_000 + REPEATS * 5000,
  );
  test.each(Object.entries(others))(
    '%s',
    async (name, code) => void (await interruptOften(name, code, Math.ceil(REPEATS / 10))),
    60_000,
  );
});

/** Starts one native run of several seconds; resolves when an interrupt has led to a word about it. */
async function interruptLongRun(): Promise<string> {
  const id = await client.send(
    'execute_request',
    client.executeRequest('const result = await long.run({ x })'),
  );
  await sleep(200);
  await client.interrupt();
  const text = () => textOf({ outputs: client.outputsOf(id) } as Answer, 'stderr');
  await client.until(() => text() !== '', 'a word about the native step', 1500);
  expect(text()).toBe(
    'interrupt: waiting for the running step to end; interrupt again to end the process instead\n',
  );
  return id;
}

test('one long native run ends, and the cell after it, with the state kept', async () => {
  const { reply } = await client.finish(await interruptLongRun());
  expect(reply.content).toMatchObject({ status: 'error', ename: 'Interrupted' });
  await stillKept();
}, 60_000);

test('a second interrupt during a native run ends the process, in words', async () => {
  const id = await interruptLongRun();
  await client.interrupt();
  const { reply } = await client.finish(id);
  expect(reply.content).toMatchObject({
    status: 'error',
    ename: 'Interrupted',
    evalue:
      'the process of the cells was ended, since a second interrupt came during a native step: ' +
      'the variables of earlier cells are lost; run the cells again',
  });
  expect(resultOf(await client.execute('typeof kept'))).toBe("'undefined'");
  await restore();
}, 60_000);

test('SIGINT to the kernel is an interrupt too', async () => {
  const id = await client.send('execute_request', client.executeRequest('for (;;) steps++'));
  await sleep(200);
  client.kernel.kill('SIGINT');
  expect((await client.finish(id)).reply.content).toMatchObject({ status: 'error', ename: 'Interrupted' });
  await stillKept();
}, 60_000);

test('a loop in a timer that outlives its cell is stopped for good, other timers are not', async () => {
  await client.execute('let ticks = 0; setInterval(() => { for (let i = 0; i < 10; i++) ticks++ }, 10)');
  for (const loop of ['spin', '() => { for (;;) steps++ }']) {
    await client.execute(`setInterval(${loop}, 10)`);
    await sleep(100);
    const id = await client.send('execute_request', client.executeRequest('1'));
    await client.interrupt();
    await client.finish(id);
    const before = Number(resultOf(await client.execute('ticks')));
    await client.execute('await new Promise(done => setTimeout(done, 100))');
    expect(Number(resultOf(await client.execute('ticks')))).toBeGreaterThan(before);
  }
}, 60_000);

test('an interrupted ascent leaves its picture and its value', async () => {
  const code = 'var picture = await viz.feature(model, "conv3", { channel: 5, steps: 100_000 })';
  const id = await client.send('execute_request', client.executeRequest(code));
  await client.until(() => client.outputsOf(id).length >= 5, 'a few pictures');
  await client.interrupt();
  const { outputs } = await client.finish(id);
  const views = outputs.map(
    ({ content }) => (content.data as Record<string, View> | undefined)?.[NEURONBOOK_MIME],
  );
  const last = views.filter(view => view !== undefined).at(-1);
  expect(last).toMatchObject({ view: 'feature-grid', data: { state: 'interrupted', total: 100_000 } });
  expect(resultOf(await client.execute('typeof picture'))).toBe("'object'");
}, 60_000);

test('an interrupted loop does not go on behind the next cells', async () => {
  for (const sleep of ['setTimeout', 'promisify(setTimeout)', 'require("node:timers/promises").setTimeout']) {
    await client.execute('steps = 0');
    const wait =
      sleep === 'setTimeout' ? 'await new Promise(done => setTimeout(done, 200))' : `await (${sleep})(200)`;
    await interruptOnce(`while (true) { ${wait}; steps++ }`);
    const before = resultOf(await client.execute('steps'));
    await client.execute('await new Promise(done => setTimeout(done, 500))');
    expect(resultOf(await client.execute('steps'))).toBe(before);
  }
}, 60_000);

test('interrupts were acknowledged in less than a second, whatever the cell did', () => {
  acknowledgements.sort((a, b) => a - b);
  expect(acknowledgements.length).toBeGreaterThan(30);
  expect(acknowledgements[acknowledgements.length >> 1]).toBeLessThan(1000);
});
