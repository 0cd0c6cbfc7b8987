/** Ops that read and write at indices: Gather, GatherElements, GatherND and the scatters that undo them. */
import { ShapeError } from '../../base/errors.ts';
import { formatDims, sameDims, sizeOf, stridesOf, wrapAxis, type Dims } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import { textOf, intOf } from '../attributes.ts';
import {
  flatIndices,
  gatherAdjoint,
  gatherElements,
  gatherND,
  gatherNDAdjoint,
  scatterElements,
  scatterND,
} from '../functions-indexing.ts';
import {
  add,
  apply,
  cast,
  concat,
  div,
  equal,
  expand,
  full,
  indicator,
  int64s,
  mul,
  reshape,
  scatterAdd,
} from '../functions.ts';
import type { Call, Op } from '../op.ts';
import type { Var } from '../var.ts';
import { assemble, eachIndex, pick } from './folding.ts';
import { need } from './makers.ts';

const axisOf = (call: Call): number => wrapAxis(intOf(call.attributes, 'axis', 0), need(call, 0).dims.length);

/** What names an index tensor's dtype must have. */
function needIndices(call: Call): readonly number[] {
  const indices = need(call, 1, 'indices');
  if (indices.dtype !== 'int64' && indices.dtype !== 'int32')
    throw new ShapeError(`indices are ${indices.dtype}; expected int64 or int32`);
  return indices.dims;
}

export const Gather: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const axis = axisOf(call);
    const beyond = call.inputs[1]?.value?.toNumbers().find(i => i < -dims[axis] || i >= dims[axis]);
    if (beyond !== undefined)
      throw new ShapeError(`index out of range: ${beyond}; expected ${-dims[axis]} to ${dims[axis] - 1}`);
    return [{ dtype, dims: [...dims.slice(0, axis), ...needIndices(call), ...dims.slice(axis + 1)] }];
  },
  fold(call) {
    const x = call.values[0]!;
    const axis = axisOf(call);
    const indices = call.values[1]!;
    const rank = indices.dims.length;
    const at = indices.toNumbers();
    const strides = stridesOf(indices.dims);
    const flat = stridesOf(x.dims);
    const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
    return [
      pick(x, dims, index => {
        const which = strides.reduce((sum, stride, a) => sum + stride * index[axis + a], 0);
        const source = [
          ...index.slice(0, axis),
          wrapAxis(at[which], x.dims[axis]),
          ...index.slice(axis + rank),
        ];
        return source.reduce((sum, i, a) => sum + i * flat[a], 0);
      }),
    ];
  },
  // y = x[i]:  ∂x has dy added at i, as often as i repeats
  gradient(call) {
    const [x, indices] = call.inputs;
    const axis = axisOf(call);
    return [() => gatherAdjoint(call.dy, indices!, axis, x!.dims[axis])];
  },
};

const flatOf = (index: readonly number[], strides: readonly number[]): number =>
  index.reduce((sum, i, axis) => sum + i * strides[axis], 0);

/** Where in an x of `dims` each element of `indices` points, flat, in order. */
function placesAlong(indices: Tensor, axis: number, dims: Dims): number[] {
  const [at, strides] = [indices.toNumbers(), stridesOf(dims)];
  const places: number[] = [];
  eachIndex(indices.dims, (index, flat) =>
    places.push(flatOf(index.with(axis, wrapAxis(at[flat], dims[axis])), strides)),
  );
  return places;
}

export const GatherElements: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const indices = needIndices(call);
    if (indices.length !== dims.length)
      throw new ShapeError(`indices ${formatDims(indices)} for data ${formatDims(dims)}; expected one rank`);
    return [{ dtype, dims: indices }];
  },
  fold(call) {
    const [x, indices] = call.values as readonly Tensor[];
    const places = placesAlong(indices, axisOf(call), x.dims);
    const strides = stridesOf(indices.dims);
    return [pick(x, indices.dims, index => places[flatOf(index, strides)])];
  },
  gradient(call) {
    const [x, indices] = call.inputs;
    return [() => scatterAdd(zerosOf(x!), indices!, call.dy, axisOf(call))];
  },
};

type Reduction = 'none' | 'add' | 'mul' | 'max' | 'min';

/** Writing or combining at indices along an axis, as ScatterElements has it. */
interface Scatter {
  x: Var;
  /** Of the updates' dims. */
  indices: Var;
  updates: Var;
  y: Var;
  dy: Var;
  axis: number;
}

const zerosOf = (x: Var): Var => full(x.trace, x.dims, 0, x.dtype);

/**
 * ∂x and ∂updates of y = x with the updates written (none), added, multiplied, or kept where they are largest or
 * smallest. Where indices repeat under `none`, ONNX leaves open which update stays, and each of them is told the
 * gradient of the place.
 */
