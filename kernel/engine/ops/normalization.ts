/** Normalizations by given statistics per channel, and by neighbouring channels. */
import { OpError, ShapeError } from '../../base/errors.ts';
import { formatDims, sameDims } from '../../base/shape.ts';
import { floatOf, intOf, without } from '../attributes.ts';
import { linearAdjoint } from '../functions-spatial.ts';
import { add, div, mul, neg, pow, reduceSum, reshape, sqrt, sub } from '../functions.ts';
import type { Op } from '../op.ts';
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
