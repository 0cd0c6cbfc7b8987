/** Normalizations: over channels with given statistics, over instances, layers, groups and neighbouring channels. */
import { OpError, ShapeError } from '../../base/errors.ts';
import { broadcastDims, formatDims, sameDims, sizeOf, wrapAxis } from '../../base/shape.ts';
import { floatOf, intOf, without } from '../attributes.ts';
import { linearAdjoint } from '../functions-spatial.ts';
import {
  add,
  apply,
  div,
  full,
  mul,
  neg,
  pow,
  reduceMean,
  reduceSum,
  reshape,
  sqrt,
  sub,
  sumTo,
} from '../functions.ts';
import type { BackwardCall, Gradient, Op } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { need } from './makers.ts';

/** As in inference: y = s·(x − μ)·r + b with r = 1/√(v + ε), all per channel (axis 1). */
export const BatchNormalization: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const channels = [dims[1] ?? 1];
    for (let i = 1; i <= 4; i++)
      if (!sameDims(need(call, i).dims, channels))
        throw new ShapeError(`input ${i} is ${formatDims(need(call, i).dims)}; expected ${channels[0]}`);
    const statistics = Array.from({ length: call.outputCount - 1 }, (_, i) => ({
      dtype: need(call, 3 + i).dtype,
      dims: channels,
    }));
    return [{ dtype, dims }, ...statistics];
  },
  gradient(call) {
    if (intOf(call.attributes, 'training_mode', 0))
      throw new OpError(
        `no gradient for BatchNormalization in training mode at ${call.site}; export the model for inference`,
        call.op,
        call.site,
      );
    const { dy } = call;
    const [x, scale, , mean, variance] = call.inputs as Var[];
    const shape = [x.dims[1] ?? 1, ...x.dims.slice(2).map(() => 1)];
    const others = x.dims.map((_, axis) => axis).filter(axis => axis !== 1);
    const wide = (perChannel: Var) => reshape(perChannel, shape);
    const total = (value: Var) => reduceSum(value, others);
    const r = () => div(1, sqrt(add(variance, floatOf(call.attributes, 'epsilon', 1e-5))));
    const centred = () => sub(x, wide(mean));
    return [
      // ∂x = dy·s·r
      () => mul(dy, wide(mul(scale, r()))),
      // ∂s = Σ dy·(x − μ)·r
      () => mul(total(mul(dy, centred())), r()),
      // ∂b = Σ dy
      () => total(dy),
      // ∂μ = −s·r·Σ dy
      () => neg(mul(mul(scale, r()), total(dy))),
      // ∂v = −½·s·r³·Σ dy·(x − μ)
      () => mul(mul(total(mul(dy, centred())), mul(scale, -0.5)), mul(r(), mul(r(), r()))),
    ];
  },
  // Opset 7 had `spatial`; statistics as further outputs came with training and are nothing in inference.
  upgrade: (node, { opset }) =>
    opset >= 14
      ? [node]
      : [{ ...node, outputs: node.outputs.slice(0, 1), attributes: without(node.attributes, 'spatial') }],
};

// ---- statistics of the input itself

/**
 * y = s·x̂ + b with x̂ = (x − μ)·r, r = 1/√(σ² + ε), where μ and σ² are taken over `axes`; s and b stretch to x:
 *
 *   ∂x = r·(g − mean(g) − x̂·mean(g·x̂))  with  g = dy·s,   ∂s = Σ dy·x̂,   ∂b = Σ dy
 */
function standardized(call: BackwardCall, axes: readonly number[], shape: readonly number[]): Gradient[] {
  const [x, scale, bias] = call.inputs;
  const { dy } = call;
  const mean = (value: Var) => reduceMean(value, axes, true);
  const parts = () => {
    const centred = sub(x!, mean(x!));
    const r = div(1, sqrt(add(mean(mul(centred, centred)), floatOf(call.attributes, 'epsilon', 1e-5))));
    return { r, normal: mul(centred, r) };
  };
  return [
    () => {
      const { r, normal } = parts();
      const g = mul(dy, reshape(scale!, shape));
      return mul(r, sub(sub(g, mean(g)), mul(normal, mean(mul(g, normal)))));
    },
    () => reshape(sumTo(mul(dy, parts().normal), shape), scale!.dims),
    () => reshape(sumTo(dy, shape), bias!.dims),
  ];
}

