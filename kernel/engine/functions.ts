/**
 * ONNX operators as functions of vars, in the words that rules, layers, losses and instruments are written in.
 * A number stands for a constant of the other operand's dtype. Shapes broadcast as in NumPy.
 */
import type { DType } from '../base/dtype.ts';
import { broadcastAxes, broadcastDims, sameDims, sizeOf, type Dims } from '../base/shape.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import type { Attributes } from '../onnx/graph.ts';
import { int, ints } from './attributes.ts';
import type { Recorder, Var } from './var.ts';

export type Operand = Var | number;

/** One node with one output. */
export function apply(
  op: string,
  inputs: readonly (Var | undefined)[],
  attributes?: Attributes,
  domain?: string,
): Var {
  const { trace } = inputs.find(input => input !== undefined)!;
  return trace.apply(op, inputs, attributes, { domain })[0];
}

// ---- constants

export const constant = (trace: Recorder, value: Tensor): Var => trace.constant(value);

/** A scalar constant of `like`'s dtype, in its trace. */
export const scalar = (like: Var, value: number): Var => like.trace.constant(tensor([value], [], like.dtype));

/** An int64 vector constant: axes, shapes, pads. */
export const int64s = (trace: Recorder, values: readonly number[]): Var =>
  trace.constant(tensor(BigInt64Array.from(values, BigInt), [values.length]));

/** `value` everywhere. */
export const full = (trace: Recorder, dims: Dims, value: number, dtype: DType = 'float32'): Var =>
  dims.length === 0
    ? trace.constant(tensor([value], [], dtype))
    : expand(trace.constant(tensor([value], [], dtype)), dims);

export const zerosLike = (x: Var): Var => full(x.trace, x.dims, 0, x.dtype);

// ---- elementwise

/**
 * @param neutral the number that changes nothing on the right (x + 0, x·1), and on the left too where `commutes`:
 *   no node is made for it
 */
function binary(op: string, neutral?: number, commutes = false) {
  return (a: Operand, b: Operand): Var => {
    if (typeof a === 'number' && typeof b === 'number')
      throw new TypeError(`${op} of two numbers; one must be a var`);
    if (neutral !== undefined && changesNothing(b, a as Var, neutral)) return a as Var;
    if (commutes && changesNothing(a, b as Var, neutral!)) return b as Var;
    const left = typeof a === 'number' ? scalar(b as Var, a) : a;
    const right = typeof b === 'number' ? scalar(left, b) : b;
    return apply(op, [left, right]);
  };
}

/** Whether `side` is `neutral` everywhere and does not stretch `x`. */
function changesNothing(side: Operand, x: Operand, neutral: number): boolean {
  if (typeof side === 'number') return side === neutral;
  const { value, dims, dtype } = side;
  if (!value || typeof x === 'number' || value.size > 4096 || dtype !== x.dtype || dtype === 'string')
    return false;
  return sameDims(broadcastDims(dims, x.dims), x.dims) && value.toNumbers().every(item => item === neutral);
}

function unary(op: string) {
  return (x: Var): Var => apply(op, [x]);
}

export const add = binary('Add', 0, true);
export const sub = binary('Sub', 0);
export const mul = binary('Mul', 1, true);
export const div = binary('Div', 1);
export const pow = binary('Pow', 1);
export const greater = binary('Greater');
export const greaterOrEqual = binary('GreaterOrEqual');
export const less = binary('Less');
export const lessOrEqual = binary('LessOrEqual');
export const equal = binary('Equal');
export const and = binary('And');
export const or = binary('Or');
export const not = unary('Not');
export const neg = unary('Neg');
export const abs = unary('Abs');
export const sqrt = unary('Sqrt');
export const exp = unary('Exp');
export const log = unary('Log');
export const sin = unary('Sin');
export const cos = unary('Cos');
export const sign = unary('Sign');
export const erf = unary('Erf');
export const relu = unary('Relu');
export const sigmoid = unary('Sigmoid');
export const tanh = unary('Tanh');
export const softplus = unary('Softplus');
export const sinh = unary('Sinh');
export const cosh = unary('Cosh');
export const identity = unary('Identity');

const numbers: Partial<Record<DType, bigint>> = {
  float32: 1n,
  uint8: 2n,
  int8: 3n,
  uint16: 4n,
  int16: 5n,
  int32: 6n,
  int64: 7n,
  string: 8n,
  bool: 9n,
  float16: 10n,
  float64: 11n,
  uint32: 12n,
  uint64: 13n,
};

/** ONNX's number for a dtype (TensorProto.DataType), as the `to` attribute of Cast wants it. */
export const dtypeNumber = (dtype: DType): bigint => numbers[dtype]!;
export const dtypeFromNumber = (number: number | bigint): DType => {
  const found = Object.entries(numbers).find(([, value]) => value === BigInt(number));
  if (!found) throw new TypeError(`unsupported ONNX element type: ${number}; neuronbook reads types 1 to 13`);
  return found[0] as DType;
};

export const cast = (x: Var, dtype: DType): Var =>
  x.dtype === dtype ? x : apply('Cast', [x], { to: dtypeNumber(dtype) });

/** 1 where `condition` holds and 0 elsewhere, in the dtype of `like`. */
export const indicator = (condition: Var, like: Var): Var => cast(condition, like.dtype);

