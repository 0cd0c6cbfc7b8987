/**
 * NumPy's arrays: `.npy` ↔ a tensor, `.npz` (a zip of them) ↔ tensors by name.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { unzipSync, zipSync } from 'fflate';
import { bytesOf, view, type DType } from '../../base/dtype.ts';
import { sizeOf, stridesOf } from '../../base/shape.ts';
import { Tensor } from '../../base/tensor.ts';
import { parsed, type Source } from './source.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/** NumPy's type codes, without the byte order. */
const dtypes: Readonly<Record<string, Exclude<DType, 'string'>>> = {
  f4: 'float32',
  f8: 'float64',
  f2: 'float16',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/**
 * A `.npy` file as a tensor of its dtype and shape.
 * @throws FormatError on anything else, and on a file that was cut short
 * @example const spikes = await readNpy('recordings/spikes.npy')
 */
export const readNpy = (source: Source): Promise<Tensor> => parsed(source, 'a .npy file', decodeNpy);

/**
 * All arrays of a `.npz` file, by name.
 * @throws FormatError on anything else, and on a file that was cut short
 * @example const { images, labels } = await readNpz('mnist.npz')
 */
export const readNpz = (source: Source): Promise<Record<string, Tensor>> =>
  parsed(source, 'a .npz file', bytes =>
    Object.fromEntries(
      Object.entries(unzipSync(bytes)).map(([name, content]) => {
        try {
          return [name.replace(/\.npy$/, ''), decodeNpy(content)];
        } catch (error) {
          throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
        }
      }),
    ),
  );

/** The bytes of a `.npy` file. @example await writeFile('acts.npy', toNpy(image)) */
export function toNpy({ dtype, dims, data }: Tensor): Uint8Array {
  const code = Object.keys(dtypes).find(key => dtypes[key] === dtype);
  if (!code || Array.isArray(data))
    throw new TypeError(`a .npy file of ${dtype}: NumPy's form of it is not supported`);
  const shape = `(${dims.join(', ')}${dims.length === 1 ? ',' : ''})`;
  const order = bytesOf(dtype) === 1 ? '|' : '<';
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${shape}, }`;
  // the data begins at a multiple of 64 bytes
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const head = new TextEncoder().encode(`${text.padEnd(length - 1)}\n`);
  const bytes = new Uint8Array(10 + length + data.byteLength);
  bytes.set([...MAGIC, 1, 0, length & 255, length >> 8]);
  bytes.set(head, 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + length);
  return bytes;
}

/** The bytes of a `.npz` file. @example await writeFile('all.npz', toNpz({ tokens, image })) */
export const toNpz = (tensors: Readonly<Record<string, Tensor>>): Uint8Array =>
  zipSync(Object.fromEntries(Object.entries(tensors).map(([name, value]) => [`${name}.npy`, toNpy(value)])));

function decodeNpy(bytes: Uint8Array): Tensor {
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw new Error(`it begins with ${hex(bytes.subarray(0, 6))}; expected ${hex(MAGIC)}`);
  const major = bytes[6];
  const at = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? at.getUint16(8, true) : at.getUint32(8, true);
  if (start + length > bytes.length) throw new Error('it ends within its header; it was cut short');
  const header = new TextDecoder(major >= 3 ? 'utf-8' : 'latin1').decode(
    bytes.subarray(start, start + length),
  );
  const descr = /'descr':\s*'([<>|=])(\w+)'/.exec(header);
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header);
  if (!descr || !shape)
    throw new Error(`its header is ${header.trim().slice(0, 120)}; expected descr and shape`);
  const [, order, code] = descr;
  const dtype = dtypes[code];
  if (!dtype) throw new Error(`its type is ${code}; expected one of ${Object.keys(dtypes).join(', ')}`);
  const dims = shape[1]
    .split(',')
    .filter(text => text.trim())
    .map(Number);
  const wanted = sizeOf(dims) * bytesOf(dtype);
  const held = bytes.length - start - length;
  if (held < wanted)
    throw new Error(
      `it holds ${held} bytes of values; expected ${wanted} for ${dims.join('×')} of ${dtype}; it was cut short`,
    );
  // a copy, so that it is aligned and the file can go
  const raw = bytes.slice(start + length, start + length + wanted);
  if (order === '>') swap(raw, bytesOf(dtype));
  const tensor = new Tensor(dtype, dims, view(dtype, raw.buffer, 0, sizeOf(dims)));
  return /'fortran_order':\s*True/.test(header) ? rowMajor(tensor) : tensor;
}

function swap(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}

/** Column by column → row by row. */
function rowMajor({ dtype, dims, data }: Tensor): Tensor {
  const from = stridesOf([...dims].reverse()).reverse();
  const to = stridesOf(dims);
  const turned = data.slice() as Float32Array;
  for (let i = 0; i < turned.length; i++) {
    let source = 0;
    for (let axis = 0, rest = i; axis < dims.length; axis++) {
      source += Math.floor(rest / to[axis]) * from[axis];
      rest %= to[axis];
    }
    turned[i] = (data as Float32Array)[source];
  }
  return new Tensor(dtype, dims, turned);
}

const hex = (bytes: Iterable<number>): string =>
  [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join(' ') || 'nothing';
