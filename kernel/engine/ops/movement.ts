/** Ops that show the same elements under other dims: Reshape and its kin, Transpose, Expand, Tile, Dropout. */
import { allocate } from '../../base/dtype.ts';
import { ShapeError } from '../../base/errors.ts';
import { broadcastDims, formatDims, sizeOf, wrapAxis, type Dims } from '../../base/shape.ts';
import { Tensor, tensor } from '../../base/tensor.ts';
import type { Node } from '../../onnx/graph.ts';
import { floatOf, intOf, intsOf, without } from '../attributes.ts';
import { constant, reduceSum, reshape, sumTo, transpose } from '../functions.ts';
import type { Call, Op, UpgradeTools } from '../op.ts';
import { rearrange } from './folding.ts';
import { constantInts, need } from './makers.ts';

/** An op whose output holds the elements of its first input, in order, under the dims that `shape` gives. */
const reshaping = (shape: (call: Call) => Dims): Op => ({
  infer: call => [{ dtype: need(call, 0).dtype, dims: shape(call) }],
  fold: call => [new Tensor(call.values[0]!.dtype, shape(call), call.values[0]!.data)],
  gradient: ({ dy, inputs: [x] }) => [() => reshape(dy, x!.dims)],
});

export const Reshape: Op = reshaping(call => {
  const { dims } = need(call, 0);
  const wanted = constantInts(call, 1, 'shape')!;
  const copies = !intOf(call.attributes, 'allowzero', 0);
  const filled = wanted.map((dim, axis) => (dim === 0 && copies ? dims[axis] : dim));
  const known = sizeOf(filled.filter(dim => dim !== -1));
  const made = filled.map(dim => (dim === -1 ? sizeOf(dims) / known : dim));
  if (sizeOf(made) !== sizeOf(dims) || !made.every(Number.isInteger))
    throw new ShapeError(
      `cannot reshape ${formatDims(dims)} (${sizeOf(dims)} elements) to ${formatDims(wanted)}; expected as many elements`,
    );
  return made;
});

export const Flatten: Op = reshaping(call => {
  const { dims } = need(call, 0);
  const given = intOf(call.attributes, 'axis', 1);
  const axis = given < 0 ? given + dims.length : given;
  return [sizeOf(dims.slice(0, axis)), sizeOf(dims.slice(axis))];
});

/** Before opset 13, `axes` was an attribute. */
function axesToInput(node: Node, tools: UpgradeTools): Node[] {
  const axes = intsOf(node.attributes, 'axes');
  if (tools.opset >= 13 || !axes) return [node];
  const input = tools.constant(tensor(BigInt64Array.from(axes, BigInt)));
  return [{ ...node, inputs: [node.inputs[0], input], attributes: without(node.attributes, 'axes') }];
}

export const Squeeze: Op = {
  ...reshaping(call => {
    const { dims } = need(call, 0);
    const axes = constantInts(call, 1, 'axes')?.map(axis => wrapAxis(axis, dims.length));
    const wrong = axes?.find(axis => dims[axis] !== 1);
    if (wrong !== undefined)
      throw new ShapeError(`cannot squeeze axis ${wrong} of ${formatDims(dims)}; expected a 1 there`);
    return dims.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1));
  }),
  upgrade: axesToInput,
};

export const Unsqueeze: Op = {
  ...reshaping(call => {
    const { dims } = need(call, 0);
    const given = constantInts(call, 1, 'axes')!;
    const rank = dims.length + given.length;
    const axes = given.map(axis => wrapAxis(axis, rank));
    if (new Set(axes).size !== axes.length) throw new ShapeError(`axes repeat: ${given.join(', ')}`);
    const rest = [...dims];
    return Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!));
  }),
  upgrade: axesToInput,
};

const permOf = (call: Call): number[] =>
  intsOf(
    call.attributes,
    'perm',
    need(call, 0)
      .dims.map((_, axis) => axis)
      .reverse(),
  );

export const Transpose: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const perm = permOf(call);
    if (perm.length !== dims.length || new Set(perm).size !== perm.length)
      throw new ShapeError(
        `perm ${perm.join(', ')} does not order the axes of ${formatDims(dims)}; expected each of 0 to ${dims.length - 1} once`,
      );
    return [{ dtype, dims: perm.map(axis => dims[wrapAxis(axis, dims.length)]) }];
  },
  fold(call) {
    const x = call.values[0]!;
    const perm = permOf(call);
    const dims = perm.map(axis => x.dims[axis]);
    const inverse = inverted(perm);
    return [rearrange(x, dims, index => inverse.map(axis => index[axis]))];
  },
  // y = xᵖ:  ∂x = dyᵠ with q the inverse order
  gradient: call => [() => transpose(call.dy, inverted(permOf(call)))],
};

function inverted(perm: readonly number[]): number[] {
  const inverse = perm.slice();
  perm.forEach((axis, i) => (inverse[axis] = i));
  return inverse;
}

export const Expand: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    return [{ dtype, dims: broadcastDims(dims, constantInts(call, 1, 'shape')!) }];
  },
  fold(call) {
    const x = call.values[0]!;
    const dims = broadcastDims(x.dims, call.values[1]!.toNumbers());
    const lead = dims.length - x.dims.length;
    return [rearrange(x, dims, index => x.dims.map((dim, axis) => (dim === 1 ? 0 : index[axis + lead])))];
  },
  gradient: ({ dy, inputs: [x] }) => [() => sumTo(dy, x!.dims)],
};

export const Tile: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const repeats = constantInts(call, 1, 'repeats')!;
    if (repeats.length !== dims.length)
      throw new ShapeError(`${repeats.length} repeats for ${formatDims(dims)}; expected one per axis`);
    return [{ dtype, dims: dims.map((dim, axis) => dim * repeats[axis]) }];
  },
  fold(call) {
    const x = call.values[0]!;
    const repeats = call.values[1]!.toNumbers();
    const dims = x.dims.map((dim, axis) => dim * repeats[axis]);
    return [rearrange(x, dims, index => index.map((i, axis) => i % x.dims[axis]))];
  },
  // Each element was copied ∏r times:  ∂x = Σ over the copies, dy seen as r₀×d₀×r₁×d₁×…
  gradient(call) {
    const x = call.inputs[0]!;
    const repeats = constantInts(call, 1, 'repeats')!;
    const interleaved = x.dims.flatMap((dim, axis) => [repeats[axis], dim]);
    return [
      () =>
        reduceSum(
          reshape(call.dy, interleaved),
          x.dims.map((_, axis) => 2 * axis),
        ),
    ];
  },
};

/** As in inference, whatever `training_mode` says: y = x, and a mask of ones. */
export const Dropout: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    return [{ dtype, dims }, ...(call.outputCount > 1 ? [{ dtype: 'bool', dims } as const] : [])];
  },
  expand({ inputs: [x], outputCount }) {
    if (outputCount === 1) return [x!];
    const ones = (allocate('bool', sizeOf(x!.dims)) as Uint8Array).fill(1);
    return [x!, constant(x!.trace, new Tensor('bool', x!.dims, ones))];
  },
  // Before opset 12 the ratio was an attribute. In inference it says nothing, in training all (`training-form.ts`).
  upgrade(node, tools) {
    if (tools.opset >= 12) return [node];
    const ratio = tools.constant(tensor([floatOf(node.attributes, 'ratio', 0.5)], []));
    const attributes = without(node.attributes, 'ratio', 'seed', 'is_test');
    return [{ ...node, inputs: [node.inputs[0], ratio], attributes }];
  },
};