export const where = (condition: Var, a: Operand, b: Operand): Var => {
  const like = typeof a === 'number' ? (b as Var) : a;
  return apply('Where', [
    condition,
    typeof a === 'number' ? scalar(like, a) : a,
    typeof b === 'number' ? scalar(like, b) : b,
  ]);
};

// ---- shape

export const reshape = (x: Var, dims: Dims): Var =>
  sameDims(x.dims, dims) ? x : apply('Reshape', [x, int64s(x.trace, dims)]);
export const expand = (x: Var, dims: Dims): Var =>
  sameDims(x.dims, dims) ? x : apply('Expand', [x, int64s(x.trace, dims)]);
export const transpose = (x: Var, perm: readonly number[]): Var =>
  perm.every((axis, i) => axis === i) ? x : apply('Transpose', [x], { perm: ints(perm) });
export const squeeze = (x: Var, axes: readonly number[]): Var => apply('Squeeze', [x, int64s(x.trace, axes)]);
export const unsqueeze = (x: Var, axes: readonly number[]): Var =>
  apply('Unsqueeze', [x, int64s(x.trace, axes)]);
export const concat = (xs: readonly Var[], axis: number): Var =>
  xs.length === 1 ? xs[0] : apply('Concat', xs, { axis: int(axis) });
export const gather = (x: Var, indices: Var, axis = 0): Var =>
  apply('Gather', [x, indices], { axis: int(axis) });

export const split = (x: Var, sizes: readonly number[], axis: number): Var[] =>
  x.trace.apply('Split', [x, int64s(x.trace, sizes)], { axis: int(axis) }, { outputs: sizes.length });

/** `x[starts:ends:steps]` along `axes`. */
export const slice = (
  x: Var,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = starts.map((_, i) => i),
  steps: readonly number[] = starts.map(() => 1),
): Var => apply('Slice', [x, ...[starts, ends, axes, steps].map(values => int64s(x.trace, values))]);

/** Zeros around `x`; `pads` holds all begins, then all ends. Negative pads cut. */
export const pad = (x: Var, pads: readonly number[], value = 0): Var =>
  pads.every(p => p === 0)
    ? x
    : apply('Pad', [x, int64s(x.trace, pads), scalar(x, value)], { mode: 'constant' });

// ---- reductions

function reduction(op: string) {
  return (x: Var, axes?: readonly number[], keepdims = false): Var =>
    axes?.length === 0
      ? x
      : apply(op, [x, ...(axes ? [int64s(x.trace, axes)] : [])], { keepdims: int(keepdims ? 1 : 0) });
}

export const reduceSum = reduction('ReduceSum');
export const reduceMean = reduction('ReduceMean');
export const reduceMax = reduction('ReduceMax');
export const reduceMin = reduction('ReduceMin');

/** The adjoint of broadcasting: sums `x` over the axes along which a tensor of dims `dims` was stretched. */
export function sumTo(x: Var, dims: Dims): Var {
  if (sameDims(x.dims, dims)) return x;
  const axes = broadcastAxes(dims, x.dims);
  const lead = x.dims.length - dims.length;
  if (axes.every((axis, i) => axis === i) && (x.dtype === 'float32' || x.dtype === 'float64'))
    return reshape(sumRows(x, sizeOf(x.dims.slice(0, axes.length))), dims);
  const keeps = axes.some(axis => axis >= lead);
  return reshape(reduceSum(x, axes, keeps), dims);
}

/** Σ over `rows` leading rows, as 1ᵀ·x: ONNX Runtime's product takes a quarter of the time of its ReduceSum. */
function sumRows(x: Var, rows: number): Var {
  if (rows === 1) return x;
  const ones = x.trace.constant(tensor(new Float32Array(rows).fill(1), [rows], x.dtype));
  return matmul(ones, reshape(x, [rows, sizeOf(x.dims) / rows]));
}

// ---- linear algebra

export const matmul = (a: Var, b: Var): Var => apply('MatMul', [a, b]);

/** α·op(a)·op(b) + β·c */
export const gemm = (
  a: Var,
  b: Var,
  c?: Var,
  { transA = false, transB = false, alpha = 1, beta = 1 } = {},
): Var => apply('Gemm', [a, b, c], { transA: int(+transA), transB: int(+transB), alpha, beta });

/** α·op(a)·op(b), batched, in one node of ONNX Runtime's: no Transpose. */
export const fusedMatmul = (a: Var, b: Var, { transA = false, transB = false, alpha = 1 } = {}): Var =>
  apply('FusedMatMul', [a, b], { transA: int(+transA), transB: int(+transB), alpha }, 'com.microsoft');

/** Swaps the last two axes. */
export function swapLast(x: Var): Var {
  const rank = x.dims.length;
  const perm = x.dims.map((_, axis) => axis);
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  return transpose(x, perm);
}

export const softmax = (x: Var, axis = -1): Var => apply('Softmax', [x], { axis: int(axis) });
export const logSoftmax = (x: Var, axis = -1): Var => apply('LogSoftmax', [x], { axis: int(axis) });

/** x with `updates` added at `indices` along `axis`; duplicates accumulate. */
export const scatterAdd = (x: Var, indices: Var, updates: Var, axis = 0): Var =>
  apply('ScatterElements', [x, indices, updates], { axis: int(axis), reduction: 'add' });
