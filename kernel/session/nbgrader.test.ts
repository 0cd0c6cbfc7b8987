/**
 * nbgrader's rule: a test cell scores nothing where its first output is an error or a stderr stream. So a cell that
 * passes writes nothing to stderr, whatever it uses.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startKernel, textOf, typesOf, type Client } from './test-client.ts';

let kernel: Client;
beforeAll(async () => {
  // a folder from which ONNX Runtime itself can be imported too
  kernel = await startKernel({ cwd: fileURLToPath(new URL('../', import.meta.url)) });
  await kernel.request('complete_request', { code: 'M', cursor_pos: 1 });
}, 60_000);
afterAll(() => kernel?.stop());

test.each([
  [
    'the library',
    "import { load, tensor } from 'neuronbook'; const model = await load('zoo:textures'); void 0",
  ],
  [
    'a run with inner sites',
    "import { rng, textures } from 'neuronbook';\nconst image = textures.draw(rng('nbgrader'), 'melon').image;\nconst { sites } = await model.run({ image }, { read: [/relu/] });\nif (!Object.keys(sites).length) throw new Error('no sites');",
  ],
  [
    'ONNX Runtime itself',
    "import * as ort from 'onnxruntime-node';\nconst one = new ort.Tensor('float32', [1, 2], [2]);\nif (one.dims[0] !== 2) throw new Error('wrong dims');",
  ],
  [
    'TypeScript',
    "enum Grade { Pass = 1 }\nnamespace Rules { export const least = 1 }\nabstract class Check<T> { constructor(readonly given: T) {} abstract ok(): boolean }\nclass Equals<T> extends Check<T> { ok() { return this.given !== undefined } }\nusing held = { [Symbol.dispose]() {} };\nif (!new Equals<number>(Grade.Pass).ok() || Rules.least !== 1) throw new Error('no');",
  ],
  ['a partial score', '0.5'],
  ['assertions of Node', "import assert from 'node:assert/strict';\nassert.deepEqual([1], [1]);"],
  ['a picture', 'display(image); await Promise.resolve()'],
])('%s', async (_, code) => {
  const answer = await kernel.execute(code);
  expect(answer.reply.content).toMatchObject({ status: 'ok' });
  expect(textOf(answer, 'stderr')).toBe('');
  expect(typesOf(answer)).not.toContain('error');
  expect(kernel.noise()).toBe('');
});

test('a type error in a test cell costs no points: it is a display, neither an error nor on stderr', async () => {
  const answer = await kernel.execute(
    "const score: string = 1;\nif (score !== (1 as never)) throw new Error('no');",
  );
  expect(answer.reply.content.status).toBe('ok');
  const id = (answer.reply.parent as { msg_id: string }).msg_id;
  await kernel.until(
    () => kernel.outputsOf(id).find(({ header }) => header.msg_type === 'display_data'),
    'a warning',
  );
  const outputs = kernel.outputsOf(id).map(({ header }) => header.msg_type);
  expect(outputs.filter(type => type === 'error' || type === 'stream')).toEqual([]);
});
