/** Ops that make values out of shapes and attributes: Shape, Size, Constant, ConstantOfShape, Range. */
import { allocate, type TensorData } from '../../base/dtype.ts';
import { ShapeError } from '../../base/errors.ts';
import { formatDims, sizeOf } from '../../base/shape.ts';
import { Tensor, isTensor, tensor, type TensorLike } from '../../base/tensor.ts';
import { intOf, tensorOf } from '../attributes.ts';
import { dtypeFromNumber } from '../functions.ts';
import { noGradient, type Call, type Op } from '../op.ts';
import type { Known } from '../var.ts';
import { constantInts, need } from './makers.ts';

/** Constants larger than this are left for the runtime to make. */
const MATERIALIZE_LIMIT = 4096;

const known = (value: Tensor): Known => ({ dtype: value.dtype, dims: value.dims, value });
const int64 = (values: readonly number[], dims: readonly number[]): Tensor =>
  tensor(BigInt64Array.from(values, BigInt), dims);

/** `length` copies of one element. */
function filled(value: Tensor, length: number): TensorData {
  const data = allocate(value.dtype, length) as unknown[];
  return data.fill(value.data[0]) as TensorData;
}

export const Shape: Op = {
  infer(call) {
    const { dims } = need(call, 0);
    const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + dims.length : at, 0), dims.length);
    const start = clamp(intOf(call.attributes, 'start', 0));
    const end = clamp(intOf(call.attributes, 'end', dims.length));
    const part = dims.slice(start, Math.max(start, end));
    return [known(int64(part, [part.length]))];
  },
  gradient: noGradient,
};

export const Size: Op = {
  infer: call => [known(int64([sizeOf(need(call, 0).dims)], []))],
  gradient: noGradient,
};

export const Constant: Op = {
  infer(call) {
    const [name] = Object.keys(call.attributes);
    const value = call.attributes[name];
    if (name === 'value' && isTensor(value)) return [known(value)];
    if (name === 'value_float') return [known(tensor([Number(value)], [], 'float32'))];
    if (name === 'value_floats') return [known(tensor(Array.from(value as number[]), undefined, 'float32'))];
    if (name === 'value_int') return [known(int64([Number(value)], []))];
    if (name === 'value_ints') {
      const values = Array.from(value as readonly bigint[], Number);
      return [known(int64(values, [values.length]))];
    }
    if (name === 'value_string') return [known(tensor([String(value)], []))];
    if (name === 'value_strings')
      return [
        known(new Tensor('string', [(value as string[]).length], Array.from(value as string[]) as string[])),
      ];
    throw new ShapeError(
      `Constant with ${name ?? 'no attribute'}; expected value, value_float(s), value_int(s) or value_string(s)`,
    );
  },
  gradient: noGradient,
};

export const ConstantOfShape: Op = {
  infer(call) {
    const dims = constantInts(call, 0, 'shape')!;
    const value = tensorOf(call.attributes, 'value') ?? tensor(new Float32Array(1));
    const size = sizeOf(dims);
    if (size > MATERIALIZE_LIMIT) return [{ dtype: value.dtype, dims }];
    return [known(new Tensor(value.dtype, dims, filled(value, size)))];
  },
  gradient: noGradient,
};

export const Range: Op = {
  infer(call) {
    const { dtype } = need(call, 0);
    const [start, limit, delta] = ['start', 'limit', 'delta'].map((what, i) => constantOf(call, i, what));
    // n = max(0, ⌈(limit − start)/delta⌉)
    const length = Math.max(0, Math.ceil((limit - start) / delta));
    if (length > MATERIALIZE_LIMIT) return [{ dtype, dims: [length] }];
    const values: TensorLike = Float64Array.from({ length }, (_, i) => start + i * delta);
    return [known(tensor(values, [length], dtype))];
  },
  gradient: noGradient,
};

/** One number that must be known before anything runs. */
function constantOf(call: Call, index: number, what: string): number {
  need(call, index, what);
  const values = constantInts(call, index, what)!;
  if (values.length !== 1)
    throw new ShapeError(
      `${call.op} needs its ${what} (input ${index}) to be one number; received ${values.length} values`,
    );
  return values[0];
}

/** Ones on one diagonal of a matrix of the input's dims. */
export const EyeLike: Op = {
  infer(call) {
    const { dtype: own, dims } = need(call, 0);
    if (dims.length !== 2) throw new ShapeError(`EyeLike of ${formatDims(dims)}; expected a matrix`);
    const dtype =
      call.attributes.dtype === undefined ? own : dtypeFromNumber(intOf(call.attributes, 'dtype', 1));
    const [rows, columns] = dims;
    if (rows * columns > MATERIALIZE_LIMIT) return [{ dtype, dims }];
    const k = intOf(call.attributes, 'k', 0);
    const values = Float64Array.from({ length: rows * columns }, (_, i) =>
      Number((i % columns) - Math.floor(i / columns) === k),
    );
    return [known(tensor(values, dims, dtype))];
  },
  gradient: noGradient,
};
