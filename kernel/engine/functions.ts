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

/**
 * One node with one output.
 * @example ops.apply('Mish', [x]).dims
 */
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

/** A tensor as part of the graph. @example ops.add(x, ops.constant(trace, tensor([1, 2, 3]))) */
export const constant = (trace: Recorder, value: Tensor): Var => trace.constant(value);

/**
 * A scalar constant of `like`'s dtype, in its trace.
 * @example ops.mul(x, ops.scalar(x, 0.5))
 */
export const scalar = (like: Var, value: number): Var => like.trace.constant(tensor([value], [], like.dtype));

/**
 * An int64 vector constant: axes, shapes, pads.
 * @example ops.apply('Tile', [x, ops.int64s(trace, [2, 1])]).dims // → 4,3
 */
export const int64s = (trace: Recorder, values: readonly number[]): Var =>
  trace.constant(tensor(BigInt64Array.from(values, BigInt), [values.length]));

/**
 * `value` everywhere.
 * @example ops.full(trace, [2, 3], 0.5).dims // → 2,3
 */
export const full = (trace: Recorder, dims: Dims, value: number, dtype: DType = 'float32'): Var =>
  dims.length === 0
    ? trace.constant(tensor([value], [], dtype))
    : expand(trace.constant(tensor([value], [], dtype)), dims);

/** 0 everywhere, in the dtype and dims of `x`. @example ops.zerosLike(x) */
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

/** a + b @example ops.add(x, y) */
export const add = binary('Add', 0, true);
/** a − b @example ops.sub(1, x) */
export const sub = binary('Sub', 0);
/** a · b @example ops.mul(x, y) */
export const mul = binary('Mul', 1, true);
/** a / b @example ops.div(x, ops.reduceSum(x, [-1], true)) */
export const div = binary('Div', 1);
/** aᵇ @example ops.pow(x, 2) */
export const pow = binary('Pow', 1);
/** Whether a > b. @example ops.greater(x, 0).dtype // → bool */
export const greater = binary('Greater');
/** Whether a ≥ b. @example ops.greaterOrEqual(x, y) */
export const greaterOrEqual = binary('GreaterOrEqual');
/** Whether a < b. @example ops.less(x, y) */
export const less = binary('Less');
/** Whether a ≤ b. @example ops.lessOrEqual(x, 6) */
export const lessOrEqual = binary('LessOrEqual');
/** Whether a = b. @example ops.equal(x, 0) */
export const equal = binary('Equal');
/** Both, of bools. @example ops.and(ops.greater(x, 0), ops.less(x, 1)) */
export const and = binary('And');
/** At least one, of bools. @example ops.or(ops.less(x, 0), ops.greater(x, 1)) */
export const or = binary('Or');
/** The opposite, of a bool. @example ops.not(ops.equal(x, 0)) */
export const not = unary('Not');
/** −x @example ops.neg(x) */
export const neg = unary('Neg');
/** |x| @example ops.reduceMean(ops.abs(x)) */
export const abs = unary('Abs');
/** √x @example ops.sqrt(ops.reduceSum(ops.pow(x, 2))) */
export const sqrt = unary('Sqrt');
/** eˣ @example ops.exp(x) */
export const exp = unary('Exp');
/** ln x @example ops.log(ops.add(x, 1e-6)) */
export const log = unary('Log');
/** sin x, in radians. @example ops.sin(x) */
export const sin = unary('Sin');
/** cos x, in radians. @example ops.cos(x) */
export const cos = unary('Cos');
/** −1, 0 or 1. @example ops.sign(x) */
export const sign = unary('Sign');
/** The error function. @example ops.erf(x) */
export const erf = unary('Erf');
/** max(x, 0) @example ops.relu(ops.sub(x, 0.1)) */
export const relu = unary('Relu');
/** 1 / (1 + e⁻ˣ) @example ops.sigmoid(x) */
export const sigmoid = unary('Sigmoid');
/** tanh x @example ops.tanh(x) */
export const tanh = unary('Tanh');
/** ln(1 + eˣ) @example ops.softplus(x) */
export const softplus = unary('Softplus');
/** sinh x @example ops.sinh(x) */
export const sinh = unary('Sinh');
/** cosh x @example ops.cosh(x) */
export const cosh = unary('Cosh');
/** x, as a node of its own. @example ops.identity(x) */
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

