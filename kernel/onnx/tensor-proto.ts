/** One `TensorProto` ↔ one `Tensor`: every storage form that ONNX allows, external files and sparse tensors included. */
import { fromBrain } from '../base/bfloat16.ts';
import { allocate, bytesOf, isBigInt, view, type DType, type TensorData } from '../base/dtype.ts';
import { formatDims, sizeOf, stridesOf } from '../base/shape.ts';
import { Tensor } from '../base/tensor.ts';
import { broken } from './broken.ts';
import { BRAIN, elementNumber, elementType, elementTypes, toBigInt, toNumber } from './schema.ts';
import type { SparseTensorProto, TensorProto } from './schema.ts';

/** Where the bytes of external tensors come from; `location` is as the file spells it. Throws where it must not be read. */
export type ExternalReader = (location: string, offset: number, length: number) => Uint8Array;

export interface TensorContext {
  path?: string;
  external?: ExternalReader;
  /** What stands for tensors outside the file where only their names and shapes are wanted; then nothing is read. */
  hollow?: (dtype: Exclude<DType, 'string'>, size: number) => TensorData;
}

/** What the protobuf stores each dtype in, where it is not in `raw_data`. */
function listFor(proto: TensorProto, dtype: DType): readonly unknown[] {
  if (proto.data_type === BRAIN) return proto.int32_data ?? [];
  if (dtype === 'float32') return proto.float_data ?? [];
  if (dtype === 'float64') return proto.double_data ?? [];
  if (dtype === 'int64') return proto.int64_data ?? [];
  if (dtype === 'uint32' || dtype === 'uint64') return proto.uint64_data ?? [];
  return proto.int32_data ?? [];
}

export function decodeTensor(proto: TensorProto, label: string, context: TensorContext): Tensor {
  const fail = (message: string) => broken(`tensor ${label}: ${message}`, context.path);
  const dtype = elementType(proto.data_type);
  if (!dtype) {
    const name = elementTypes[proto.data_type] ?? `number ${proto.data_type}`;
    throw fail(`unsupported element type: ${name}; expected a float16, 32 or 64, an integer, bool or string`);
  }
  const dims = proto.dims.map(toNumber);
  if (dims.some(dim => dim < 0)) throw fail(`negative size in dims ${formatDims(dims)}`);
  const size = sizeOf(dims);
  if (dtype === 'string') {
    const strings = (proto.string_data ?? []).map(bytes =>
      decodeText(bytes, `tensor ${label}`, context.path),
    );
    if (strings.length !== size)
      throw fail(`holds ${strings.length} strings; expected ${size} for ${formatDims(dims)}`);
    return new Tensor(dtype, dims, strings);
  }
  if (proto.data_location === 1 && context.hollow)
    return new Tensor(dtype, dims, context.hollow(dtype, size));
  const brain = proto.data_type === BRAIN;
  const expected = size * (brain ? 2 : bytesOf(dtype));
  const raw = proto.data_location === 1 ? readExternal(proto, expected, label, context) : proto.raw_data;
  if (raw && (raw.length > 0 || size === 0 || listFor(proto, dtype).length === 0)) {
    if (raw.length !== expected)
      throw fail(
        `holds ${raw.length} bytes; expected ${expected} for ${brain ? 'bfloat16' : dtype} ${formatDims(dims)}; the file is damaged`,
      );
    // a copy: aligned, and independent of the file's buffer
    const bytes = new Uint8Array(expected);
    bytes.set(raw);
    if (brain) return new Tensor(dtype, dims, fromBrain(new Uint16Array(bytes.buffer)));
    return new Tensor(dtype, dims, view(dtype, bytes.buffer, 0, size));
  }
  const list = listFor(proto, dtype);
  if (list.length !== size)
    throw fail(`holds ${list.length} values; expected ${size} for ${dtype} ${formatDims(dims)}`);
  if (brain) return new Tensor(dtype, dims, fromBrain(Uint16Array.from(list as number[])));
  return new Tensor(dtype, dims, fill(dtype, list));
}

