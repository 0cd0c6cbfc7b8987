/**
 * Attention itself, of which the operators are dresses: scores = scale·q·kᵀ + biases, pattern = softmax(scores),
 * z = pattern·v.
 * @see https://arxiv.org/abs/1706.03762 Vaswani et al. 2017, equation 1
 */
import { OpError } from '../../../base/errors.ts';
import { formatDims } from '../../../base/shape.ts';
import { floatOf, intOf } from '../../attributes.ts';
import {
  add,
  cast,
  concat,
  gather,
  greater,
  greaterOrEqual,
  less,
  matmul,
  mul,
  softmax,
  sub,
  swapLast,
  unsqueeze,
} from '../../functions.ts';
import { part, type Call } from '../../op.ts';
import type { Var } from '../../var.ts';
import { countTo, int64, reshapeTo, sizeAlong } from '../generic.ts';

/** Where nothing may be seen: the lowest float32, as in ONNX Runtime; a softmax makes 0 of it. */
export const LOWEST = -3.4028234663852886e38;

/** The inner values that every attention names. */
export const attentionParts = {
  q: 'queries, batch×heads×length×width, as they enter the product',
  k: 'keys, past ones included; grouped-query attention has fewer heads of them',
  v: 'values, likewise',
  scores: 'scale·q·kᵀ, batch×heads×queries×keys, before masks and biases',
  masked: 'the scores with masks and biases: what the softmax takes; only where there are such',
  pattern: 'how much each query looks at each key; rows sum to 1',
  z: 'pattern·v per head, batch×heads×length×width',
} as const;

/** Heads that share keys, one after the other, are one longer head for the product; and back. */
const inHeads = (x: Var, heads: number): Var => (x.dims[1] === heads ? x : reshapeTo(x, [0, heads, -1, 0]));

/** scale·q·kᵀ: batch×heads×length×width twice → batch×heads×queries×keys. The scale is 1/√width where none is given. */
export function products(call: Call<Var>, q: Var, k: Var): Var {
  const scale = floatOf(call.attributes, 'scale', 0) || 1 / Math.sqrt(q.dims[3]);
  return part(call, 'scores', inHeads(matmul(inHeads(mul(q, scale), k.dims[1]), swapLast(k)), q.dims[1]));
}

/**
 * pattern·v.
 * @param scores as `products` gives them; @param masked with all that is added to them
 */
export function attend(
  call: Call<Var>,
  scores: Var,
  masked: Var,
  v: Var,
  toPattern: (scores: Var) => Var = softmax,
): Var {
  if (masked !== scores) part(call, 'masked', masked);
  const pattern = part(call, 'pattern', toPattern(masked));
  return part(call, 'z', inHeads(matmul(inHeads(pattern, v.dims[1]), v), scores.dims[1]));
}

/** `low` where the test holds, else 0, in the dtype of `like`: to be added to scores. */
export const penalty = (test: Var, low: number, like: Var): Var => mul(cast(test, like.dtype), low);

/** What keeps queries, the last ones of all, from keys behind them: queries×keys. */
export function causal(scores: Var): Var {
  const [queries, keys] = [sizeAlong(scores, 2), sizeAlong(scores, 3)];
  const own = add(countTo(queries), sub(keys, queries));
  return penalty(greater(countTo(keys), unsqueeze(own, [1])), LOWEST, scores);
}

/**
 * Masks as exporters write them, as something to add to the scores (0 where nothing is masked).
 *
 *   batch×keys, batch×queries×keys   1 where a key may be seen
 *   batch                            how many keys are real; the rest is padding on the right
 *   2·batch                          the same ends, then where each row starts (padding on the left)
 */
export function padding(call: Call<Var>, mask: Var, scores: Var): Var {
  const low = floatOf(call.attributes, 'mask_filter_value', -10000);
  const [batch] = scores.dims;
  const rank = mask.dims.length;
  const hidden = (given: Var) => mul(sub(1, cast(cast(given, 'bool'), scores.dtype)), low);
  if (rank === 2) return unsqueeze(hidden(mask), [1, 2]);
  if (rank === 3) return unsqueeze(hidden(mask), [1]);
  const keys = cast(countTo(sizeAlong(scores, 3)), mask.dtype);
  const column = (bounds: Var) => reshapeTo(bounds, [-1, 1, 1, 1]);
  const behind = (ends: Var) => penalty(greaterOrEqual(keys, column(ends)), low, scores);
  const size = mask.dims[0];
  if (rank === 1 && size === batch) return behind(mask);
  if (rank === 1 && size === 2 * batch) {
    const [ends, starts] = [0, 1].map(row => gather(reshapeTo(mask, [2, -1]), int64(mask, row)));
    return add(behind(ends), penalty(less(keys, column(starts)), low, scores));
  }
  throw unsupported(
    call,
    `mask of ${formatDims(mask.dims)}`,
    'expected batch×keys, batch×queries×keys, or one or two numbers per sequence',
  );
}

/** Earlier values, then new ones, along the axis of the length. */
export const append = (past: Var | undefined, now: Var): Var => (past ? concat([past, now], 2) : now);

/** What a decomposition does not cover, although the operator has it. */
export const unsupported = ({ op, site }: Call, what: string, next: string): OpError =>
  new OpError(`${op} at ${site}: ${what} is not covered; ${next}`, op, site);

/** Turns away attributes that change what is computed in ways that the decomposition does not follow. */
export function refuse(call: Call, ...attributes: string[]): void {
  for (const name of attributes)
    if (intOf(call.attributes, name, 0))
      throw unsupported(call, `the attribute ${name}`, 'the node runs and can be read around');
}
