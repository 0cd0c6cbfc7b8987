/** Arrays inside a JSON payload: little-endian bytes as base64, a quarter of the text that printed numbers would take. */
import { fromBase64, toBase64 } from '../base/base64.ts';
import { isRecord, isText } from './payload.ts';

/** `bytes` are float32, or uint8 that stand for shares of `range`. */
export interface Packed {
  dtype: 'float32' | 'uint8';
  /** Row-major. */
  dims: number[];
  /** What the bytes 0 and 255 stand for; float32 has none. */
  range?: [number, number];
  bytes: string;
}

/** Numbers in a payload; more would stall a browser. */
export const MOST = 2 ** 24;

const widths = { float32: 4, uint8: 1 } as const;
const sizeOf = (dims: readonly number[]): number => dims.reduce((size, dim) => size * dim, 1);

/** @param data row-major values, as many as `dims` multiply to */
export function pack(data: ArrayLike<number>, dims: readonly number[]): Packed {
  const floats = data instanceof Float32Array ? data : Float32Array.from(data);
  const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  return { dtype: 'float32', dims: [...dims], bytes: toBase64(bytes) };
}

/** A quarter of the bytes, each value kept to one part in 255 of the range. */
export function packBytes(data: ArrayLike<number>, dims: readonly number[], range: [number, number]): Packed {
  const [low, high] = range;
  const bytes = Uint8Array.from(data, value => Math.round((255 * (value - low)) / (high - low || 1)));
  return { dtype: 'uint8', dims: [...dims], range, bytes: toBase64(bytes) };
}

/** Says what is wrong with a value that should be a packed array of `rank` dims (any, where not given). */
export function packedProblem(value: unknown, rank?: number): string | undefined {
  if (!isRecord(value) || !Array.isArray(value.dims)) return 'is not a packed array';
  const { dtype, dims, bytes, range } = value;
  if (dtype !== 'float32' && dtype !== 'uint8') return `has dtype ${JSON.stringify(dtype)}`;
  if (!dims.every(dim => Number.isInteger(dim) && dim >= 0)) return 'has dims that are no sizes';
  if (rank !== undefined && dims.length !== rank) return `has ${dims.length} dims; expected ${rank}`;
  const size = sizeOf(dims as number[]);
  if (size > MOST) return `has ${size} values; at most ${MOST} are drawn`;
  if (!isText(bytes) || !/^[A-Za-z0-9+/]*=*$/.test(bytes)) return 'has bytes that are not base64';
  const length = (bytes.length / 4) * 3 - /=*$/.exec(bytes)![0].length;
  if (length !== size * widths[dtype])
    return `has ${length} bytes; expected ${size * widths[dtype]} for ${dims.join('×')} ${dtype}`;
  const ends =
    dtype === 'float32' || (Array.isArray(range) && range.length === 2 && range.every(Number.isFinite));
  return ends ? undefined : 'has no range for its bytes';
}

/** The values of a packed array that `packedProblem` has passed. */
export function unpack({ dtype, bytes, range }: Packed): Float32Array {
  const raw = fromBase64(bytes);
  if (dtype === 'float32') return new Float32Array(raw.slice().buffer);
  const [low, high] = range!;
  return Float32Array.from(raw, byte => low + (byte / 255) * (high - low));
}

/** Bytes of a list as Plotly's own figures carry them. */
export interface TypedList {
  dtype: keyof typeof lists;
  bdata: string;
}

const lists = {
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  f4: Float32Array,
  f8: Float64Array,
};

/** A list of numbers for a chart, single precision where that is a ten-millionth of their range; what is not finite is NaN. */
export function packList(values: readonly number[]): TypedList {
  const wide = Float64Array.from(values, value => (Number.isFinite(value) ? value : NaN));
  let [low, high] = [Infinity, -Infinity];
  for (const value of wide) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const narrow = Float32Array.from(wide);
  const close = narrow.every((value, i) => !(Math.abs(value - wide[i]) > 1e-7 * (high - low)));
  const array = close ? narrow : wide;
  return { dtype: close ? 'f4' : 'f8', bdata: toBase64(new Uint8Array(array.buffer)) };
}

/** The numbers of a list that a chart carries as bytes; undefined where it is no such list, or too long. */
export function unpackList(value: unknown): ArrayLike<number> | undefined {
  if (!isRecord(value) || !isText(value.bdata) || 'shape' in value) return undefined;
  if (!isText(value.dtype) || !Object.hasOwn(lists, value.dtype)) return undefined;
  if (!/^[A-Za-z0-9+/]*=*$/.test(value.bdata)) return undefined;
  const kind = lists[value.dtype as TypedList['dtype']];
  const bytes = fromBase64(value.bdata);
  if (bytes.length % kind.BYTES_PER_ELEMENT || bytes.length / kind.BYTES_PER_ELEMENT > MOST) return undefined;
  return new kind(bytes.slice().buffer);
}
