/** Ops along one axis that order, count or add up: TopK, CumSum, OneHot, and those whose dims follow from data. */
import { ComputedError, ShapeError } from '../../base/errors.ts';
import { formatDims, sizeOf, wrapAxis } from '../../base/shape.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { int, intOf, without } from '../attributes.ts';
import { scatterElements } from '../functions-indexing.ts';
import { apply, concat, gather, int64s, mul, reduceSum, reshape, sub, zerosLike } from '../functions.ts';
import { noGradient, type Call, type Op } from '../op.ts';
import type { Known } from '../var.ts';
import { stored } from './evaluate.ts';
import { eachIndex } from './folding.ts';
import { constantInts, need, sameAsFirst } from './makers.ts';

const axisOf = (call: Call, fallback: number): number =>
  wrapAxis(intOf(call.attributes, 'axis', fallback), need(call, 0).dims.length);

/** The k largest (or smallest) along an axis and their places. dy goes back to those places; the rest gets 0. */
export const TopK: Op = {
  infer(call): Known[] {
    const { dtype, dims } = need(call, 0);
    const axis = axisOf(call, -1);
    const [k] = constantInts(call, 1, 'k')!;
    if (k > dims[axis])
      throw new ShapeError(
        `k is ${k} for axis ${axis} of ${formatDims(dims)}; expected at most ${dims[axis]}`,
      );
    const made = dims.toSpliced(axis, 1, k);
    return [
      { dtype, dims: made },
      { dtype: 'int64', dims: made },
    ];
  },
  gradient: call => [
    () => scatterElements(zerosLike(call.inputs[0]!), call.outputs[1], call.dy, axisOf(call, -1)),
  ],
  // Before opset 10, k was an attribute.
  upgrade(node, tools) {
    if (tools.opset >= 10) return [node];
    const k = tools.constant(tensor([BigInt(intOf(node.attributes, 'k', 1))]));
    return [{ ...node, inputs: [node.inputs[0], k], attributes: without(node.attributes, 'k') }];
  },
};

// yᵢ = Σ x over j ≤ i:  ∂x is the sum from the other end
export const CumSum: Op = {
  infer: sameAsFirst,
  fold(call) {
    const x = call.values[0]!;
    const axis = wrapAxis(Number(call.values[1]!.data[0]), x.dims.length);
    const [exclusive, reverse] = [
      intOf(call.attributes, 'exclusive', 0),
      intOf(call.attributes, 'reverse', 0),
    ];
    return [cumulated(x, axis, Boolean(exclusive), Boolean(reverse))];
  },
  gradient: ({ dy, inputs, attributes }) => [
    () =>
      apply('CumSum', [dy, inputs[1]], { ...attributes, reverse: int(1 - intOf(attributes, 'reverse', 0)) }),
  ],
};

function cumulated(x: Tensor, axis: number, exclusive: boolean, reverse: boolean): Tensor {
  const source = (x.dtype === 'float16' ? x.toFloat32OrWider() : x.data) as ArrayLike<number>;
  const length = x.dims[axis];
  const stride = sizeOf(x.dims.slice(axis + 1));
  const sums: number[] = [];
  eachIndex(x.dims, (index, flat) => {
    const start = flat - index[axis] * stride;
    const last = index[axis];
    const [from, to] = reverse ? [last + +exclusive, length] : [0, last + 1 - +exclusive];
    let sum = (typeof source[0] === 'bigint' ? 0n : 0) as number;
    for (let i = from; i < to; i++) sum += source[start + i * stride];
    sums.push(sum);
  });
  return stored(sums, x.dims, x.dtype);
}

/** Values [off, on] become a vector with one on. Their gradients are the sums of dy where each was written. */
export const OneHot: Op = {
  infer(call): Known[] {
    const [indices, values] = [need(call, 0, 'indices'), need(call, 2, 'values')];
    const [depth] = constantInts(call, 1, 'depth')!;
    const rank = indices.dims.length + 1;
    const axis = wrapAxis(intOf(call.attributes, 'axis', -1), rank);
    return [{ dtype: values.dtype, dims: indices.dims.toSpliced(axis, 0, depth) }];
  },
  gradient: ({ dy, inputs: [indices, depth, values], attributes }) => [
    undefined,
    undefined,
    () => {
      const bits = dy.trace.constant(tensor([0, 1], [2], values!.dtype));
      const on = reduceSum(mul(dy, apply('OneHot', [indices, depth, bits], attributes)));
      return concat([reshape(sub(reduceSum(dy), on), [1]), reshape(on, [1])], 0);
    },
  ],
};

// ---- dims that follow from data: for constants only

/** For ops whose output is as long as their data makes it. @param instead what can be done about it */
export const sizeFromData = (call: Call, instead = 'it needs its inputs to be constant'): never => {
  throw new ComputedError(`the size of ${call.op}'s output depends on its values; ${instead}`);
};

/** The same, where constants would not help. */
export const sizeUnknown = (call: Call): never =>
  sizeFromData(call, 'what stands before it can be traced, what reads it cannot');

/** The multi-indices of the elements that are not 0, one column each. */
export const NonZero: Op = {
  infer: call =>
    need(call, 0).value ? [{ dtype: 'int64', dims: found(need(call, 0).value!).dims }] : sizeFromData(call),
  fold: ({ values }) => [found(values[0]!)],
  gradient: noGradient,
};

function found(x: Tensor): Tensor {
  const places: (readonly number[])[] = [];
  const data = x.toFloat32OrWider();
  eachIndex(x.dims, (index, flat) => {
    if (data[flat] !== 0) places.push([...index]);
  });
  const rows = Math.max(x.dims.length, 1);
  const columns = Array.from({ length: rows }, (_, axis) => places.map(index => BigInt(index[axis] ?? 0)));
  return tensor(BigInt64Array.from(columns.flat()), [rows, places.length]);
}

/** The places where a condition holds. */
function chosen(call: Call): number[] {
  const { value } = need(call, 1, 'condition');
  return value ? value.toNumbers().flatMap((bit, i) => (bit ? [i] : [])) : sizeFromData(call);
}

/** The slices along an axis, or without one the elements, whose condition holds. */
export const Compress: Op = {
  infer(call): Known[] {
    const { dtype, dims } = need(call, 0);
    const count = chosen(call).length;
    const whole = call.attributes.axis === undefined;
    return [{ dtype, dims: whole ? [count] : dims.toSpliced(axisOf(call, 0), 1, count) }];
  },
  expand(call) {
    const x = call.inputs[0]!;
    const indices = int64s(x.trace, chosen(call));
    if (call.attributes.axis === undefined) return [gather(reshape(x, [sizeOf(x.dims)]), indices)];
    return [gather(x, indices, axisOf(call, 0))];
  },
};

/** The elements without repeats, with where they first stood, which each was, and how many there were of it. */
export const Unique: Op = { infer: sizeUnknown };