function scatterGradients(reduction: Reduction, scatter: Scatter): [() => Var, () => Var] {
  const { x, indices, updates, y, dy, axis } = scatter;
  const read = (value: Var) => gatherElements(value, indices, axis);
  const sum = (at: Var, parts: Var) => scatterAdd(at, indices, parts, axis);
  if (reduction === 'none')
    return [() => scatterElements(dy, indices, zerosOf(updates), axis), () => read(dy)];
  if (reduction === 'add') return [() => dy, () => read(dy)];
  if (reduction === 'mul') {
    // the product without one factor: of the others, where 1 stands for 0, and only where no other is 0
    const [noX, noUpdate] = [zero(x), zero(updates)];
    const [xs, factors] = [add(x, noX), add(updates, noUpdate)];
    const whole = mul(dy, scatterElements(xs, indices, factors, axis, 'mul'));
    const zeros = sum(noX, noUpdate);
    return [
      () => mul(div(whole, xs), indicator(equal(zeros, noX), x)),
      () => mul(div(read(whole), factors), indicator(equal(read(zeros), noUpdate), updates)),
    ];
  }
  // who reaches the extremum shares dy evenly, as in torch.scatter_reduce
  const reaching = indicator(equal(x, y), x);
  const reached = indicator(equal(updates, read(y)), updates);
  const share = div(dy, sum(reaching, reached));
  return [() => mul(share, reaching), () => mul(read(share), reached)];
}

/** 1 where x is 0, else 0. */
const zero = (x: Var): Var => indicator(equal(x, 0), x);

const reductionOf = (call: Call): Reduction => textOf(call.attributes, 'reduction', 'none') as Reduction;

export const ScatterElements: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const indices = needIndices(call);
    if (!sameDims(indices, need(call, 2, 'updates').dims))
      throw new ShapeError(
        `indices ${formatDims(indices)} and updates ${formatDims(need(call, 2).dims)}; expected equal dims`,
      );
    return [{ dtype, dims }];
  },
  fold(call) {
    const [x, indices, updates] = call.values as readonly Tensor[];
    if (reductionOf(call) !== 'none') return undefined;
    const written = new Map(placesAlong(indices, axisOf(call), x.dims).map((place, i) => [place, i]));
    const strides = stridesOf(x.dims);
    const place = (flat: number) => [Number(written.has(flat)), written.get(flat) ?? flat] as const;
    return [assemble([x, updates], x.dims, index => place(flatOf(index, strides)))];
  },
  gradient(call) {
    const [x, indices, updates] = call.inputs as [Var, Var, Var];
    const [y] = call.outputs;
    const scatter = { x, indices, updates, y, dy: call.dy, axis: axisOf(call) };
    const [dx, dupdates] = scatterGradients(reductionOf(call), scatter);
    return [dx, undefined, dupdates];
  },
};

/** What ScatterElements was called before opset 11. */
export const Scatter: Op = {
  infer: ScatterElements.infer,
  expand: ({ inputs, attributes }) => [apply('ScatterElements', inputs, attributes)],
  upgrade: node => [{ ...node, op: 'ScatterElements' }],
};

export const GatherND: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const indices = needIndices(call);
    const batch = intOf(call.attributes, 'batch_dims', 0);
    const depth = indices[indices.length - 1];
    if (batch + depth > dims.length)
      throw new ShapeError(
        `indices ${formatDims(indices)} reach ${batch + depth} axes deep; ${formatDims(dims)} has ${dims.length}`,
      );
    return [{ dtype, dims: [...indices.slice(0, -1), ...dims.slice(batch + depth)] }];
  },
  gradient(call) {
    const [x, indices] = call.inputs;
    const batch = x!.dims.slice(0, intOf(call.attributes, 'batch_dims', 0));
    return [() => gatherNDAdjoint(call.dy, withBatch(indices!, batch), x!.dims)];
  },
};

/** Indices that name their place in the batch axes too, in front. */
function withBatch(indices: Var, batch: Dims): Var {
  const rows = indices.dims.slice(0, -1);
  const own = batch.map((size, axis) => {
    const places = Array.from({ length: size }, (_, i) => i);
    const shape = [...rows, 1].map((_, a) => (a === axis ? size : 1));
    const column = reshape(cast(int64s(indices.trace, places), indices.dtype), shape);
    return expand(column, [...rows, 1]);
  });
  return concat([...own, indices], rows.length);
}

export const ScatterND: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const indices = needIndices(call);
    const expected = [...indices.slice(0, -1), ...dims.slice(indices[indices.length - 1])];
    const { dims: updates } = need(call, 2, 'updates');
    if (!sameDims(expected, updates))
      throw new ShapeError(`updates are ${formatDims(updates)}; expected ${formatDims(expected)}`);
    return [{ dtype, dims }];
  },
  /**
   * Combining updates: by ScatterElements, with the axes that indices name as one axis of rows. ONNX Runtime's
   * ScatterND works on them in parallel without a lock, and of two for one place one may be lost.
   */
  expand(call) {
    const reduction = reductionOf(call);
    if (reduction === 'none') return undefined;
    const [x, indices, updates] = call.inputs as [Var, Var, Var];
    const depth = indices.dims[indices.dims.length - 1];
    const [places, width] = [sizeOf(x.dims.slice(0, depth)), sizeOf(x.dims.slice(depth))];
    const count = sizeOf(indices.dims) / depth;
    const flat = expand(reshape(flatIndices(indices, x.dims), [count, 1]), [count, width]);
    const rows = reshape(updates, [count, width]);
    return [reshape(scatterElements(reshape(x, [places, width]), flat, rows, 0, reduction), x.dims)];
  },
  gradient: ({ dy, inputs: [, indices, updates] }) => [
    () => scatterND(dy, indices!, zerosOf(updates!)),
    undefined,
    () => gatherND(dy, indices!),
  ],
};
