/**
 * How relevance passes each kind of node, as rules for the walk that otherwise takes gradients: what arrives is the
 * relevance of the node's output, what is returned the relevance of its inputs.
 *
 *   layers with weights         the composite's rule
 *   functions of one value      R passes whole
 *   sums                        each term in proportion: R_a = a·R/(a + b)
 *   means, pools, resizing      in proportion: R_x = x·∂y/∂xᵀ(R/y)
 *   products of two values      half each; a gate or a normalizer none
 *   normalizations              linear, their statistics constants
 *   softmax                     its Taylor expansion: R_x = x·(R − s·ΣR)
 *   copies and choices          their own gradient
 */
import { OpError } from '../../../base/errors.ts';
import { wrapAxis } from '../../../base/shape.ts';
import { floatOf, intOf } from '../../../engine/attributes.ts';
import {
  abs,
  add,
  div,
  greater,
  mul,
  pow,
  reduceMean,
  reduceSum,
  sqrt,
  sub,
  sumTo,
  where,
} from '../../../engine/functions.ts';
import { vjp } from '../../../engine/grad.ts';
import type { BackwardCall } from '../../../engine/op.ts';
import type { Place, Vjp } from '../../../engine/override.ts';
import { ruleOf } from '../../../engine/rules.ts';
import type { Trace } from '../../../engine/trace.ts';
import type { Var } from '../../../engine/var.ts';
import { kindOf } from './kinds.ts';
import { alongAxis, stabilized } from './rules.ts';
import type { Tape } from './tape.ts';

export interface Manner {
  /** `whole` passes all relevance to every term of a sum, which multiplies it: the mistake that the control makes. */
  readonly sums: 'split' | 'whole';
  /** `attnlrp`: relevance flows through queries and keys; `constant`: patterns are weights, only values get it. */
  readonly attention: 'attnlrp' | 'constant';
}

/** Where a node stands, and what it may use. */
export interface Setting extends Manner {
  readonly tape: Tape;
  readonly trace: Trace;
  /** In front of the first layer with weights: shifts and scales of the input keep its relevance whole. */
  isInFront(call: BackwardCall): boolean;
  /** Notes what does not flow on: b·g of a constant term. */
  absorb(value: Var, g: Var): void;
  /** The same for a number that is known as a whole. */
  lose(amount: Var): void;
}

type Parts = (Var | undefined)[];
type Handler = (call: BackwardCall, setting: Setting) => Parts;

const names = (text: string): string[] => text.trim().split(/\s+/);

/** Whether an op answers with its own gradient: what it reads it copies, moves or chooses. */
const choosing = new Set(
  names(`Reshape Flatten Squeeze Unsqueeze Transpose Expand Tile Concat Split Slice Pad Gather GatherElements GatherND
    ScatterElements Scatter ScatterND DepthToSpace SpaceToDepth Where Trilu MaxPool GlobalMaxPool MaxUnpool ReduceMax ReduceMin
    TopK ReverseSequence CenterCropPad Compress Dropout Identity Col2Im MaxRoiPool`),
);

/** R_x = R, summed where x was stretched. */
const whole: Handler = (call, { tape }) => {
  const varying = call.inputs.filter(input => tape.varies(input));
  if (varying.length > 1) return none(call);
  return call.inputs.map(input => (tape.varies(input) ? sumTo(call.dy, input!.dims) : undefined));
};

/** x·∂y/∂xᵀ(R/y), the node being linear in what varies. */
const proportional: Handler = (call, setting) =>
  setting.isInFront(call) && call.op === 'BatchNormalization'
    ? whole(call, setting)
    : shared(call, setting, 1);

/** The same for each of `count` factors. */
function shared(
  { op, inputs, attributes, outputs: [y], dy }: BackwardCall,
  { tape, trace }: Setting,
  count: number,
): Parts {
  const g = div(dy, stabilized(count === 1 ? y : mul(y, count)));
  const domain = op === 'FusedMatMul' ? 'com.microsoft' : '';
  const [again] = trace.apply(op, inputs, attributes, { domain });
  return inputs.map(input =>
    tape.varies(input) ? mul(input!, vjp(trace, [again], [input!], [g])[0]) : undefined,
  );
}