/**
 * ONNX's number for a dtype (TensorProto.DataType), as the `to` attribute of Cast wants it.
 * @example ops.apply('Cast', [x], { to: ops.dtypeNumber('int64') }).dtype // → int64
 */
export const dtypeNumber = (dtype: DType): bigint => numbers[dtype]!;
/** The dtype of ONNX’s number. @example ops.dtypeFromNumber(7) // → int64 */
export const dtypeFromNumber = (number: number | bigint): DType => {
  const found = Object.entries(numbers).find(([, value]) => value === BigInt(number));
  if (!found) throw new TypeError(`unsupported ONNX element type: ${number}; neuronbook reads types 1 to 13`);
  return found[0] as DType;
};

/** x in another dtype. @example ops.cast(x, 'float16').dtype // → float16 */
export const cast = (x: Var, dtype: DType): Var =>
  x.dtype === dtype ? x : apply('Cast', [x], { to: dtypeNumber(dtype) });

/**
 * 1 where `condition` holds and 0 elsewhere, in the dtype of `like`.
 * @example ops.indicator(ops.greater(x, 0), x).dtype // → float32
 */
export const indicator = (condition: Var, like: Var): Var => cast(condition, like.dtype);

/** a where `condition` holds, b elsewhere. @example ops.where(ops.greater(x, 0), x, 0) */
export const where = (condition: Var, a: Operand, b: Operand): Var => {
  const like = typeof a === 'number' ? (b as Var) : a;
  return apply('Where', [
    condition,
    typeof a === 'number' ? scalar(like, a) : a,
    typeof b === 'number' ? scalar(like, b) : b,
  ]);
};

// ---- shape

/** x under other dims. @example ops.reshape(x, [3, 2]).dims // → 3,2 */
export const reshape = (x: Var, dims: Dims): Var =>
  sameDims(x.dims, dims) ? x : apply('Reshape', [x, int64s(x.trace, dims)]);
/** x repeated to broadcast dims. @example ops.expand(x, [4, 2, 3]).dims // → 4,2,3 */
export const expand = (x: Var, dims: Dims): Var =>
  sameDims(x.dims, dims) ? x : apply('Expand', [x, int64s(x.trace, dims)]);
/** Axes in another order. @example ops.transpose(x, [1, 0]).dims // → 3,2 */
export const transpose = (x: Var, perm: readonly number[]): Var =>
  perm.every((axis, i) => axis === i) ? x : apply('Transpose', [x], { perm: ints(perm) });
/** x without axes that are 1 long. @example ops.squeeze(ops.reduceSum(x, [1], true), [1]).dims // → 2 */
export const squeeze = (x: Var, axes: readonly number[]): Var => apply('Squeeze', [x, int64s(x.trace, axes)]);
/** x with new axes that are 1 long. @example ops.unsqueeze(x, [0]).dims // → 1,2,3 */
export const unsqueeze = (x: Var, axes: readonly number[]): Var =>
  apply('Unsqueeze', [x, int64s(x.trace, axes)]);
/** One behind the other along an axis. @example ops.concat([x, y], 0).dims // → 4,3 */
export const concat = (xs: readonly Var[], axis: number): Var =>
  xs.length === 1 ? xs[0] : apply('Concat', xs, { axis: int(axis) });
/**
 * Slices of x along an axis, by their numbers.
 * @example ops.gather(x, ops.int64s(trace, [2, 0]), 1).dims // → 2,2
 */
export const gather = (x: Var, indices: Var, axis = 0): Var =>
  apply('Gather', [x, indices], { axis: int(axis) });

/**
 * x cut along an axis into pieces of these sizes.
 * @example ops.split(x, [1, 2], 1).map(part => part.dims[1]) // → 1,2
 */
