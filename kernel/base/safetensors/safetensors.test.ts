/** safetensors: what Python wrote is read, what we write is read, and everything broken is refused with its cause. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { FormatError, NeuronbookError } from '../errors.ts';
import { inMemory } from '../random-access.ts';
import { tensor, type Tensor } from '../tensor.ts';
import { encodeSafetensors, openSafetensors, Safetensors, saveSafetensors } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'neuronbook-safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const open = (bytes: Uint8Array) => new Safetensors(inMemory(bytes), 'x.safetensors');

/** A file with this header text, or header object, before `data` bytes of zeros. */
function file(header: object | string, data: number, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}
const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

test('a file that the reference implementation wrote, every dtype of it', async () => {
  const made = await openSafetensors(fileURLToPath(new URL('fixtures/dtypes.safetensors', import.meta.url)));
  expect(made.metadata).toEqual({ format: 'pt', note: 'größe' });
  expect(
    Object.fromEntries(made.names.filter(name => name !== 'f8').map(name => [name, String(made.read(name))])),
  ).toMatchInlineSnapshot(`
    {
      "bf16": "tensor float32 2×2 [1, -2.5, 3.0041e+38, 0.00099945]",
      "bool": "tensor bool 3 [1, 0, 1]",
      "empty": "tensor float32 2×0×3 []",
      "f16": "tensor float16 3 [1, 65504, 5.9605e-8]",
      "f32": "tensor float32 2×2 [1.5, -0.25, 9.9999e-41, 3e+38]",
      "f64": "tensor float64 2 [0.1, -2]",
      "i16": "tensor int16 1 [-300]",
      "i32": "tensor int32 2 [-5, 6]",
      "i64": "tensor int64 2 [-4611686018427388000, 7]",
      "i8": "tensor int8 2 [-128, 127]",
      "scalar": "tensor float32 scalar [2.5]",
      "u8": "tensor uint8 2 [0, 255]",
    }
  `);
  expect(made.info('bf16')).toEqual({ stored: 'BF16', dims: [2, 2], bytes: 8 });
  expect(() => made.read('f8')).toThrow(/tensor f8 is F8_E4M3, which has no dtype here; store it as BF16/);
  expect(() => made.read('f23')).toThrow(
    /^unknown tensor: f23; nearest: f64, f32, f16; looked in .*dtypes.safetensors$/,
  );
  made.close();
  expect(() => made.read('f32')).toThrow(/dtypes.safetensors is closed; open it again$/);
});

test('what is written is read back, in any dtype, aligned or not', async () => {
  const tensors = new Map<string, Tensor>([
    ['bool', tensor([true, false, true])],
    ['f32', tensor([0.5, -0, NaN, Infinity], [2, 2])],
    ['f64', tensor(new Float64Array([0.1]))],
    ['f16', tensor(new Uint16Array([0x3c00]), [1], 'float16')],
    ['i64', tensor([-5n, 2n ** 53n + 1n])],
    ['u8', tensor(new Uint8Array([1, 255]))],
    ['i8', tensor(new Int8Array([-1]))],
    ['scalar', tensor(3)],
    ['empty', tensor(new Float32Array(0), [0, 3])],
    ['__proto__', tensor([1])],
  ]);
  const path = join(folder, 'deep/all.safetensors');
  await saveSafetensors(path, tensors, { by: 'us' });
  const read = await openSafetensors(path);
  expect(read.metadata).toEqual({ by: 'us' });
  for (const [name, value] of tensors) expect([name, read.read(name)]).toEqual([name, value]);
  const odd = file({ a: { dtype: 'U8', shape: [1], data_offsets: [0, 1] }, b: f32(1, 5) }, 5);
  odd.set(new Uint8Array(new Float32Array([1.5]).buffer), odd.length - 4);
  expect(open(odd).read('b')).toEqual(tensor([1.5]));
});

test('reading a tensor reads that tensor', () => {
  const bytes = encodeSafetensors(new Map([1, 2, 3].map(i => [`t${i}`, tensor(new Float32Array(1000 * i))])));
  const reads: number[] = [];
  const source = inMemory(bytes);
  const made = new Safetensors({
    ...source,
    read: (at, length) => (reads.push(length), source.read(at, length)),
  });
  made.read('t2');
  expect(reads).toEqual([8, expect.any(Number), 8000]);
});

test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array()],
  ['half a length', new Uint8Array(7)],
  ['an absurd header length', file({}, 0, 2n ** 63n)],
  ['a header beyond the end', file({}, 0, 10n)],
  ['not JSON', file('{"a": }', 0)],
  ['not UTF-8', file('{"\xff"}', 0).with(10, 0xff)],
  ['a list', file('[]', 0)],
  ['metadata that is a number', file({ __metadata__: { a: 1 } }, 0)],
  ['a name twice', file('{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"\\u0061":{}}', 1)],
  ['an entry that is a text', file({ a: 'b' }, 0)],
  ['an unknown dtype', file({ a: { ...f32(0, 4), dtype: 'constructor' } }, 4)],
  ['a negative dim', file({ a: f32(0, 4, [-1]) }, 4)],
  ['a dim that is no number', file({ a: { ...f32(0, 4), shape: [1.5] } }, 4)],
  ['offsets in the wrong order', file({ a: f32(4, 0, [1]) }, 4)],
  ['a size that is not that of the shape', file({ a: f32(0, 8, [3]) }, 8)],
  ['a size beyond all numbers', file({ a: f32(0, 8, [2 ** 52, 2 ** 52]) }, 8)],
  ['tensors that overlap', file({ a: f32(0, 8), b: f32(4, 12) }, 12)],
  ['the same bytes twice', file({ a: f32(0, 4), b: f32(0, 4) }, 4)],
  ['a gap', file({ a: f32(0, 4), b: f32(8, 12) }, 12)],
  ['tensors cut short', file({ a: f32(0, 8) }, 7)],
  ['bytes behind the end', file({ a: f32(0, 8) }, 9)],
])('refused: %s', (what, bytes) => {
  let error: unknown;
  try {
    open(bytes);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(FormatError);
  expect((error as FormatError).path).toBe('x.safetensors');
  expect(`${what}: ${(error as Error).message}`).toMatchSnapshot();
});

test('a file that is not there, a folder, a tensor of strings', async () => {
  await expect(openSafetensors(join(folder, 'no'))).rejects.toThrow(/cannot read .*: there is no such file/);
  await expect(openSafetensors(folder)).rejects.toThrow(/cannot read .*: it is a folder; expected a file/);
  expect(() => encodeSafetensors(new Map([['s', tensor(['a'])]]))).toThrow(
    'safetensors cannot hold tensor s: it is string; leave it out',
  );
  writeFileSync(join(folder, 'bad'), 'no safetensors at all');
  await expect(openSafetensors(join(folder, 'bad'))).rejects.toThrow(FormatError);
});

test('no mutation of a file does more than be refused with a cause', () => {
  const whole = encodeSafetensors(
    new Map([
      ['a', tensor([1, 2, 3, 4], [2, 2])],
      ['b', tensor([1n])],
    ]),
    { k: 'v' },
  );
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(whole.length), (changes, cut) => {
      const bytes = whole.slice(0, cut % 3 ? whole.length : cut);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      try {
        const made = open(bytes);
        made.names.forEach(name => made.read(name));
      } catch (error) {
        expect(error).toBeInstanceOf(NeuronbookError);
      }
    }),
    { numRuns: 2000, seed: 4 },
  );
});
