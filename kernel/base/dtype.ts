/** Element types, spelled as ONNX Runtime spells them, and the typed array that stores each. */

export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string';

/** `float16` is kept as its bits (`Uint16Array`), `bool` as bytes, as ONNX Runtime does under Node 20. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | string[];

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** Bytes per element; strings have none. */
export const bytesOf = (dtype: DType): number => (dtype === 'string' ? 0 : arrays[dtype].BYTES_PER_ELEMENT);

export const isFloat = (dtype: DType): boolean => dtype.startsWith('float');
export const isBigInt = (dtype: DType): boolean => dtype === 'int64' || dtype === 'uint64';

/** A zeroed store of `length` elements. */
export function allocate(dtype: DType, length: number): TensorData {
  return dtype === 'string' ? new Array<string>(length).fill('') : new arrays[dtype](length);
}

/** The element store over bytes that are already there (little-endian, aligned). */
export function view(
  dtype: Exclude<DType, 'string'>,
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
): TensorData {
  return new arrays[dtype](buffer as ArrayBuffer, offset, length);
}

/** The natural dtype of a typed array; `Uint8Array` and `Uint16Array` mean integers unless told otherwise. */
export function dtypeOf(data: TensorData): DType {
  if (Array.isArray(data)) return 'string';
  for (const [dtype, array] of Object.entries(arrays))
    if (dtype !== 'float16' && data instanceof array) return dtype as DType;
  throw new TypeError(`unknown tensor data: ${Object.prototype.toString.call(data)}`);
}
