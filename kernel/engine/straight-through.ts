/**
 * Gradients through rounding as if it were not there, to be passed as overrides (`override.ts`).
 *
 *   y = clip(round(x/s) + z):   ∂x = dy/s where y is not clipped, else 0
 *
 * which is PyTorch's fake quantization (Bengio et al. 2013, *Estimating or propagating gradients through stochastic
 * neurons*). Behind a DequantizeLinear, the scale gets the gradient of learned step sizes (Esser et al. 2020).
 */
import type { DType } from '../base/dtype.ts';
import type { Graph } from '../onnx/graph.ts';
import { intOf } from './attributes.ts';
import { add, apply, cast, div, identity, matmul, mul, scalar } from './functions.ts';
import { override, type Override, type Vjp } from './override.ts';
import { dequantized, stretched } from './ops/quantization.ts';
import { through, type Steps } from './ops/through.ts';
import type { Var } from './var.ts';

const ranges: Partial<Record<DType, readonly [low: number, high: number]>> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};

/** A number for the quantized one, whose gradient does not see the rounding. */
function rounded(x: Var, scale: Var, zero: Var | undefined, dtype: DType, axis = 1, block = 0): Var {
  const exact = div(x, stretched(x, scale, axis, block));
  const whole = exact.trace.custom(
    [exact],
    () => apply('Round', [exact]),
    dy => [dy],
  );
  const placed = zero ? add(whole, stretched(x, cast(zero, 'float32'), axis, block)) : whole;
  const range = ranges[dtype];
  return range ? apply('Clip', [placed, ...range.map(bound => scalar(placed, bound))]) : placed;
}

const back =
  (steps: (call: Parameters<Vjp>[0]) => Steps, real: readonly number[] = []): Vjp =>
  call =>
    through(call, steps(call), real).map(slope => slope?.());

/** By op type. */
const rules: Readonly<Record<string, Vjp>> = {
  QuantizeLinear: back(({ attributes, outputs: [y] }) => ([x, scale, zero]) => {
    const [axis, block] = [intOf(attributes, 'axis', 1), intOf(attributes, 'block_size', 0)];
    return [rounded(x!, scale!, zero, y.dtype, axis, block)];
  }),
  // the range is taken for given
  DynamicQuantizeLinear: back(({ outputs: [, scale, zero] }) => ([x]) => [
    add(div(x!, scale), cast(zero, 'float32')),
    identity(scale),
    cast(zero, 'float32'),
  ]),
  QLinearMatMul: back(
    ({ outputs: [y] }) =>
      ([a, as, az, b, bs, bz, ys, yz]) => {
        const left = dequantized(a!, as!, az, a!.dims.length - 2);
        return [rounded(matmul(left, dequantized(b!, bs!, bz, b!.dims.length - 1)), ys!, yz, y.dtype)];
      },
    [0, 3],
  ),
  QLinearConv: back(
    ({ attributes, outputs: [y] }) =>
      ([x, xs, xz, w, ws, wz, ys, yz, bias]) => {
        const [image, kernel] = [dequantized(x!, xs!, xz, 1), dequantized(w!, ws!, wz, 0)];
        // the bias counts in steps of xs·ws
        const offset = bias && mul(cast(bias, 'float32'), mul(xs!, ws!));
        return [rounded(apply('Conv', [image, kernel, offset], attributes), ys!, yz, y.dtype)];
      },
    [0, 3],
  ),
};

/**
 * Overrides that let gradients through every op of a graph that rounds.
 *
 * @param graph the network's: `model.graph`
 * @returns one override for each such op type that it has
 * @example await model.gradient({ image }, { of: pick('logits', [0, 3]), at: ['image'], override: straightThrough(model.graph) })
 */
export const straightThrough = ({ nodes }: Pick<Graph, 'nodes'>): Override[] => {
  const present = new Set(nodes.map(node => node.op));
  return Object.entries(rules)
    .filter(([op]) => present.has(op))
    .map(([op, rule]) => override(op, rule));
};