function fill(dtype: DType, list: readonly unknown[]): TensorData {
  const data = allocate(dtype, list.length);
  if (isBigInt(dtype))
    (list as number[]).forEach((value, i) => ((data as BigInt64Array)[i] = toBigInt(value)));
  else if (dtype === 'uint32')
    (list as number[]).forEach((value, i) => ((data as Uint32Array)[i] = toNumber(value)));
  else (data as Float32Array).set(list as number[]);
  return data;
}

/** The bytes beside the model, found by `location`, `offset` and `length`. */
function readExternal(
  proto: TensorProto,
  expected: number,
  label: string,
  context: TensorContext,
): Uint8Array {
  const fail = (message: string) => broken(`tensor ${label}: ${message}`, context.path);
  const entries = Object.fromEntries((proto.external_data ?? []).map(({ key, value }) => [key, value]));
  if (!entries.location) throw fail('is stored outside the file, but names no location');
  const offset = Number(entries.offset ?? 0);
  const length = Number(entries.length ?? expected);
  if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length < 0)
    throw fail(`external data has an impossible range: offset ${entries.offset}, length ${entries.length}`);
  if (length !== expected)
    throw fail(`external data is ${length} bytes long; expected ${expected}; the file is damaged`);
  if (!context.external)
    throw fail(
      `is stored outside the file, in ${entries.location}; load the model from its own folder, by path`,
    );
  return context.external(entries.location, offset, length);
}

/** COO to dense: `indices` are flat positions, or one row of coordinates per value. */
export function decodeSparse(proto: SparseTensorProto, label: string, context: TensorContext): Tensor {
  if (!proto.values || !proto.indices)
    throw broken(
      `sparse tensor ${label || '(unnamed)'} lacks its values or their indices; the file is damaged`,
      context.path,
    );
  const values = decodeTensor(proto.values, label, context);
  const indices = decodeTensor(proto.indices, `${label} indices`, context);
  const dims = proto.dims.map(toNumber);
  const strides = stridesOf(dims);
  const data = allocate(values.dtype, sizeOf(dims));
  const positions = indices.toNumbers();
  for (let i = 0; i < values.size; i++) {
    const position =
      indices.dims.length === 1
        ? positions[i]
        : strides.reduce((sum, stride, axis) => sum + stride * positions[i * dims.length + axis], 0);
    if (!(position >= 0 && position < data.length))
      throw broken(
        `sparse tensor ${label}: index ${position} lies outside ${formatDims(dims)}`,
        context.path,
      );
    data[position] = values.data[i];
  }
  return new Tensor(values.dtype, dims, data);
}

export function decodeText(bytes: Uint8Array, label: string, path?: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw broken(`${label}: ${bytes.length} bytes of text are not UTF-8`, path);
  }
}

export const encodeText = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Always `raw_data`, except for strings. The bytes are the tensor's own, not a copy. */
export function encodeTensor(tensor: Tensor, name?: string): TensorProto {
  const { dtype, dims, data } = tensor;
  const proto: TensorProto = {
    dims: [...dims],
    data_type: elementNumber(dtype),
    ...(name !== undefined && { name }),
  };
  if (Array.isArray(data)) return { ...proto, string_data: data.map(encodeText) };
  return { ...proto, raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

/** Where a tensor lies outside the file: in a file beside it, from a byte on. */
export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** The entry of a tensor whose bytes are written elsewhere. */
export const encodePlaced = ({ dtype, dims }: Tensor, name: string, place: ExternalPlace): TensorProto => ({
  dims: [...dims],
  data_type: elementNumber(dtype),
  name,
  data_location: 1,
  external_data: Object.entries(place).map(([key, value]) => ({ key, value: String(value) })),
});

/** The tensor of an attribute that is written as plain numbers or text (`value_float`, `value_ints` …). */
export function attributeTensor(
  value: number | bigint | string | readonly (number | bigint | string)[],
): Tensor {
  const list = Array.isArray(value) ? (value as readonly (number | bigint | string)[]) : undefined;
  const dims = list ? [list.length] : [];
  const items = list ?? [value as number];
  if (typeof items[0] === 'bigint') return new Tensor('int64', dims, BigInt64Array.from(items as bigint[]));
  if (typeof items[0] === 'string') return new Tensor('string', dims, [...(items as string[])]);
  return new Tensor('float32', dims, Float32Array.from(items as number[]));
}
