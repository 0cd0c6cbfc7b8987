/** Pools: MaxPool, AveragePool and their global forms. */
import { ShapeError } from '../../base/errors.ts';
import { sizeOf, type Dims } from '../../base/shape.ts';
import { intOf, ints, intsOf, textOf } from '../attributes.ts';
import { linearAdjoint, type AxisMap } from '../functions-spatial.ts';
import { apply, div, expand, full, gather, int64s, reshape, scatterAdd } from '../functions.ts';
import type { BackwardCall, Call, Op } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { constantInts, need } from './makers.ts';
import { reach, windowAttributes, windowsOf, type Windows } from './windows.ts';

export function spatialOf(call: Call): Dims {
  const { dims } = need(call, 0);
  if (dims.length < 3)
    throw new ShapeError(`${call.op} of ${dims.length} axes; expected batch, channels and at least one more`);
  return dims.slice(2);
}

export function poolWindows(call: Call): Windows {
  const kernel = intsOf(call.attributes, 'kernel_shape');
  if (!kernel) throw new ShapeError(`${call.op} lacks its kernel_shape`);
  return windowsOf(call.attributes, spatialOf(call), kernel);
}

export const pooled = (call: Call, counts: Dims): Known => {
  const { dtype, dims } = need(call, 0);
  return { dtype, dims: [dims[0], dims[1], ...counts] };
};

/**
 * The gradient of a maximum over windows: all of dy goes to the first maximum in scan order, as in PyTorch,
 * also where several elements are equal. The positions are MaxPool's second output; the forward pass keeps its
 * one-output form, which is twenty times as fast (one thread, 3×3 stride 2 over 64×111×111: 0.23 and 5.8 ms,
 * PyTorch 6.5; adding dy at the positions another 1.2. Comparing each offset of the window instead: 38).
 */
function maxGradient(call: BackwardCall, attributes: BackwardCall['attributes']): Var {
  const x = call.inputs[0]!;
  const [, places] = x.trace.apply('MaxPool', [x], attributes, { outputs: 2 });
  const { kernel, strides, dilations, counts } = windowsOf(
    attributes,
    x.dims.slice(2),
    intsOf(attributes, 'kernel_shape')!,
  );
  if (strides.every((stride, i) => counts[i] === 1 || stride >= reach(kernel[i], dilations[i])))
    return apply('MaxUnpool', [call.dy, places, int64s(x.trace, x.dims)], {
      // the positions say everything; ONNX Runtime uses these only to refuse an output that seems too small
      kernel_shape: ints(counts.map(() => 1)),
      strides: ints(counts.map(() => 1)),
    });
  const zeros = full(x.trace, [sizeOf(x.dims)], 0, x.dtype);
  const length = [sizeOf(call.dy.dims)];
  return reshape(scatterAdd(zeros, reshape(places, length), reshape(call.dy, length)), x.dims);
}

export const MaxPool: Op = {
  infer(call) {
    const y = pooled(call, poolWindows(call).counts);
    return call.outputCount > 1 ? [y, { dtype: 'int64', dims: y.dims }] : [y];
  },
  gradient(call) {
    const windows = windowAttributes(poolWindows(call));
    const given = textOf(call.attributes, 'auto_pad', 'NOTSET') === 'NOTSET';
    const ceil_mode = given ? BigInt(intOf(call.attributes, 'ceil_mode', 0)) : 0n;
    return [() => maxGradient(call, { ...windows, ceil_mode })];
  },
};

/** Writes x at the positions that a MaxPool of windows that do not overlap has chosen; zeros elsewhere. */
export const MaxUnpool: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const kernel = intsOf(call.attributes, 'kernel_shape')!;
    const strides = intsOf(call.attributes, 'strides', kernel.slice().fill(1));
    const pads = intsOf(call.attributes, 'pads', [...kernel, ...kernel].fill(0));
    const given = constantInts(call, 2, 'output_shape');
    const least = kernel.map(
      (size, i) => (dims[i + 2] - 1) * strides[i] + size - pads[i] - pads[i + kernel.length],
    );
    return [{ dtype, dims: given ?? [dims[0], dims[1], ...least] }];
  },
  // dx = dy read where x was written
  gradient: call => [() => gather(reshape(call.dy, [sizeOf(call.dy.dims)]), call.inputs[1]!)],
};

/** Each axis of an average as a matrix: window o is the mean of the elements under it. */
function averageMaps(call: Call, windows: Windows): AxisMap[] {
  const { kernel, strides, dilations, begins, ends, counts } = windows;
  const padsCount = intOf(call.attributes, 'count_include_pad', 0) === 1;
  return spatialOf(call).map((size, axis) => ({
    axis: axis + 2,
    size,
    rows: Array.from({ length: counts[axis] }, (_, o) => {
      const at = Array.from(
        { length: kernel[axis] },
        (_, t) => o * strides[axis] - begins[axis] + t * dilations[axis],
      );
      const inside = at.filter(i => i >= 0 && i < size);
      // padding may count as zeros; what ceil_mode adds behind the padding never does
      const divisor = padsCount ? at.filter(i => i < size + ends[axis]).length : inside.length;
      return inside.map(i => [i, 1 / divisor] as const);
    }),
  }));
}

export const AveragePool: Op = {
  infer: call => [pooled(call, poolWindows(call).counts)],
  gradient: call => [() => linearAdjoint(call.dy, averageMaps(call, poolWindows(call)))],
};

export const GlobalAveragePool: Op = {
  infer: call => [
    pooled(
      call,
      spatialOf(call).map(() => 1),
    ),
  ],
  // y = Σx/n:  ∂x = dy/n everywhere
  gradient: call => [
    () => {
      const { dims } = call.inputs[0]!;
      return expand(div(call.dy, sizeOf(dims.slice(2))), dims);
    },
  ],
};

export const GlobalMaxPool: Op = {
  infer: GlobalAveragePool.infer,
  gradient: call => [
    () => {
      const spatial = spatialOf(call);
      return maxGradient(call, {
        kernel_shape: spatial.map(BigInt),
        strides: spatial.map(BigInt),
      });
    },
  ],
};
