/** Where models come from: addresses, served by a real server on this machine; files; the zoo. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { conv, network, relu, sequential } from '../nn/index.ts';
import { load } from './load.ts';
import { Model } from './model.ts';

const bytes = new Model(
  'small',
  network(sequential(conv('conv1', { channels: 4 }), relu('relu1')), {
    inputs: { image: ['batch', 3, 8, 8] },
    seed: 1,
  }),
).toBytes();
const image = tensor(new Float32Array(192).fill(0.5), [1, 3, 8, 8]);

let server: Server;
let address: string;
const asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url!.replace(/\?.*/, '');
    asked.push(path);
    if (path.endsWith('short.onnx')) {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 500), () => response.destroy());
    } else if (path.endsWith('.onnx')) {
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    } else response.writeHead(404, 'Not Found').end();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.HF_ENDPOINT = address;
});
afterAll(() => {
  delete process.env.HF_ENDPOINT;
  server.close();
});

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

test('a repository of the hub, its model.onnx or a named file', async () => {
  await load('hf:owner/name');
  await load('hf:owner/name/onnx/small.onnx');
  expect(asked.slice(-2)).toEqual([
    '/owner/name/resolve/main/model.onnx',
    '/owner/name/resolve/main/onnx/small.onnx',
  ]);
  await expect(load('hf:owner')).rejects.toThrowErrorMatchingInlineSnapshot(
    `[NeuronbookError: hugging face address: hf:owner; expected hf:owner/name or hf:owner/name/file.onnx]`,
  );
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
