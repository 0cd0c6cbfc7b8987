/**
 * Pointwise nonlinearities. Where a function has a corner, its slope there is PyTorch's.
 * Masks are multiplied (Greater, Cast, Mul): ONNX Runtime's Where takes twenty times as long.
 */
import { broadcastDims, sameDims } from '../../base/shape.ts';
import { ShapeError } from '../../base/errors.ts';
import { tensor } from '../../base/tensor.ts';
import { floatOf, textOf, without } from '../attributes.ts';
import {
  abs,
  add,
  apply,
  div,
  equal,
  erf,
  exp,
  greater,
  indicator,
  less,
  mul,
  scalar,
  sigmoid,
  softplus,
  sub,
  sumTo,
  tanh,
} from '../functions.ts';
import type { Op } from '../op.ts';
import type { Var } from '../var.ts';
import { chained, elementwise, need, sameAsFirst } from './makers.ts';

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

// y = x where x > 0, else α(e^(x/α) − 1):  y′ = 1 or y/α + 1
export const Celu = elementwise((x, y, call) =>
  choose(positive(x), 1, add(div(y, floatOf(call.attributes, 'alpha', 1)), 1)),
);

// y = x where x > α, else 0:  y′ = 1 or 0; 0 at the corner, as torch.nn.Threshold
export const ThresholdedRelu = elementwise((x, _y, call) =>
  indicator(greater(x, floatOf(call.attributes, 'alpha', 1)), x),
);

// y = x moved by `bias` towards 0 where |x| > λ, else 0:  y′ = 1 or 0; 0 at the corners
export const Shrink = elementwise((x, _y, call) =>
  indicator(greater(abs(x), floatOf(call.attributes, 'lambd', 0.5)), x),
);

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
 * y = x·Φ(x) with the normal distribution Φ(x) = ½(1 + erf(x/√2)), or its tanh approximation. Both slopes are written
 * in as few passes over x as ONNX Runtime allows: in a large network they take as long as a matrix product.
 */
export const Gelu = chained((dy, x, y, call) =>
  textOf(call.attributes, 'approximate', 'none') === 'tanh' ? tanhBackward(dy, x, y) : erfBackward(dy, x),
);

// y′ = Φ(x) + x·φ(x) = ½(erf a + x·e^(ln √(2/π) − a²) + 1) with a = x/√2
function erfBackward(dy: Var, x: Var): Var {
  const a = mul(x, Math.SQRT1_2);
  const density = exp(sub(scalar(x, Math.log(2 / Math.PI) / 2), mul(a, a)));
  return mul(mul(add(add(erf(a), mul(x, density)), 1), dy), 0.5);
}

// y = x·s with s = σ(2u), 2u = x(k + c·x²):  y′ = s + y(1 − s)·(k + 3c·x²)
function tanhBackward(dy: Var, x: Var, y: Var): Var {
  const k = 2 * Math.sqrt(2 / Math.PI);
  const c = k * 0.044715;
  const square = mul(x, x);
  const s = sigmoid(mul(x, add(mul(square, c), k)));
  return mul(dy, add(s, mul(mul(y, sub(1, s)), add(mul(square, 3 * c), k))));
}

// y = x·σ(αx), of opset 24
export const Swish: Op = {
  infer: sameAsFirst,
  expand: ({ inputs: [x], attributes }) => [mul(x!, sigmoid(mul(x!, floatOf(attributes, 'alpha', 1))))],
};

// y = x·tanh(ln(1 + eˣ))
export const Mish: Op = {
  infer: sameAsFirst,
  expand: ({ inputs: [x] }) => [mul(x!, tanh(softplus(x!)))],
};

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
