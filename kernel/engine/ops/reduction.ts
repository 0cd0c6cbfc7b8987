/** Reductions along axes. `axes` is an input, and constant; older opsets had it as an attribute. */
import { sizeOf, wrapAxis, type Dims } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import type { Tensor } from '../../base/tensor.ts';
import { intOf, intsOf, without } from '../attributes.ts';
import {
  abs,
  add,
  apply,
  div,
  equal,
  exp,
  expand,
  indicator,
  int64s,
  log,
  mul,
  reduceSum,
  reshape,
  sub,
} from '../functions.ts';
import { noGradient, type BackwardCall, type Call, type Op } from '../op.ts';
import type { Var } from '../var.ts';
import { stored } from './evaluate.ts';
import { eachIndex } from './folding.ts';
import { constantInts, need } from './makers.ts';

/** The axes that go; all where none are given, unless `noop_with_empty_axes`. */
function axesOf(call: Call): number[] {
  const { dims } = need(call, 0);
  const given = constantInts(call, 1, 'axes');
  if (given?.length) return given.map(axis => wrapAxis(axis, dims.length));
  return intOf(call.attributes, 'noop_with_empty_axes', 0) ? [] : dims.map((_, axis) => axis);
}

/** The input's dims with a 1 for every axis that goes. */
function keptDims(call: Call): number[] {
  const axes = axesOf(call);
  return need(call, 0).dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
}

function outputDims(call: Call): Dims {
  const kept = keptDims(call);
  if (intOf(call.attributes, 'keepdims', 1)) return kept;
  const axes = axesOf(call);
  return kept.filter((_, axis) => !axes.includes(axis));
}

/** A value of the output's dims, with a 1 for every axis that went: it broadcasts against the input. */
const kept = (value: Var, call: Call): Var => reshape(value, keptDims(call));

/** How many elements each output gathers. */
const gathered = (call: Call): number => sizeOf(need(call, 0).dims) / sizeOf(keptDims(call));

interface Reduction {
  /** ∂L/∂x from x, and from y and dy with the axes kept. */
  back?: (dy: Var, x: Var, y: Var, call: BackwardCall) => Var;
  /** The same in other ops. `reduce` sums over the axes of this call. */
  expand?: (x: Var, reduce: (value: Var) => Var) => Var;
  /** All elements that meet in one output, to its value. Elements of 64-bit integers are bigints. */
  fold?: (items: readonly number[]) => number;
}

/** @param since the opset that made `axes` an input */
const reduction = (since: number, { back, expand: rewrite, fold }: Reduction): Op => ({
  infer: call => [{ dtype: need(call, 0).dtype, dims: outputDims(call) }],
  ...(fold && { fold: call => (call.values[0]!.size ? [folded(call.values[0]!, call, fold)] : undefined) }),
  ...(back && {
    gradient: call => [() => back(kept(call.dy, call), call.inputs[0]!, kept(call.outputs[0], call), call)],
  }),
  ...(rewrite && {
    expand: call => [
      rewrite(call.inputs[0]!, value => {
        const axes = axesOf(call);
        return reduceSum(value, axes, Boolean(intOf(call.attributes, 'keepdims', 1)));
      }),
    ],
  }),
  upgrade(node, tools) {
    const axes = intsOf(node.attributes, 'axes');
    if (tools.opset >= since || !axes) return [node];
    const input = tools.constant(tensor(BigInt64Array.from(axes, BigInt)));
    return [{ ...node, inputs: [node.inputs[0], input], attributes: without(node.attributes, 'axes') }];
  },
});

function folded(x: Tensor, call: Call, fold: (items: readonly number[]) => number): Tensor {
  const groups = new Map<string, number[]>();
  const axes = axesOf(call);
  const source = (x.dtype === 'float16' ? x.toFloat32OrWider() : x.data) as ArrayLike<number>;
  eachIndex(x.dims, (index, flat) => {
    const key = index.filter((_, axis) => !axes.includes(axis)).join();
    const group = groups.get(key);
    if (group) group.push(source[flat]);
    else groups.set(key, [source[flat]]);
  });
  return stored([...groups.values()].map(fold), outputDims(call), x.dtype);
}

const total = (items: readonly number[]): number => items.reduce((a, b) => a + b);

// y = Σ x:  ∂x = dy, stretched back
export const ReduceSum = reduction(13, { back: (dy, x) => expand(dy, x.dims), fold: total });

// y = Σ x / n:  ∂x = dy/n
export const ReduceMean = reduction(18, {
  back: (dy, x, _y, call) => expand(div(dy, gathered(call)), x.dims),
});

/** Ties share the gradient evenly, as in torch.amax (torch.max along a dim picks one of them instead). */
const shared = (dy: Var, x: Var, y: Var, call: BackwardCall): Var => {
  // dy·[x = y] / Σ [x = y]
  const reaches = indicator(equal(x, y), x);
  return mul(reaches, div(dy, reduceSum(reaches, axesOf(call), true)));
};

export const ReduceMax = reduction(18, {
  back: shared,
  fold: items => items.reduce((a, b) => (b > a || Number.isNaN(b) ? b : a)),
});

export const ReduceMin = reduction(18, {
  back: shared,
  fold: items => items.reduce((a, b) => (b < a || Number.isNaN(b) ? b : a)),
});

/**
 * y = Π x:  ∂xᵢ = dy·Π of the others, which is dy·y/xᵢ where nothing is 0. Where something is: 1 stands for 0, and
 * only an x beside which there is no other 0 has a slope. As in torch.prod.
 */
export const ReduceProd = reduction(18, {
  back(dy, x, _y, call) {
    const zero = indicator(equal(x, 0), x);
    const factors = add(x, zero);
    const axes = int64s(x.trace, axesOf(call));
    const whole = axesOf(call).length ? apply('ReduceProd', [factors, axes], { keepdims: 1n }) : factors;
    const zeros = reduceSum(zero, axesOf(call), true);
    return mul(div(mul(dy, whole), factors), indicator(equal(zeros, zero), x));
  },
  fold: items => items.reduce((a, b) => a * b),
});

export const ReduceL1 = reduction(18, { expand: (x, sum) => sum(abs(x)) });

// y = √Σ x²:  ∂x = dy·x/y, and 0 where y = 0, as in torch.linalg.vector_norm
export const ReduceL2 = reduction(18, {
  back: (dy, x, y) => mul(x, div(dy, add(y, indicator(equal(y, 0), y)))),
});

// y = Σ x²:  ∂x = 2x·dy
export const ReduceSumSquare = reduction(18, { back: (dy, x) => mul(x, mul(dy, 2)) });

export const ReduceLogSum = reduction(18, { expand: (x, sum) => log(sum(x)) });

// y = ln Σ eˣ:  ∂x = dy·e^(x − y)
export const ReduceLogSumExp = reduction(18, { back: (dy, x, y) => mul(exp(sub(x, y)), dy) });

/** The position of the largest or smallest along one axis, as int64: no gradient. */
const position: Op = {
  infer(call) {
    const { dims } = need(call, 0);
    const gone = wrapAxis(intOf(call.attributes, 'axis', 0), dims.length);
    const keeps = intOf(call.attributes, 'keepdims', 1);
    const made = dims.map((dim, axis) => (axis === gone ? 1 : dim));
    return [{ dtype: 'int64', dims: keeps ? made : made.filter((_, axis) => axis !== gone) }];
  },
  gradient: noGradient,
};

export const ArgMax = position;
export const ArgMin = position;
