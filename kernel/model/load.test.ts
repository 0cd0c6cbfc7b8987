/** Where models come from: addresses, served by a real server on this machine; files; the zoo. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { conv, network, relu, sequential } from '../nn/index.ts';
import { ablate } from './edits.ts';
import { startHub } from './hub/testing-hub.ts';
import { load } from './load.ts';
import { Model } from './model.ts';
import { saveOnnx } from './save.ts';

const net = (channels: number) =>
  network(sequential(conv('conv1', { channels }), relu('relu1')), {
    inputs: { image: ['batch', 3, 8, 8] },
    seed: 1,
  });
const bytes = new Model('small', net(4)).toBytes();
const image = tensor(new Float32Array(192).fill(0.5), [1, 3, 8, 8]);

let server: Server;
let address: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url!.replace(/\?.*/, '');
    if (path.endsWith('short.onnx')) {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 500), () => response.destroy());
    } else if (path.endsWith('.onnx')) {
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    } else response.writeHead(404, 'Not Found').end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

const runs = async (model: Model) => (await model.run({ image })).outputs.relu1.dims;

test('an address, with progress', async () => {
  const seen: [number, number | undefined][] = [];
  const model = await load(`${address}/nets/small.onnx?download=true`, {
    onProgress: (received, total) => seen.push([received, total]),
  });
  expect(model.name).toBe('small');
  expect(seen.at(-1)).toEqual([bytes.length, bytes.length]);
  expect(await runs(model)).toEqual([1, 4, 8, 8]);
});

test('a repository of the hub: its model.onnx, the only network it has, or a named file', async () => {
  const hub = await startHub({ 'onnx/small.onnx': bytes, 'README.md': new Uint8Array(3) });
  try {
    expect((await load('hf:owner/name')).name).toBe('name');
    expect((await load('hf:owner/name@v2/onnx/small.onnx')).name).toBe('small');
    expect(hub.asked.at(-1)!.path).toBe('/owner/name/resolve/v2/onnx/small.onnx');
    hub.files['onnx/other.onnx'] = bytes;
    await expect(load('hf:owner/name')).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: hf:owner/name holds 2 networks: onnx/small.onnx, onnx/other.onnx; load one of them by its path]`,
    );
    hub.files['onnx/model.onnx'] = bytes;
    expect(await runs(await load('hf:owner/name'))).toEqual([1, 4, 8, 8]);
    await expect(load('hf:owner')).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: hugging face address: hf:owner; expected hf:owner/name, hf:owner/name@revision or hf:owner/name/file.onnx]`,
    );
  } finally {
    hub.close();
  }
});

test('a network of the hub whose weights lie beside it', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'neuronbook-')), 'model.onnx');
  await saveOnnx(path, net(40), { inline: 100 });
  const files = await Promise.all([path, `${path}.data`].map(file => readFile(file)));
  const hub = await startHub({ 'onnx/model.onnx': files[0], 'onnx/model.onnx.data': files[1] });
  hub.large.add('onnx/model.onnx.data');
  try {
    expect(await runs(await load('hf:owner/name'))).toEqual([1, 40, 8, 8]);
    expect(await runs(await load('hf:owner/name/onnx/model.onnx'))).toEqual([1, 40, 8, 8]);
    delete hub.files['onnx/model.onnx.data'];
    hub.commit = 'c'.repeat(40);
    await expect(load('hf:owner/name')).rejects.toThrow(
      /^unknown file: onnx\/model\.onnx\.data; nearest: onnx\/model\.onnx; looked in hf:owner\/name$/,
    );
  } finally {
    hub.close();
  }
});

test('a path, a file address, bytes', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'neuronbook-')), 'of one.onnx');
  await writeFile(path, bytes);
  for (const source of [path, pathToFileURL(path), String(pathToFileURL(path)), bytes]) {
    const model = await load(source);
    expect(await runs(model)).toEqual([1, 4, 8, 8]);
  }
  expect((await load(path)).name).toBe('of one');
});

test('the zoo', async () => {
  const model = await load('zoo:textures');
  expect(model.name).toBe('textures');
  expect(model.sites.get('conv3').shape).toEqual(['batch', 64, 12, 12]);
});

test('what goes wrong on the way is said', async () => {
  await expect(load(`${address}/nothing`)).rejects.toThrow(/answered 404 Not Found; check the address/);
  await expect(load(`${address}/short.onnx`)).rejects.toThrow(/cut short|terminated/);
  await expect(load('http://127.0.0.1:9/x.onnx')).rejects.toThrow(
    /^no answer from http:\/\/127\.0\.0\.1:9\/x\.onnx/,
  );
});

test('a provider that this machine lacks is left out, with one line', async () => {
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const other = process.platform === 'win32' ? 'coreml' : 'dml';
  const model = await load(bytes, { providers: [other] });
  expect(await runs(model)).toEqual([1, 4, 8, 8]);
  expect(await runs(model.edit(ablate('conv1')))).toEqual([1, 4, 8, 8]);
  expect(warned.mock.calls).toEqual([
    [expect.stringMatching(`^provider ${other} is not in .*; using cpu instead$`)],
  ]);
  warned.mockRestore();
});