/** Terms with their signs: R_a = a·R/Σ. What is constant keeps its share for itself. */
const sum =
  (signs: (index: number, count: number) => number): Handler =>
  (call, setting) => {
    const {
      inputs,
      outputs: [y],
      dy,
    } = call;
    const { tape } = setting;
    const varying = inputs.filter(input => tape.varies(input)).length;
    if ((varying === 1 && setting.isInFront(call)) || (varying > 1 && setting.sums === 'whole'))
      return inputs.map(input => (tape.varies(input) ? sumTo(dy, input!.dims) : undefined));
    const g = div(dy, stabilized(y));
    return inputs.map((input, i) => {
      if (!input) return undefined;
      const sign = signs(i, inputs.length);
      const term = sign === 1 ? input : mul(input, sign);
      if (!tape.varies(input)) setting.absorb(term, g);
      return tape.varies(input) ? sumTo(mul(term, g), input.dims) : undefined;
    });
  };

/** a·b of two values: half each, unless one is a gate or a normalizer. */
const product: Handler = (call, setting) => {
  const [a, b] = call.inputs as [Var, Var];
  const { tape } = setting;
  if (!tape.varies(a) || !tape.varies(b)) return whole(call, setting);
  const [first, second] = [kindOf(tape, a), kindOf(tape, b)];
  const constant = (own: string, other: string) =>
    own === 'normalizer' ||
    (own === 'gate' && other !== 'gate') ||
    (own === 'tanh' && other === 'signal') ||
    (own === 'pattern' && setting.attention === 'constant');
  if (constant(first, second)) return [undefined, sumTo(call.dy, b.dims)];
  if (constant(second, first)) return [sumTo(call.dy, a.dims), undefined];
  const half = mul(call.dy, 0.5);
  return [sumTo(half, a.dims), sumTo(half, b.dims)];
};

/** a/b: a takes all; b is a normalizer. */
const quotient: Handler = (call, { tape }) => {
  const [a, b] = call.inputs as [Var, Var];
  return tape.varies(a) ? [sumTo(call.dy, a.dims)] : [undefined, sumTo(call.dy, b.dims)];
};

/** A matrix product of two values, as in attention: half each, each in proportion. */
const bilinear: Handler = (call, setting) => {
  const { tape, attention } = setting;
  const [a, b, c] = call.inputs;
  if (tape.varies(c)) return none(call);
  const both = tape.varies(a) && tape.varies(b);
  if (!both) return shared(call, setting, 1);
  const isPattern = (value: Var | undefined) =>
    attention === 'constant' && kindOf(tape, value!) === 'pattern';
  if (!isPattern(a) && !isPattern(b)) return shared(call, setting, 2);
  return shared(call, setting, 1).map((part, i) => (isPattern(call.inputs[i]) ? undefined : part));
};

/** y = γ·(x − mean x)/σ + β with σ a constant: R_x = x·Pᵀ(γ·R/y/σ), P taking away the mean. */
const normalized =
  (axesOf: (call: BackwardCall) => number[], perChannel: boolean): Handler =>
  (call, setting) => {
    const [x, scale, shift] = call.inputs as [Var, Var | undefined, Var | undefined];
    const {
      attributes,
      outputs: [y],
      dy,
    } = call;
    const axes = axesOf(call);
    const shaped = (value: Var) => (perChannel ? alongAxis(value, x.dims.length, 1) : value);
    const centred = sub(x, reduceMean(x, axes, true));
    const deviation = sqrt(
      add(reduceMean(pow(centred, 2), axes, true), floatOf(attributes, 'epsilon', 1e-5)),
    );
    const g = div(dy, stabilized(y));
    if (shift) setting.absorb(shaped(shift), g);
    const inner = div(scale ? mul(g, shaped(scale)) : g, deviation);
    return [mul(x, sub(inner, reduceMean(inner, axes, true)))];
  };

