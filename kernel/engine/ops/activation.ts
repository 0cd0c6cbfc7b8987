/**
 * Pointwise nonlinearities. Where a function has a corner, its slope there is PyTorch's.
 * Masks are multiplied (Greater, Cast, Mul): ONNX Runtime's Where takes twenty times as long.
 */
import { broadcastDims, sameDims } from '../../base/shape.ts';
import { ShapeError } from '../../base/errors.ts';
import { tensor } from '../../base/tensor.ts';
import { floatOf, textOf, without } from '../attributes.ts';
import {
  add,
  apply,
  equal,
  erf,
  exp,
  greater,
  indicator,
  less,
  mul,
  sub,
  sumTo,
  tanh,
} from '../functions.ts';
import type { Op } from '../op.ts';
import type { Var } from '../var.ts';
import { elementwise, need, sameAsFirst } from './makers.ts';

/** 1 where x > 0, else 0. */
const positive = (x: Var): Var => indicator(greater(x, 0), x);

/** `above` where the mask is 1, `below` where it is 0. */
const choose = (mask: Var, above: number, below: Var | number): Var =>
  typeof below === 'number'
    ? add(mul(mask, above - below), below)
    : add(mul(mask, above), mul(sub(1, mask), below));

/**
 * [y > 0] for y ≥ 0, without a gradient of its own. In float32 min(1, y·3·10³⁸) says it in one node instead of a
 * comparison and a cast; it is below 1 only for y under 3·10⁻³⁹, which no float of full precision is.
 */
const live = (y: Var): Var =>
  y.dtype === 'float32'
    ? y.trace.custom(
        [],
        () => apply('HardSigmoid', [y], { alpha: 3e38, beta: 0 }),
        () => [],
      )
    : positive(y);

// y = max(0, x):  y′ = [y > 0], 0 at the corner
export const Relu = elementwise(
  (_x, y) => live(y),
  x => (x < 0 ? x - x : x),
);

// y = 1/(1 + e^−x):  y′ = y(1 − y)
export const Sigmoid = elementwise((_x, y) => mul(y, sub(1, y)));

// y = tanh x:  y′ = 1 − y²
export const Tanh = elementwise((_x, y) => sub(1, mul(y, y)), Math.tanh);

// y = x where x > 0, else αx:  y′ = 1 or α; α at the corner
export const LeakyRelu = elementwise((x, _y, call) =>
  choose(positive(x), 1, floatOf(call.attributes, 'alpha', 0.01)),
);

// y = x where x > 0, else α(eˣ − 1):  y′ = 1 or y + α
export const Elu = elementwise((x, y, call) =>
  choose(positive(x), 1, add(y, floatOf(call.attributes, 'alpha', 1))),
);

// y = γx where x > 0, else γα(eˣ − 1):  y′ = γ or y + γα
export const Selu = elementwise((x, y, call) => {
  const alpha = floatOf(call.attributes, 'alpha', 1.67326319217681884765625);
  const gamma = floatOf(call.attributes, 'gamma', 1.05070102214813232421875);
  return choose(positive(x), gamma, add(y, gamma * alpha));
});

// y = x where x > 0, else s·x with a slope s that stretches to x:  ∂s = dy·x where x ≤ 0
export const PRelu: Op = {
  infer(call) {
    const [{ dims }, slope] = [need(call, 0), need(call, 1)];
    if (!sameDims(broadcastDims(dims, slope.dims), dims))
      throw new ShapeError(`slope ${slope.dims.join('×')} does not stretch to ${dims.join('×')}`);
    return sameAsFirst(call);
  },
  gradient: ({ dy, inputs }) => {
    const [x, slope] = inputs as [Var, Var];
    return [
      () => mul(dy, choose(positive(x), 1, slope)),
      () => sumTo(mul(mul(dy, x), sub(1, positive(x))), slope.dims),
    ];
  },
};

// y = min(1, max(0, αx + β)):  y′ = α strictly between the bounds
export const HardSigmoid = elementwise((_x, y, call) =>
  mul(mul(positive(y), indicator(less(y, 1), y)), floatOf(call.attributes, 'alpha', 0.2)),
);

// y = x·min(1, max(0, x/6 + ½))
export const HardSwish: Op = {
  infer: sameAsFirst,
  expand: ({ inputs: [x] }) => [mul(x!, apply('HardSigmoid', [x!], { alpha: 1 / 6, beta: 0.5 }))],
};

/**
 * y = x·Φ(x) with the normal distribution Φ(x) = ½(1 + erf(x/√2)), or its tanh approximation.
 * y′ = Φ(x) + x·φ(x)
 */
export const Gelu = elementwise((x, _y, call) =>
  textOf(call.attributes, 'approximate', 'none') === 'tanh' ? tanhSlope(x) : erfSlope(x),
);

function erfSlope(x: Var): Var {
  const distribution = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
  const density = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return add(distribution, mul(x, density));
}

// y = ½x(1 + t), t = tanh u, u = √(2/π)(x + c·x³):  y′ = ½(1 + t) + ½x(1 − t²)·√(2/π)(1 + 3c·x²)
function tanhSlope(x: Var): Var {
  const scale = Math.sqrt(2 / Math.PI);
  const c = 0.044715;
  const square = mul(x, x);
  const t = tanh(mul(mul(x, add(mul(square, c), 1)), scale));
  const du = mul(add(mul(square, 3 * c), 1), scale);
  return mul(add(add(t, 1), mul(x, mul(sub(1, mul(t, t)), du))), 0.5);
}

/**
 * y = min(high, max(low, x)). The gradient passes where low ≤ x ≤ high, bounds included, as in torch.clamp;
 * a bound that varies gets the rest. Before opset 11 the bounds were attributes.
 */
export const Clip: Op = {
  infer: sameAsFirst,
  gradient: ({ dy, inputs: [x, low, high], outputs: [y] }) => [
    // x passed just where y = x
    () => mul(dy, indicator(equal(x!, y), dy)),
    low && (() => sumTo(mul(dy, indicator(less(x!, low), dy)), low.dims)),
    high && (() => sumTo(mul(dy, indicator(greater(x!, high), dy)), high.dims)),
  ],
  upgrade(node, tools) {
    if (tools.opset >= 11) return [node];
    const [x] = node.inputs;
    // in x's dtype, which is not known yet: CastLike settles it
    const bounds = ['min', 'max'].map(name => {
      if (node.attributes[name] === undefined) return undefined;
      const value = tools.constant(tensor([floatOf(node.attributes, name, 0)], []));
      const output = tools.fresh(name);
      return {
        op: 'CastLike',
        domain: '',
        name: output,
        inputs: [value, x],
        outputs: [output],
        attributes: {},
      };
    });
    const inputs = [x, ...bounds.map(bound => bound?.outputs[0] ?? '')];
    return [
      ...bounds.filter(bound => bound !== undefined),
      { ...node, inputs, attributes: without(node.attributes, 'min', 'max') },
    ];
  },
};
