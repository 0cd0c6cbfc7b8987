/** A concrete array: dtype, dims and row-major data. Symbolic values are `Var`s, in `engine/var.ts`. */
import { allocate, dtypeOf, isBigInt, isFloat, type DType, type TensorData } from './dtype.ts';
import { NeuronbookError, ShapeError } from './errors.ts';
import { floatsToHalves, halvesToFloats } from './float16.ts';
import { formatDims, sizeOf, stridesOf, type Dims } from './shape.ts';

const brand = Symbol.for('neuronbook.tensor');

export class Tensor {
  readonly [brand] = true;

  constructor(
    readonly dtype: DType,
    readonly dims: Dims,
    readonly data: TensorData,
  ) {
    if (!dims.every(dim => Number.isInteger(dim) && dim >= 0))
      throw new ShapeError(
        `dims ${formatDims(dims)} for ${data.length} values; expected whole numbers from 0, and one −1 at most in reshape`,
      );
    if (data.length !== sizeOf(dims))
      throw new ShapeError(
        `tensor data does not fill its dims: ${data.length} values; expected ${sizeOf(dims)} for ${formatDims(dims)}`,
      );
  }

  get size(): number {
    return this.data.length;
  }

  /**
   * The values as plain numbers, whatever the dtype (halves decoded, 64-bit integers narrowed).
   * @example tensor([1n, 2n]).toNumbers() // → 1,2
   */
  toNumbers(): number[] {
    return Array.from(this.toFloat32OrWider());
  }

  /**
   * The data itself where it is float32; otherwise a converted copy (float64 for wider types).
   * @example tensor([1n, 2n]).toFloat32OrWider() // → 1,2
   */
  toFloat32OrWider(): Float32Array | Float64Array {
    const { data, dtype } = this;
    if (data instanceof Float32Array || data instanceof Float64Array) return data;
    if (dtype === 'float16') return halvesToFloats(data as Uint16Array);
    if (dtype === 'string') throw new ShapeError('a string tensor has no numbers; read `.data`');
    return Float64Array.from(data as ArrayLike<number | bigint>, Number);
  }

  /**
   * A copy in another numeric dtype, saturating nowhere: values are converted as JavaScript converts them.
   * @example tensor([1.5, -2.5]).cast('int32') // → tensor int32 2 [1, -2]
   */
  cast(dtype: DType): Tensor {
    if (dtype === this.dtype) return this;
    const values = this.toFloat32OrWider();
    if (dtype === 'float16') return new Tensor(dtype, this.dims, floatsToHalves(values));
    const data = allocate(dtype, this.size);
    if (dtype === 'string') (data as string[]).splice(0, this.size, ...Array.from(values, String));
    else if (isBigInt(dtype))
      values.forEach(
        (value, i) => ((data as BigInt64Array)[i] = BigInt(Number.isFinite(value) ? Math.trunc(value) : 0)),
      );
    else if (dtype === 'bool') values.forEach((value, i) => ((data as Uint8Array)[i] = value ? 1 : 0));
    else (data as Float32Array).set(values);
    return new Tensor(dtype, this.dims, data);
  }

  /**
   * The same data under other dims; one −1 is inferred.
   * @example tensor([1, 2, 3, 4]).reshape([2, -1]).dims // → 2,2
   */
  reshape(dims: Dims): Tensor {
    const known = sizeOf(dims.filter(dim => dim !== -1));
    const filled = dims.map(dim => (dim === -1 ? (known ? this.size / known : 0) : dim));
    return new Tensor(this.dtype, filled, this.data);
  }

  /**
   * The `index`-th slice along the first axis; data is shared.
   * @example tensor([1, 2, 3, 4], [2, 2]).at(-1) // → tensor float32 2 [3, 4]
   */
  at(index: number): Tensor {
    const [count, ...rest] = this.dims;
    const wrapped = index < 0 ? index + count : index;
    if (!(wrapped >= 0 && wrapped < count))
      throw new ShapeError(
        `index out of range: ${index}; expected 0 to ${count - 1} for ${formatDims(this.dims)}`,
      );
    const size = sizeOf(rest);
    const { data } = this;
    const part = Array.isArray(data)
      ? data.slice(wrapped * size, (wrapped + 1) * size)
      : data.subarray(wrapped * size, (wrapped + 1) * size);
    return new Tensor(this.dtype, rest, part);
  }

  /**
   * Nested arrays, outermost axis first.
   * @example tensor([1, 2, 3, 4], [2, 2]).toArray() as number[][]
   */
  toArray(): unknown {
    const values = this.dtype === 'string' ? (this.data as string[]) : this.toNumbers();
    const strides = stridesOf(this.dims);
    const nest = (axis: number, offset: number): unknown =>
      axis === this.dims.length
        ? values[offset]
        : Array.from({ length: this.dims[axis] }, (_, i) => nest(axis + 1, offset + i * strides[axis]));
    return nest(0, 0);
  }