export const LayerNormalization: Op = {
  infer(call): Known[] {
    const { dtype, dims } = need(call, 0);
    const axis = wrapAxis(intOf(call.attributes, 'axis', -1), dims.length);
    if (!sameDims(broadcastDims(dims, need(call, 1, 'scale').dims), dims))
      throw new ShapeError(
        `scale is ${formatDims(need(call, 1).dims)}; expected it to stretch to ${formatDims(dims)}`,
      );
    const statistics = { dtype: 'float32', dims: dims.map((dim, a) => (a < axis ? dim : 1)) } as const;
    return [{ dtype, dims }, statistics, statistics].slice(0, call.outputCount);
  },
  gradient(call) {
    if (call.gradients[1] ?? call.gradients[2])
      throw new OpError(
        `no gradient through the statistics (outputs 1 and 2) of LayerNormalization at ${call.site}; compute them by ReduceMean`,
        call.op,
        call.site,
      );
    const [x, scale] = call.inputs as Var[];
    const axis = wrapAxis(intOf(call.attributes, 'axis', -1), x.dims.length);
    const axes = x.dims.map((_, a) => a).slice(axis);
    return standardized(call, axes, scale.dims);
  },
};

export const InstanceNormalization: Op = {
  infer(call): Known[] {
    const { dtype, dims } = need(call, 0);
    for (const i of [1, 2])
      if (!sameDims(need(call, i).dims, [dims[1]]))
        throw new ShapeError(`input ${i} is ${formatDims(need(call, i).dims)}; expected ${dims[1]}`);
    return [{ dtype, dims }];
  },
  gradient(call) {
    const { dims } = call.inputs[0]!;
    const axes = dims.map((_, a) => a).slice(2);
    return standardized(call, axes, [dims[1], ...axes.map(() => 1)]);
  },
};

/** y = s·x̂ + b with the statistics of each group of channels: an instance normalization in which groups are channels. */
export const GroupNormalization: Op = {
  infer: call => [{ dtype: need(call, 0).dtype, dims: need(call, 0).dims }],
  expand(call) {
    const [x, scale, bias] = call.inputs as Var[];
    const groups = intOf(call.attributes, 'num_groups', 1);
    const [batch] = x.dims;
    const rows = (count: number) => [batch, count, sizeOf(x.dims) / batch / count];
    const as = (value: number) => full(x.trace, [groups], value, x.dtype);
    const epsilon = floatOf(call.attributes, 'epsilon', 1e-5);
    const normal = apply('InstanceNormalization', [reshape(x, rows(groups)), as(1), as(0)], { epsilon });
    // one scale per channel; in opset 18 one per group
    const count = scale.dims[0];
    const wide = (value: Var) => reshape(value, [count, 1]);
    return [reshape(add(mul(reshape(normal, rows(count)), wide(scale)), wide(bias)), x.dims)];
  },
};

/** Local response: y = x·s^−β with s = k + α/n·Σx² over the n channels around each. */
export const LRN: Op = {
  infer(call): Known[] {
    const { dtype, dims } = need(call, 0);
    const size = intOf(call.attributes, 'size', 1);
    if (size % 2 !== 1) throw new ShapeError(`size is ${size}; ONNX Runtime has LRN for odd sizes only`);
    return [{ dtype, dims }];
  },
  // ∂x = dy·s^−β − 2αβ/n · x · Σ dy·x·s^−(β+1)   over the same channels: who is near me, I am near
  gradient(call) {
    const { dy, attributes } = call;
    const x = call.inputs[0]!;
    const size = intOf(attributes, 'size', 1);
    const share = floatOf(attributes, 'alpha', 1e-4) / size;
    const beta = floatOf(attributes, 'beta', 0.75);
    const channels = x.dims[1];
    const rows = Array.from({ length: channels }, (_, c) =>
      Array.from({ length: size }, (_, i) => c - (size - 1) / 2 + i)
        .filter(i => i >= 0 && i < channels)
        .map(i => [i, 1] as const),
    );
    const near = (value: Var) => linearAdjoint(value, [{ axis: 1, size: channels, rows }]);
    return [
      () => {
        const s = add(mul(near(mul(x, x)), share), floatOf(attributes, 'bias', 1));
        const back = near(mul(mul(dy, x), pow(s, -beta - 1)));
        return sub(mul(dy, pow(s, -beta)), mul(mul(x, back), 2 * share * beta));
      },
    ];
  },
};
