/** Weights beside the file: written, read back, and by ONNX Runtime itself. */
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterAll, expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { graphOf, info, node } from '../onnx/testing.ts';
import { load } from './load.ts';
import { Model } from './model.ts';

const folder = mkdtempSync(join(tmpdir(), 'neuronbook-save-'));
afterAll(() => rmSync(folder, { recursive: true }));

const weights = Float32Array.from({ length: 1024 }, (_, i) => Math.sin(i));
const graph = graphOf(
  ['h = MatMul(x, w)', 'g = Add(h, b)', 'y = MatMul(g, v)'].map(text => node(text)),
  {
    inputs: [info('x', 'batch', 32)],
    outputs: [info('y', 'batch', 31)],
    constants: {
      w: tensor(weights, [32, 32]),
      b: tensor(weights.slice(0, 32)),
      v: tensor(weights.slice(32), [32, 31]),
    },
  },
);
const model = new Model('large', graph);
const x = tensor(weights.slice(0, 64), [2, 32]);

test('a model that is too large for one file is saved as two, and loaded again', async () => {
  const path = join(folder, 'net.v1.onnx');
  await model.save(path, { inline: 4096 });
  expect(readdirSync(folder)).toEqual(['net.v1.onnx', 'net.v1.onnx.data']);
  // w and v, each at a multiple of 64 bytes; b is small and stays
  expect(statSync(`${path}.data`).size).toBe(4096 + 31 * 32 * 4);
  const back = await load(path);
  expect(back.graph.constants).toEqual(graph.constants);
  const expected = (await model.run({ x })).outputs.y;
  expect((await back.run({ x })).outputs.y).toEqual(expected);

  const session = await InferenceSession.create(path);
  const { y } = await session.run({ x: new OrtTensor('float32', x.data as Float32Array, [2, 32]) });
  await session.release();
  expect(y.data).toEqual(expected.data);

  truncateSync(`${path}.data`, 5000);
  await expect(load(path)).rejects.toThrow(
    /external data net\.v1\.onnx\.data: bytes 4096 to 8064 lie outside the file; it has 5000; it was cut short$/,
  );
});

test('one that fits is saved as one', async () => {
  await model.save(join(folder, 'small/net.onnx'));
  expect(readdirSync(join(folder, 'small'))).toEqual(['net.onnx']);
});
