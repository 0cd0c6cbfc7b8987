/** Normalizations by statistics of the input itself: over layers, instances and groups, and by a root mean square. */
import { ShapeError } from '../../base/errors.ts';
import { broadcastDims, formatDims, sameDims, sizeOf, wrapAxis, type Dims } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import { floatOf, int, intOf, intsOf } from '../attributes.ts';
import {
  abs,
  add,
  apply,
  cast,
  div,
  equal,
  indicator,
  int64s,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  sqrt,
  sub,
  sumTo,
} from '../functions.ts';
import type { BackwardCall, Call, Gradient, Op } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { need, sameAsFirst } from './makers.ts';

/** LayerNormalization subtracts the mean; the simplified form divides by the root mean square alone. */
type Standardizer = 'LayerNormalization' | 'SimplifiedLayerNormalization';

interface Standardized {
  /** x̂ = (x − μ)·r, of x's dims. */
  normal: Var;
  /** r = 1/√(σ² + ε), a 1 for every axis it was taken over. */
  r: Var;
}

/** A scale that changes nothing. As long as the rows: one number for all takes ONNX Runtime four times as long. */
const ones = (x: Var, dims: Dims): Var =>
  x.trace.constant(tensor(new Float32Array(sizeOf(dims)).fill(1), dims).cast(x.dtype));

/** x̂ and r over the axes from `axis` on, in the one pass of ONNX Runtime's own kernel with a scale of 1. */
function standardize(op: Standardizer, x: Var, axis: number, epsilon: number): Standardized {
  const outputs = op === 'LayerNormalization' ? 3 : 2;
  // counted from the end, as networks write it: then the forward node and this one become one (`optimize/common.ts`)
  const attributes = { axis: int(axis - x.dims.length), epsilon };
  const made = x.trace.apply(op, [x, ones(x, x.dims.slice(axis))], attributes, { outputs });
  // the statistics are float32 whatever x is
  return { normal: made[0], r: cast(made[outputs - 1], x.dtype) };
}

/**
 * ∂L/∂x of x̂, from g = ∂L/∂x̂, with means over the n elements of a row:
 *
 *   r·(g − mean(g) − x̂·(mean(g·x̂) + ∂r·r/n)) + ∂μ/n
 *
 * without mean(g) where no mean was subtracted. ∂r and ∂μ are ∂L/∂statistics where L depends on them.
 */
function unstandardized(
  op: Standardizer,
  { normal, r }: Standardized,
  g: Var,
  axis: number,
  { dr, dmean }: { dr?: Var; dmean?: Var } = {},
): Var {
  const axes = g.dims.map((_, a) => a).slice(axis);
  const count = sizeOf(g.dims.slice(axis));
  const mean = (value: Var) => reduceMean(value, axes, true);
  const product = mean(mul(g, normal));
  const along = mul(normal, dr ? add(product, div(mul(cast(dr, g.dtype), r), count)) : product);
  const dx = mul(r, sub(op === 'LayerNormalization' ? sub(g, mean(g)) : g, along));
  return dmean ? add(dx, div(cast(dmean, g.dtype), count)) : dx;
}

// y = s·x̂ + b:  ∂x̂ = dy·s,  ∂s = Σ dy·x̂,  ∂b = Σ dy
function layerGradient(op: Standardizer, call: BackwardCall): Gradient[] {
  const { dy } = call;
  const [x, scale, bias] = call.inputs as [Var, Var, Var | undefined];
  const axis = wrapAxis(intOf(call.attributes, 'axis', -1), x.dims.length);
  const [dmean, dr] = op === 'LayerNormalization' ? call.gradients.slice(1) : [undefined, call.gradients[1]];
  const standard = once(() => standardize(op, x, axis, floatOf(call.attributes, 'epsilon', 1e-5)));
  return [
    () => unstandardized(op, standard(), mul(dy, scale), axis, { dr, dmean }),
    () => sumTo(mul(dy, standard().normal), scale.dims),
    bias && (() => sumTo(dy, bias.dims)),
  ];
}

