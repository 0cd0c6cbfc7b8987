/** Ops that cut tensors and put them together: Concat, Split, Slice, Pad. */
import { ShapeError } from '../../base/errors.ts';
import { formatDims, wrapAxis, type Dims } from '../../base/shape.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { floatOf, int, intOf, intsOf, textOf, without } from '../attributes.ts';
import { gatherAdjoint } from '../functions-indexing.ts';
import { concat, full, pad, reduceSum, reshape, slice, sub } from '../functions.ts';
import type { Call, Op, UpgradeTools } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { assemble, pick, rearrange } from './folding.ts';
import { constantInts, need } from './makers.ts';

const int64 = (values: readonly number[]): Tensor => tensor(BigInt64Array.from(values, BigInt));

// ---- Concat and Split

/** Where each part of sizes `sizes` begins. */
const startsOf = (sizes: readonly number[]): number[] =>
  sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));

function concatDims(call: Call): { axis: number; dims: number[] } {
  const parts = call.inputs.map((_, i) => need(call, i));
  const axis = wrapAxis(intOf(call.attributes, 'axis', 0), parts[0].dims.length);
  const odd = parts.find(
    part =>
      part.dtype !== parts[0].dtype ||
      part.dims.length !== parts[0].dims.length ||
      part.dims.some((dim, i) => i !== axis && dim !== parts[0].dims[i]),
  );
  if (odd)
    throw new ShapeError(
      `cannot join ${parts[0].dtype} ${formatDims(parts[0].dims)} and ${odd.dtype} ${formatDims(odd.dims)} along axis ${axis}`,
    );
  const dims = [...parts[0].dims];
  dims[axis] = parts.reduce((sum, part) => sum + part.dims[axis], 0);
  return { axis, dims };
}

export const Concat: Op = {
  infer: call => [{ dtype: need(call, 0).dtype, dims: concatDims(call).dims }],
  fold(call) {
    const { axis, dims } = concatDims(call);
    const parts = call.values as Tensor[];
    const starts = startsOf(parts.map(part => part.dims[axis]));
    return [
      assemble(parts, dims, index => {
        const part = starts.findLastIndex((start, i) => start <= index[axis] && parts[i].dims[axis] > 0);
        const within = index.map((i, a) => (a === axis ? i - starts[part] : i));
        return [part, within.reduce((flat, i, a) => flat * parts[part].dims[a] + i, 0)];
      }),
    ];
  },
  gradient(call) {
    const { axis } = concatDims(call);
    const sizes = call.inputs.map(input => input!.dims[axis]);
    return startsOf(sizes).map((start, i) => () => slice(call.dy, [start], [start + sizes[i]], [axis]));
  },
};

function splitSizes(call: Call): { axis: number; sizes: number[] } {
  const { dims } = need(call, 0);
  const axis = wrapAxis(intOf(call.attributes, 'axis', 0), dims.length);
  const given = constantInts(call, 1, 'split');
  const count = intOf(call.attributes, 'num_outputs', call.outputCount);
  // Uneven: every part is ⌈d/n⌉ long and the last takes the rest.
  const each = Math.ceil(dims[axis] / count);
  const sizes =
    given ?? Array.from({ length: count }, (_, i) => Math.max(0, Math.min(each, dims[axis] - i * each)));
  if (sizes.length !== call.outputCount || sizes.reduce((a, b) => a + b, 0) !== dims[axis])
    throw new ShapeError(
      `cannot split axis ${axis} of ${formatDims(dims)} into ${sizes.join(', ')} for ${call.outputCount} outputs`,
    );
  return { axis, sizes };
}

export const Split: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const { axis, sizes } = splitSizes(call);
    return sizes.map(size => ({ dtype, dims: dims.map((dim, a) => (a === axis ? size : dim)) }));
  },
  fold(call) {
    const x = call.values[0]!;
    const { axis, sizes } = splitSizes(call);
    const starts = startsOf(sizes);
    return sizes.map((size, part) =>
      rearrange(
        x,
        x.dims.map((dim, a) => (a === axis ? size : dim)),
        index => index.map((i, a) => (a === axis ? i + starts[part] : i)),
      ),
    );
  },
  gradient(call) {
    const { axis } = splitSizes(call);
    const part = (given: Var | undefined, i: number): Var =>
      given ?? full(call.inputs[0]!.trace, call.outputs[i].dims, 0, call.outputs[i].dtype);
    return [() => concat(call.gradients.map(part), axis)];
  },
  // Before opset 13 the sizes were an attribute; before 18 equal parts needed no count.
  upgrade(node, tools) {
    const sizes = intsOf(node.attributes, 'split');
    if (tools.opset < 13 && sizes)
      return [
        {
          ...node,
          inputs: [node.inputs[0], tools.constant(int64(sizes))],
          attributes: without(node.attributes, 'split'),
        },
      ];
    if (tools.opset >= 18 || node.inputs[1]) return [node];
    return [{ ...node, attributes: { ...node.attributes, num_outputs: int(node.outputs.length) } }];
  },
};