  toString(): string {
    const head = `tensor ${this.dtype} ${formatDims(this.dims)}`;
    const values =
      this.dtype === 'string'
        ? (this.data as string[])
        : Array.from(this.data.slice(0, 12) as Float32Array, Number);
    const shown =
      this.dtype === 'float16' ? Array.from(halvesToFloats(this.data.slice(0, 12) as Uint16Array)) : values;
    const text = shown
      .slice(0, 12)
      .map(value => (typeof value === 'number' && isFloat(this.dtype) ? +value.toPrecision(5) : value));
    return `${head} [${text.join(', ')}${this.size > 12 ? ', …' : ''}]`;
  }

  [Symbol.for('Jupyter.display')](): Record<string, unknown> {
    return { 'text/plain': this.toString() };
  }
}

/**
 * Whether `value` is a tensor, also one made by another copy of the library.
 * @example isTensor(tensor([1, 2])) // → true
 */
export const isTensor = (value: unknown): value is Tensor =>
  typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;

/** Anything that can become a tensor. */
export type TensorLike =
  Tensor | TensorData | readonly number[] | readonly bigint[] | readonly boolean[] | Nested | number;

/** Arrays of arrays of numbers, outermost axis first, as `toArray` gives them. */
export type Nested = readonly (readonly number[] | readonly bigint[] | readonly boolean[] | Nested)[];

/**
 * A tensor from data and dims. Plain numbers become float32, bigints int64, booleans bool;
 * a typed array keeps its type. Without dims arrays of arrays have their own, and the result is one-dimensional else.
 * @throws ShapeError where the data does not fill the dims
 * @example tensor([1, 2, 3, 4], [2, 2]) // → tensor float32 2×2 [1, 2, 3, 4]
 */
export function tensor(data: TensorLike, dims?: Dims, dtype?: DType): Tensor {
  if (isTensor(data))
    return dtype ? (dims ? data.reshape(dims) : data).cast(dtype) : dims ? data.reshape(dims) : data;
  if (typeof data === 'number') return tensor([data], dims ?? [], dtype);
  if (!Array.isArray(data) && !ArrayBuffer.isView(data))
    throw new NeuronbookError(
      `no tensor: ${data === null ? 'null' : typeof data === 'object' ? 'an object' : `${typeof data} ${String(data).slice(0, 40)}`}; expected numbers in an array or a typed array, or a tensor`,
    );
  if (Array.isArray(data) && (data as readonly unknown[]).some(Array.isArray)) {
    const { items, shape } = flattened(data as unknown as Nested);
    return tensor(items as number[], dims ?? shape, dtype);
  }
  return wrap(data, dims ?? [data.length], dtype);
}

/** The innermost items of nested arrays, in order. @throws ShapeError where two of one level differ in length */
function flattened(data: Nested): { items: readonly unknown[]; shape: number[] } {
  const shape: number[] = [];
  let items: readonly unknown[] = data;
  for (let level = items; level.some(Array.isArray); level = items) {
    if (!shape.length) shape.push(level.length);
    const rows = level.map(row => (Array.isArray(row) ? (row as unknown[]) : [row]));
    const uneven = rows.find((row, i) => row.length !== rows[0].length || !Array.isArray(level[i]));
    if (uneven)
      throw new ShapeError(
        `nested arrays of unequal length: ${uneven.length} beside ${rows[0].length}; expected as many in each`,
      );
    shape.push(rows[0].length);
    items = rows.flat();
  }
  return { items, shape };
}

function wrap(data: Exclude<TensorLike, Tensor | number>, dims: Dims, dtype?: DType): Tensor {
  if (!Array.isArray(data)) {
    const natural = dtypeOf(data as TensorData);
    const alias = (dtype === 'bool' && natural === 'uint8') || (dtype === 'float16' && natural === 'uint16');
    const made = new Tensor(alias ? dtype : natural, dims, data as TensorData);
    return dtype && !alias ? made.cast(dtype) : made;
  }
  const items = data as readonly (string | bigint | boolean | number)[];
  const kind = typeof items[0];
  if (kind === 'string') return new Tensor('string', dims, items as string[]);
  if (kind === 'bigint') return wrap(BigInt64Array.from(items as bigint[]), dims, dtype);
  if (kind === 'boolean')
    return new Tensor('bool', dims, Uint8Array.from(items, Number)).cast(dtype ?? 'bool');
  return new Tensor('float64', dims, Float64Array.from(items as number[])).cast(dtype ?? 'float32');
}