export const split = (x: Var, sizes: readonly number[], axis: number): Var[] =>
  x.trace.apply('Split', [x, int64s(x.trace, sizes)], { axis: int(axis) }, { outputs: sizes.length });

/**
 * `x[starts:ends:steps]` along `axes`.
 * @example ops.slice(x, [1], [3], [1]).dims // → 2,2
 */
export const slice = (
  x: Var,
  starts: readonly number[],
  ends: readonly number[],
  axes: readonly number[] = starts.map((_, i) => i),
  steps: readonly number[] = starts.map(() => 1),
): Var => apply('Slice', [x, ...[starts, ends, axes, steps].map(values => int64s(x.trace, values))]);

/**
 * Zeros around `x`; `pads` holds all begins, then all ends. Negative pads cut.
 * @example ops.pad(x, [0, 1, 0, 1]).dims // → 2,5
 */
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

/** Sum over axes, all where left out. @example ops.reduceSum(x, [1]).dims // → 2 */
export const reduceSum = reduction('ReduceSum');
/** Mean over axes, all where left out. @example ops.reduceMean(x, [1], true).dims // → 2,1 */
export const reduceMean = reduction('ReduceMean');
/** Maximum over axes, all where left out. @example ops.reduceMax(x, [0]).dims // → 3 */
export const reduceMax = reduction('ReduceMax');
/** Minimum over axes, all where left out. @example ops.reduceMin(x).dims.length // → 0 */
export const reduceMin = reduction('ReduceMin');

/**
 * The adjoint of broadcasting: sums `x` over the axes along which a tensor of dims `dims` was stretched.
 * @example ops.sumTo(x, [3]).dims // → 3
 */
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

/**
 * a·b, batched over all axes but the last two.
 * @example ops.matmul(x, ops.transpose(y, [1, 0])).dims // → 2,2
 */
export const matmul = (a: Var, b: Var): Var => apply('MatMul', [a, b]);

/**
 * α·op(a)·op(b) + β·c
 * @example ops.gemm(x, y, undefined, { transB: true }).dims // → 2,2
 */
export const gemm = (
  a: Var,
  b: Var,
  c?: Var,
  { transA = false, transB = false, alpha = 1, beta = 1 } = {},
): Var => apply('Gemm', [a, b, c], { transA: int(+transA), transB: int(+transB), alpha, beta });

/**
 * α·op(a)·op(b), batched, in one node of ONNX Runtime's: no Transpose.
 * @example ops.fusedMatmul(x, y, { transA: true }).dims // → 3,3
 */
export const fusedMatmul = (a: Var, b: Var, { transA = false, transB = false, alpha = 1 } = {}): Var =>
  apply('FusedMatMul', [a, b], { transA: int(+transA), transB: int(+transB), alpha }, 'com.microsoft');

/**
 * Swaps the last two axes.
 * @example ops.swapLast(x).dims // → 3,2
 */
export function swapLast(x: Var): Var {
  const rank = x.dims.length;
  const perm = x.dims.map((_, axis) => axis);
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  return transpose(x, perm);
}

/** eˣ / Σ eˣ along an axis. @example ops.softmax(x) */
export const softmax = (x: Var, axis = -1): Var => apply('Softmax', [x], { axis: int(axis) });
/** x − ln Σ eˣ along an axis. @example ops.neg(ops.logSoftmax(x)) */
export const logSoftmax = (x: Var, axis = -1): Var => apply('LogSoftmax', [x], { axis: int(axis) });

/**
 * x with `updates` added at `indices` along `axis`; duplicates accumulate.
 * @example ops.scatterAdd(ops.zerosLike(x), ops.constant(trace, tensor([0n, 0n, 1n], [1, 3])), ops.slice(x, [0], [1]))
 */
export const scatterAdd = (x: Var, indices: Var, updates: Var, axis = 0): Var =>
  apply('ScatterElements', [x, indices, updates], { axis: int(axis), reduction: 'add' });
