/** Providers that this machine lacks: one line says so, and the processor computes. */
import { afterEach, beforeEach, expect, test, vi, type MockInstance } from 'vitest';
import { NeuronbookError } from '../../base/errors.ts';
import { tensor } from '../../base/tensor.ts';
import { encode } from '../../onnx/encode.ts';
import { convnet } from '../../onnx/testing.ts';
import { createSession } from './node.ts';
import { withProviders } from './providers.ts';
import { createSession as onWeb, preferredProviders } from './web.ts';

let warned: MockInstance<typeof console.warn>;
beforeEach(() => (warned = vi.spyOn(console, 'warn').mockImplementation(() => {})));
afterEach(() => {
  warned.mockRestore();
  vi.unstubAllGlobals();
});
const lines = () => warned.mock.calls.map(([line]) => String(line));

const image = tensor(new Float32Array(16).fill(0.5), [1, 1, 4, 4]);

test('a provider of another platform: one line, however often', async () => {
  const expected = await createSession(encode(convnet()));
  const [{ logits }] = [await expected.run({ image })];
  const other = process.platform === 'win32' ? 'coreml' : 'dml';
  for (let i = 0; i < 2; i++) {
    const session = await createSession(encode(convnet()), { providers: [other] });
    expect((await session.run({ image })).logits).toEqual(logits);
    await session.release();
  }
  await expected.release();
  expect(lines()).toEqual([
    expect.stringMatching(
      new RegExp(
        `^provider ${other} is not in this build of ONNX Runtime, which has .*cpu.*; using cpu instead$`,
      ),
    ),
  ]);
});

test('a broken graph is an error with any provider, and no warning', async () => {
  const bytes = encode({ ...convnet(), opsets: { '': 999 } });
  await expect(createSession(bytes, { providers: ['webgpu'] })).rejects.toThrow(NeuronbookError);
  expect(lines()).toEqual([]);
});

test('providers are tried in their order, and what did not start is named with its cause', async () => {
  const tried: string[] = [];
  const create = async (providers: readonly string[]) => {
    tried.push(providers.join());
    if (providers[0] !== 'cpu') throw new Error('x.cc:1 Check(): Failed to load\n shared library');
    return 'session';
  };
  expect(await withProviders(['cuda', 'coreml', 'cpu'], ['cpu', 'cuda'], 'cpu', create)).toBe('session');
  expect(tried).toEqual(['cuda,cpu', 'cpu']);
  expect(lines()).toEqual([
    'provider coreml is not in this build of ONNX Runtime, which has cpu, cuda; using cuda instead',
    'provider cuda did not start: Failed to load shared library; using cpu instead',
  ]);
  tried.splice(0);
  await withProviders(undefined, ['cpu', 'cuda'], 'cpu', create);
  await withProviders(['cpu'], ['cpu', 'cuda'], 'cpu', create);
  expect(tried).toEqual(['cpu', 'cpu']);
});

test('a browser computes large graphs on its card, unless software plays the card or there is none', async () => {
  const withGpu = (requestAdapter?: () => Promise<unknown>) =>
    vi.stubGlobal('navigator', { gpu: requestAdapter && { requestAdapter } });
  withGpu(async () => ({ info: { isFallbackAdapter: false } }));
  expect(await preferredProviders(1e8)).toEqual(['webgpu']);
  expect(await preferredProviders(1e6)).toBeUndefined();
  withGpu(async () => ({ info: { isFallbackAdapter: true } }));
  expect(await preferredProviders(1e8)).toBeUndefined();
  withGpu(async () => null);
  expect(await preferredProviders(1e8)).toBeUndefined();
  withGpu(() => Promise.reject(new Error('lost')));
  expect(await preferredProviders(1e8)).toBeUndefined();
  withGpu();
  expect(await preferredProviders(1e8)).toBeUndefined();
});

test('a browser without WebGPU that is asked for it computes on WebAssembly, and says so once', async () => {
  for (let i = 0; i < 2; i++) {
    const session = await onWeb(encode(convnet()), { providers: ['webgpu'] });
    expect((await session.run({ image })).logits.dims).toEqual([1, 3]);
    await session.release();
  }
  expect(lines()).toEqual(['provider webgpu is not in this browser, which has wasm; using wasm instead']);
});
