/** Interrupts at random moments: the cell is answered, the kernel is idle, variables live on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { tensor } from '../base/tensor.ts';
import { NEURONBOOK_MIME } from '../display/payload.ts';
import type { FeatureGridPayload as View } from '../display/views/feature-grid.ts';
import { encode } from '../onnx/encode.ts';
import { resultOf, startKernel, type Client } from './test-client.ts';

const REPEATS = 20;
/** From the click to idle, the median, in ms; alone on its machine a kernel takes a third of it. */
const LIMIT = 1500;
const SIZE = 1024;
const random = rng('interrupts');

let folder: string;
let client: Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'neuronbook-interrupt-'));
  writeFileSync(join(folder, 'step.onnx'), encode(matmulChain()));
  // a loop like the library's own: not compiled by the kernel, native steps, a look at the host between them
  writeFileSync(
    join(folder, 'ascent.mjs'),
    `import ort from ${JSON.stringify(createRequire(import.meta.url).resolve('onnxruntime-node'))};
const host = () => globalThis[Symbol.for('neuronbook.host')];
async function native(work) {
  host().enterNative();
  try { return await work(); } finally { host().leaveNative(); }
}
export async function ascent(progress, polite = true) {
  const session = await native(() => ort.InferenceSession.create('step.onnx'));
  let x = new ort.Tensor('float32', new Float32Array(${SIZE * SIZE}).fill(0.5), [${SIZE}, ${SIZE}]);
  while (!(polite && host().interrupted)) {
    x = (await native(() => session.run({ x }))).y;
    progress.steps++;
  }
  return progress.steps;
}
`,
  );
  client = await startKernel({ cwd: folder });
  const ready = await client.execute(
    `import { load, viz } from 'neuronbook';
    import { ascent } from './ascent.mjs';
    const model = await load('zoo:textures');
    let kept = 41, steps = 0;
    const progress = { steps: 0 };`,
  );
  expect(ready.reply.content).toMatchObject({ status: 'ok' });
}, 60_000);

afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Eight products of two 1024² matrices: about a tenth of a second a step. */
function matmulChain() {
  const values = Array.from({ length: 9 }, (_, i) => (i === 0 ? 'x' : i === 8 ? 'y' : `h${i}`));
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

/** Runs `code`, interrupts it somewhere in its first half second, and looks at what is left. */
async function interruptOnce(code: string): Promise<number> {
  const id = await client.send('execute_request', client.executeRequest(code));
  await sleep(30 + random.uniform() * 470);
  const since = performance.now();
  const { reply: acknowledged, ms } = await client.interrupt();
  expect(acknowledged.content).toEqual({ status: 'ok' });
  acknowledgements.push(ms);
  const answer = await client.finish(id, since);
  expect(answer.reply.content).toMatchObject({ status: 'error', ename: 'Interrupted' });
  expect(answer.reply.content.evalue).toMatch(/^(interrupted|the cell was stopped; variables are kept)$/);
  expect(answer.outputs.at(-1)?.header.msg_type).toBe('error');
  return answer.ms;
}

const acknowledgements: number[] = [];

async function interruptOften(code: string, repeats: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    times.push(await interruptOnce(code));
    expect(resultOf(await client.execute('++kept'))).toBe(String(kept + 1));
    kept++;
  }
  times.sort((a, b) => a - b);
  console.info(
    `${code.slice(0, 60)}: median ${times[repeats >> 1].toFixed()} ms, worst ${times[repeats - 1].toFixed()} ms`,
  );
  return times;
}
let kept = 41;

/** Twenty times, as promised; a median that a person does not notice. */
const promised = {
  'a sync loop': 'while (true) steps++',
  'a promise that never settles': 'await new Promise(() => {})',
  'a running ascent': 'const seen = await viz.feature(model, "conv3", { channel: 5, steps: 100_000 })',
};
/** Other ways of being stuck, five times each. */
const others = {
  'a sync loop after an await': 'await new Promise(done => setTimeout(done, 5)); for (;;) steps++',
  'a sync loop that catches everything': 'for (;;) try { for (;;) steps++ } catch {}',
  'a sync loop in code that was not compiled by the kernel': 'new Function("for (;;);")()',
  'a long timer': 'await new Promise(done => setTimeout(done, 3_600_000))',
  'an async loop': 'while (true) { await new Promise(done => setTimeout(done, 10)); steps++ }',
  'a loop of microtasks': 'for (;;) { await 1; steps++ }',
  'a wait on shared memory': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  'native steps that stop by themselves': 'await ascent(progress)',
  'native steps that do not ask': 'await ascent(progress, false)',
};

test.each(Object.entries(promised))(
  '%s is interrupted twenty times with its state kept',
  async (_, code) => {
    const times = await interruptOften(code, REPEATS);
    expect(times[REPEATS >> 1]).toBeLessThan(LIMIT);
  },
  120_000,
);

test.each(Object.entries(others))(
  '%s is interrupted with its state kept',
  async (_, code) => void (await interruptOften(code, 5)),
  120_000,
);

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
  for (const sleep of [
    'setTimeout',
    'require("node:util").promisify(setTimeout)',
    'require("node:timers/promises").setTimeout',
  ]) {
    await client.execute('steps = 0');
    const wait =
      sleep === 'setTimeout' ? 'await new Promise(done => setTimeout(done, 400))' : `await (${sleep})(400)`;
    await interruptOnce(`while (true) { ${wait}; steps++ }`);
    const before = resultOf(await client.execute('steps'));
    await client.execute('await new Promise(done => setTimeout(done, 900))');
    expect(resultOf(await client.execute('steps'))).toBe(before);
  }
}, 60_000);

test('interrupts were acknowledged in less than a second, whatever the cell did', () => {
  acknowledgements.sort((a, b) => a - b);
  expect(acknowledgements.length).toBeGreaterThan(90);
  expect(acknowledgements[acknowledgements.length >> 1]).toBeLessThan(1000);
});
