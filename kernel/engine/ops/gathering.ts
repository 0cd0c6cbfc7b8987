/** Ops that read and write at indices: Gather, GatherElements, GatherND and the scatters that undo them. */
import { ShapeError, OpError } from '../../base/errors.ts';
import { formatDims, sameDims, stridesOf, wrapAxis } from '../../base/shape.ts';
import { textOf, intOf } from '../attributes.ts';
import {
  gatherAdjoint,
  gatherElements,
  gatherND,
  gatherNDAdjoint,
  scatterElements,
  scatterND,
} from '../functions-indexing.ts';
import { apply, full, scatterAdd } from '../functions.ts';
import type { BackwardCall, Call, Gradient, Op } from '../op.ts';
import type { Var } from '../var.ts';
import { pick } from './folding.ts';
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

export const GatherElements: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const indices = needIndices(call);
    if (indices.length !== dims.length)
      throw new ShapeError(`indices ${formatDims(indices)} for data ${formatDims(dims)}; expected one rank`);
    return [{ dtype, dims: indices }];
  },
  gradient(call) {
    const [x, indices] = call.inputs;
    const zeros = () => full(x!.trace, x!.dims, 0, x!.dtype);
    return [() => scatterAdd(zeros(), indices!, call.dy, axisOf(call))];
  },
};

/**
 * y = x with `updates` written (none) or added (add) at indices. Where indices repeat under `none`, ONNX leaves
 * open which update stays, and each of them is told the gradient of the place.
 */
function scatterGradient(
  call: BackwardCall,
  erase: (dy: Var, indices: Var, zeros: Var) => Var,
  read: (dy: Var, indices: Var) => Var,
): Gradient[] {
  const [, indices, updates] = call.inputs;
  const reduction = textOf(call.attributes, 'reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add')
    throw new OpError(
      `no gradient for ${call.op} with reduction ${reduction} at ${call.site}; expected none or add`,
      call.op,
      call.site,
    );
  return [
    reduction === 'add'
      ? () => call.dy
      : () => erase(call.dy, indices!, full(updates!.trace, updates!.dims, 0, updates!.dtype)),
    undefined,
    () => read(call.dy, indices!),
  ];
}

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
  gradient: call =>
    scatterGradient(
      call,
      (dy, indices, zeros) => scatterElements(dy, indices, zeros, axisOf(call)),
      (dy, indices) => gatherElements(dy, indices, axisOf(call)),
    ),
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
    if (intOf(call.attributes, 'batch_dims', 0) !== 0)
      throw new OpError(
        `no gradient for GatherND with batch_dims at ${call.site}; expected batch_dims 0`,
        call.op,
        call.site,
      );
    return [() => gatherNDAdjoint(call.dy, indices!, x!.dims)];
  },
};

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
  gradient: call =>
    scatterGradient(
      call,
      (dy, indices, zeros) => scatterND(dy, indices, zeros),
      (dy, indices) => gatherND(dy, indices),
    ),
};
