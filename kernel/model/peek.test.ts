/** Files looked into without loading them: what a viewer reads, and what it says of damaged ones. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { load } from './load.ts';
import { Model } from './model.ts';
import { peekOnnx, peekSafetensors, statistics, type RangeSource } from './peek.ts';

/** Bytes as a file elsewhere, with the bytes that were asked for counted. */
function remote(bytes: Uint8Array): RangeSource & { asked: number } {
  return {
    size: bytes.length,
    asked: 0,
    async read(offset, length) {
      expect(offset + length).toBeLessThanOrEqual(bytes.length);
      this.asked += length;
      return bytes.slice(offset, offset + length);
    },
  };
}

const zoo = (name: string) => readFileSync(new URL(`../zoo/${name}/${name}.onnx`, import.meta.url));

describe('an ONNX file', async () => {
  const bytes = zoo('induction');
  const source = remote(bytes);
  const { network, tensors } = await peekOnnx(source, 'induction.onnx');
  const model = await load('zoo:induction');

  test('gives the graph that loading it gives: operators, names, shapes, parameters', async () => {
    const { describe } = await import('../display/views/model.ts');
    expect(network).toEqual({ ...describe(model), title: 'induction.onnx' });
  });

  test('tells the weights, and where they lie', async () => {
    const large = tensors.filter(({ bytes }) => bytes > 2048);
    expect(large.length).toBeGreaterThan(5);
    for (const { name, dtype, dims } of large) {
      const real = model.graph.constants.get(name)!;
      expect([dtype, dims]).toEqual([real.dtype, real.dims]);
    }
    const [row] = large;
    const values = model.graph.constants.get(row.name)!.toNumbers();
    const found = await statistics(source, row);
    expect(found.mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 8);
    expect([found.min, found.max, found.count]).toEqual([
      Math.min(...values),
      Math.max(...values),
      values.length,
    ]);
    expect(found.bins.reduce((sum, height) => sum + height)).toBe(values.length);
  });

  test('of many megabytes is told from a few', async () => {
    const weight = tensor(new Float32Array(2 ** 22), [2 ** 11, 2 ** 11]);
    const constants = new Map([...model.graph.constants, ['large', weight]]);
    const whole = new Model('large', { ...model.graph, constants }).toBytes();
    const file = remote(whole);
    await peekOnnx(file, 'large.onnx');
    expect(whole.length).toBeGreaterThan(16_000_000);
    expect(file.asked).toBeLessThan(1_500_000);
  });
});

describe('what cannot be read says why', () => {
  const good = zoo('induction');
  test.each([
    [
      'cut short',
      good.subarray(0, 5000),
      /induction\.onnx: the file ends in the middle of a field, after 5000 bytes/,
    ],
    ['empty', new Uint8Array(), /the file is empty/],
    [
      'a pointer',
      new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\n'),
      /Git LFS pointer/,
    ],
    ['zip', Uint8Array.of(0x50, 0x4b, 3, 4), /zip archive/],
    [
      'noise',
      Uint8Array.from({ length: 4000 }, (_, i) => (i * 73 + 11) % 251),
      /not ONNX|cut short|no graph/,
    ],
  ])('%s', (_, bytes, message) => expect(peekOnnx(remote(bytes), 'induction.onnx')).rejects.toThrow(message));

  test('no damage of one byte is anything but an error that names the file, or a graph', async () => {
    const start = good.slice(0, 3000);
    for (let i = 0; i < 150; i++) {
      const hurt = start.slice();
      hurt[(i * 19) % hurt.length] ^= 1 << (i % 8);
      await peekOnnx(remote(hurt), 'hurt.onnx').catch(error =>
        expect(String(error)).toMatch(/hurt\.onnx|Error/),
      );
    }
  });
});

describe('a safetensors file', () => {
  const fixture = readFileSync(new URL('../base/safetensors/fixtures/dtypes.safetensors', import.meta.url));

  test('is listed from its header', async () => {
    const source = remote(fixture);
    const { tensors, network } = await peekSafetensors(source, 'dtypes.safetensors');
    expect(network).toBeUndefined();
    expect(tensors.length).toBeGreaterThan(5);
    expect(source.asked).toBeLessThan(fixture.length);
    for (const row of tensors.filter(({ dtype }) => !/F8|C64/.test(dtype)))
      expect((await statistics(source, row)).count).toBe(row.dims.reduce((size, dim) => size * dim, 1));
  });

  test('of many numbers is measured by a sample of them, and NaN counted apart', async () => {
    const values = Float32Array.from({ length: 2 ** 23 }, (_, i) => (i % 4096 === 7 ? NaN : i % 3));
    const bytes = await fileOf(values);
    const source = remote(bytes);
    const { tensors } = await peekSafetensors(source, 'a');
    const found = await statistics(source, tensors[0]);
    expect(source.asked).toBeLessThan(2 ** 24 + 1000);
    expect([found.of, found.count]).toEqual([2 ** 23, 2 ** 22]);
    expect(found.mean).toBeCloseTo(1, 2);
    expect(found.zeros).toBeCloseTo(1 / 3, 2);
    expect(found.broken).toBe(2 ** 10);
  });

  test.each([
    ['cut short', fixture.subarray(0, 40), /cut short/],
    ['no header', new TextEncoder().encode('hello world'), /header length is|not safetensors/],
    ['empty', new Uint8Array(), /holds 0 bytes/],
  ])('%s', (_, bytes, message) =>
    expect(peekSafetensors(remote(bytes), 'x.safetensors')).rejects.toThrow(message),
  );
});

/** One tensor as the bytes of a file. */
async function fileOf(values: Float32Array): Promise<Uint8Array> {
  const header = new TextEncoder().encode(
    JSON.stringify({ w: { dtype: 'F32', shape: [values.length], data_offsets: [0, values.byteLength] } }),
  );
  const bytes = new Uint8Array(8 + header.length + values.byteLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set(new Uint8Array(values.buffer), 8 + header.length);
  return bytes;
}