// ---- Slice

/** One axis of a slice: elements start, start + step, …, `count` of them. */
interface Cut {
  start: number;
  step: number;
  count: number;
}

/** A cut per axis, with ends clamped as ONNX tells: ends beyond the tensor mean its edge. */
function cutsOf(call: Call): Cut[] {
  const { dims } = need(call, 0);
  const starts = constantInts(call, 1, 'starts')!;
  const ends = constantInts(call, 2, 'ends')!;
  const axes = constantInts(call, 3, 'axes') ?? starts.map((_, i) => i);
  const steps = constantInts(call, 4, 'steps') ?? starts.map(() => 1);
  const cuts = dims.map((dim): Cut => ({ start: 0, step: 1, count: dim }));
  axes.forEach((given, i) => {
    const axis = wrapAxis(given, dims.length);
    const [dim, step] = [dims[axis], steps[i]];
    if (step === 0) throw new ShapeError(`step of axis ${axis} is 0; expected another number`);
    const [low, high] = step > 0 ? [0, dim] : [-1, dim - 1];
    const clamp = (at: number, least: number) => Math.min(Math.max(at < 0 ? at + dim : at, least), high);
    const start = clamp(starts[i], step > 0 ? low : 0);
    const end = clamp(ends[i], low);
    cuts[axis] = { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  });
  return cuts;
}

export const Slice: Op = {
  infer: call => [{ dtype: need(call, 0).dtype, dims: cutsOf(call).map(cut => cut.count) }],
  fold(call) {
    const cuts = cutsOf(call);
    return [
      rearrange(
        call.values[0]!,
        cuts.map(cut => cut.count),
        index => index.map((i, axis) => cuts[axis].start + i * cuts[axis].step),
      ),
    ];
  },
  gradient: call => [() => unslice(call.dy, cutsOf(call), call.inputs[0]!.dims)],
  // Before opset 10 everything was an attribute.
  upgrade(node, tools) {
    const starts = intsOf(node.attributes, 'starts');
    if (tools.opset >= 10 || !starts) return [node];
    const parts = [starts, intsOf(node.attributes, 'ends')!, intsOf(node.attributes, 'axes')];
    const inputs = parts.flatMap(values => (values ? [tools.constant(int64(values))] : []));
    const attributes = without(node.attributes, 'starts', 'ends', 'axes');
    return [{ ...node, inputs: [node.inputs[0], ...inputs], attributes }];
  },
};

/** The adjoint of a slice: puts each element back where it came from, zeros elsewhere. */
export function unslice(dy: Var, cuts: readonly Cut[], dims: Dims): Var {
  let made = dy;
  // 1. backward cuts are turned around
  const backward = cuts.flatMap((cut, axis) => (cut.step < 0 && cut.count > 0 ? [axis] : []));
  if (backward.length)
    made = slice(
      made,
      backward.map(() => -1),
      backward.map(() => -(2 ** 31)),
      backward,
      backward.map(() => -1),
    );
  // 2. between the elements of a stride k, k − 1 zeros
  const strides = cuts.map(cut => Math.abs(cut.step));
  if (strides.some(stride => stride > 1)) {
    made = reshape(
      made,
      cuts.flatMap(cut => [cut.count, 1]),
    );
    const ends = strides.flatMap(stride => [0, stride - 1]);
    made = pad(made, [...ends.map(() => 0), ...ends]);
    made = reshape(
      made,
      cuts.map((cut, axis) => cut.count * strides[axis]),
    );
  }
  // 3. zeros around; a negative pad takes back the zeros after the last element
  const begins = cuts.map(({ start, step, count }) => (step < 0 ? start + (count - 1) * step : start));
  const ends = dims.map((dim, axis) => dim - begins[axis] - cuts[axis].count * strides[axis]);
  return pad(made, [...begins, ...ends]);
}

// ---- Pad

/** All begins, then all ends, for every axis. */
function padsOf(call: Call): number[] {
  const { dims } = need(call, 0);
  const given = constantInts(call, 1, 'pads')!;
  const axes = constantInts(call, 3, 'axes')?.map(axis => wrapAxis(axis, dims.length));
  if (given.length !== 2 * (axes ?? dims).length)
    throw new ShapeError(`${given.length} pads for ${formatDims(dims)}; expected two per axis`);
  if (!axes) return given;
  const pads = new Array<number>(2 * dims.length).fill(0);
  axes.forEach((axis, i) => {
    pads[axis] = given[i];
    pads[axis + dims.length] = given[i + axes.length];
  });
  return pads;
}

/** The index along an axis of length `dim` that the padded position `at` (0 is the first real one) shows. */
const reflected: Record<string, (at: number, dim: number) => number> = {
  edge: (at, dim) => Math.min(Math.max(at, 0), dim - 1),
  wrap: (at, dim) => ((at % dim) + dim) % dim,
  reflect(at, dim) {
    const period = Math.max(2 * (dim - 1), 1);
    const within = ((at % period) + period) % period;
    return within < dim ? within : period - within;
  },
};

const padDims = (dims: Dims, pads: readonly number[]): number[] =>
  dims.map((dim, axis) => dim + pads[axis] + pads[axis + dims.length]);

export const Pad: Op = {
  infer(call): Known[] {
    const { dtype, dims } = need(call, 0);
    const mode = textOf(call.attributes, 'mode', 'constant');
    if (mode !== 'constant' && !reflected[mode])
      throw new ShapeError(`pad mode: ${mode}; expected constant, edge, reflect or wrap`);
    const made = padDims(dims, padsOf(call));
    if (made.some(dim => dim < 0)) throw new ShapeError(`pads cut more than ${formatDims(dims)} has`);
    return [{ dtype, dims: made }];
  },
  fold(call) {
    const x = call.values[0]!;
    const mode = textOf(call.attributes, 'mode', 'constant');
    const pads = padsOf(call);
    const dims = padDims(x.dims, pads);
    const flat = (index: readonly number[]) => index.reduce((sum, i, axis) => sum * x.dims[axis] + i, 0);
    if (mode !== 'constant')
      return [
        pick(x, dims, index => flat(index.map((i, axis) => reflected[mode](i - pads[axis], x.dims[axis])))),
      ];
    const fill = call.values[2] ?? tensor([0], [], x.dtype);
    return [
      assemble([x, fill], dims, index => {
        const inner = index.map((i, axis) => i - pads[axis]);
        return inner.every((i, axis) => i >= 0 && i < x.dims[axis]) ? [0, flat(inner)] : [1, 0];
      }),
    ];
  },
  // constant:  ∂x = dy cut back (negative pads: zeros come back),  ∂value = Σdy − Σ∂x
  // otherwise each position shows one element of x, along one axis after the other
  gradient(call) {
    const { dy } = call;
    const x = call.inputs[0]!;
    const mode = textOf(call.attributes, 'mode', 'constant');
    const pads = padsOf(call);
    const back = pads.map(p => -p);
    if (mode === 'constant')
      return [
        () => pad(dy, back),
        undefined,
        () => reshape(sub(reduceSum(dy), reduceSum(pad(dy, back))), call.inputs[2]!.dims),
      ];
    return [
      () =>
        x.dims.reduce((made, dim, axis) => {
          const length = made.dims[axis];
          if (pads[axis] === 0 && pads[axis + x.dims.length] === 0) return made;
          const shows = Array.from({ length }, (_, i) => reflected[mode](i - pads[axis], dim));
          return gatherAdjoint(made, int64(shows), axis, dim);
        }, dy),
    ];
  },
  // Before opset 11 pads and value were attributes.
  upgrade(node, tools: UpgradeTools) {
    const pads = intsOf(node.attributes, 'pads') ?? intsOf(node.attributes, 'paddings');
    if (tools.opset >= 11 || !pads) return [node];
    const value = tensor([floatOf(node.attributes, 'value', 0)], [], 'float32');
    return [
      {
        ...node,
        inputs: [node.inputs[0], tools.constant(int64(pads)), tools.constant(value)],
        attributes: without(node.attributes, 'pads', 'paddings', 'value'),
      },
    ];
  },
};