/** `make` when it is first wanted, and the same thing after. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function layerInference(call: Call, statistics: number): Known[] {
  const { dtype, dims } = need(call, 0);
  const axis = wrapAxis(intOf(call.attributes, 'axis', -1), dims.length);
  for (const i of [1, 2]) {
    const vector = i === 1 ? need(call, 1, 'scale') : call.inputs[i];
    if (vector && !sameDims(broadcastDims(dims, vector.dims), dims))
      throw new ShapeError(
        `${i === 1 ? 'scale' : 'bias'} is ${formatDims(vector.dims)}; expected it to stretch to ${formatDims(dims)}`,
      );
  }
  const reduced: Known = { dtype: 'float32', dims: dims.map((dim, a) => (a < axis ? dim : 1)) };
  return [{ dtype, dims }, ...Array.from({ length: statistics }, () => reduced)].slice(0, call.outputCount);
}

export const LayerNormalization: Op = {
  infer: call => layerInference(call, 2),
  gradient: call => layerGradient('LayerNormalization', call),
};

/** y = s·x·r with r = 1/√(mean(x²) + ε). ONNX Runtime's, in the standard domain, where exporters write it. */
export const SimplifiedLayerNormalization: Op = {
  infer: call => layerInference(call, 1),
  gradient: call => layerGradient('SimplifiedLayerNormalization', call),
};

/** The same, as opset 23 calls it. */
export const RMSNormalization: Op = {
  infer: call => layerInference(call, 0),
  expand: ({ inputs, attributes }) => [apply('SimplifiedLayerNormalization', inputs, attributes)],
};

export const InstanceNormalization: Op = {
  infer(call): Known[] {
    const { dtype, dims } = need(call, 0);
    for (const i of [1, 2])
      if (!sameDims(need(call, i).dims, [dims[1]]))
        throw new ShapeError(`input ${i} is ${formatDims(need(call, i).dims)}; expected ${dims[1]}`);
    return [{ dtype, dims }];
  },
  // as a layer normalization of N×C×rest over the rest
  gradient(call) {
    const x = call.inputs[0]!;
    const scale = call.inputs[1]!;
    const [batch, channels] = x.dims;
    const rows = [batch, channels, sizeOf(x.dims.slice(2))];
    const dy = reshape(call.dy, rows);
    const epsilon = floatOf(call.attributes, 'epsilon', 1e-5);
    const standard = once(() => standardize('LayerNormalization', reshape(x, rows), 2, epsilon));
    return [
      () => {
        const g = mul(dy, reshape(scale, [channels, 1]));
        return reshape(unstandardized('LayerNormalization', standard(), g, 2), x.dims);
      },
      () => reduceSum(mul(dy, standard().normal), [0, 2]),
      () => reduceSum(dy, [0, 2]),
    ];
  },
};

/** y = s·x̂ + b with the statistics of each group of channels. */
export const GroupNormalization: Op = {
  infer: sameAsFirst,
  expand(call) {
    const [x, scale, bias] = call.inputs as Var[];
    const groups = intOf(call.attributes, 'num_groups', 1);
    const [batch] = x.dims;
    const rows = (count: number) => [batch, count, sizeOf(x.dims) / batch / count];
    const epsilon = floatOf(call.attributes, 'epsilon', 1e-5);
    const whole = reshape(x, rows(groups));
    const normal = apply('LayerNormalization', [whole, ones(x, whole.dims.slice(2))], { epsilon });
    // one scale per channel; in opset 18 one per group
    const count = scale.dims[0];
    const wide = (value: Var) => reshape(value, [count, 1]);
    return [reshape(add(mul(reshape(normal, rows(count)), wide(scale)), wide(bias)), x.dims)];
  },
};

// y = (x − μ)/(σ + 10⁻⁹), as its definition in ONNX has it
export const MeanVarianceNormalization: Op = {
  infer: sameAsFirst,
  expand({ inputs, attributes }) {
    const x = inputs[0]!;
    const axes = intsOf(attributes, 'axes', [0, 2, 3]);
    const centred = sub(x, reduceMean(x, axes, true));
    return [div(centred, add(sqrt(reduceMean(mul(centred, centred), axes, true)), 1e-9))];
  },
};

// y = x/‖x‖ along one axis, and 0 where x is 0
export const LpNormalization: Op = {
  infer: sameAsFirst,
  expand({ inputs, attributes }) {
    const x = inputs[0]!;
    const axes = [intOf(attributes, 'axis', -1)];
    const norm =
      intOf(attributes, 'p', 2) === 1
        ? reduceSum(abs(x), axes, true)
        : apply('ReduceL2', [x, int64s(x.trace, axes)], { keepdims: 1n });
    return [div(x, add(norm, indicator(equal(norm, 0), norm)))];
  },
};