/**
 * Masked scores are so low that their product with anything is no number: they get none.
 * @see https://arxiv.org/abs/2402.05602 (Achtibat et al. 2024, proposition 3.1)
 */
const softmax: Handler = (call, setting) => {
  const [x] = call.inputs as [Var];
  const {
    dy,
    outputs: [s],
  } = call;
  if (setting.attention === 'constant' && setting.tape.readerOf(s)) {
    const reader = setting.tape.readerOf(s)!.node.op;
    if (/MatMul|Mul|Einsum|Reshape|Transpose|Cast|Dropout/.test(reader)) return [undefined];
  }
  const axis = wrapAxis(intOf(call.attributes, 'axis', -1), x.dims.length);
  const total = reduceSum(dy, [axis], true);
  const seen = where(greater(abs(x), 1e9), 0, x);
  const made = mul(seen, sub(dy, mul(s, total)));
  setting.lose(sub(reduceSum(dy), reduceSum(made)));
  return [made];
};

function none({ op, site }: Pick<BackwardCall, 'op' | 'site'>): never {
  const opened = ruleOf('', op)?.unfold ? `take it apart with model.decompose('${op}'), or ` : '';
  throw new OpError(
    `no relevance rule for op ${op} at ${site}; ${opened}give one with override('${op}', …), as ` +
      'docs/attribution.md tells under “Operators without a rule”',
    op,
    site,
  );
}

const handlers = new Map<string, Handler>([
  ...names(`Relu Sigmoid Tanh LeakyRelu Elu Selu Celu ThresholdedRelu Shrink PRelu HardSigmoid HardSwish Gelu FastGelu QuickGelu
    Swish Mish Clip Softsign Softplus Sqrt Exp Log Abs Sin Cos Tan Atan Asin Acos Sinh Cosh Asinh Acosh Atanh Erf Neg Cast
    CastLike Pow Reciprocal Floor Ceil Round Sign LRN SimplifiedLayerNormalization RMSNormalization LogSoftmax QuantizeLinear
    DequantizeLinear`).map(op => [op, whole] as const),
  ...names(
    `AveragePool GlobalAveragePool ReduceMean ReduceSum Resize Upsample CumSum GridSample BatchNormalization`,
  ).map(op => [op, proportional] as const),
  ['Add', sum(() => 1)],
  ['Sum', sum(() => 1)],
  ['Sub', sum(i => (i ? -1 : 1))],
  ['Mean', sum((_, count) => 1 / count)],
  ['Mul', product],
  ['Div', quotient],
  ...['MatMul', 'Gemm', 'FusedMatMul', 'Einsum'].map(op => [op, bilinear] as const),
  ['Softmax', softmax],
  [
    'LayerNormalization',
    normalized(({ inputs: [x], attributes }) => {
      const first = wrapAxis(intOf(attributes, 'axis', -1), x!.dims.length);
      return x!.dims.map((_, axis) => axis).slice(first);
    }, false),
  ],
  ['InstanceNormalization', normalized(({ inputs: [x] }) => x!.dims.map((_, axis) => axis).slice(2), true)],
]);

/**
 * The rule of a node that no layer answers for.
 * @returns undefined where its own gradient is the rule, and for an op whose parts have rules of their own
 */
export function propagationOf(place: Place, isExpanded: boolean, setting: Setting): Vjp | undefined {
  const { op, inputs } = place;
  const { tape } = setting;
  const varying = inputs.filter(input => tape.varies(input)).length;
  if (!varying || choosing.has(op)) return undefined;
  // the larger of a value and a constant is a function of one value
  if (op === 'Max' || op === 'Min') return varying === 1 ? call => whole(call, setting) : undefined;
  const handler = handlers.get(op);
  if (handler) return call => handler(call, setting);
  return isExpanded ? undefined : none;
}
