/**
 * Attention and RotaryEmbedding as opset 23 has them, in the ops of opset 21: what PyTorch's newer exporter writes for
 * scaled_dot_product_attention. The same attention as com.microsoft's (`microsoft/attend.ts`) in another dress.
 */
import { floatOf, intOf } from '../attributes.ts';
import {
  add,
  and,
  apply,
  cast,
  div,
  greaterOrEqual,
  indicator,
  less,
  lessOrEqual,
  mul,
  not,
  pad,
  reduceMax,
  scalar,
  softmax,
  sub,
  tanh,
  unsqueeze,
  where,
} from '../functions.ts';
import { part, type Call, type Op } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { countTo, mergeHeads, reshapeTo, sizeAlong, splitHeads } from './generic.ts';
import { need, sameAsFirst } from './makers.ts';
import { append, attend, attentionParts, LOWEST, penalty, products } from './microsoft/attend.ts';
import { rotate } from './microsoft/rotary.ts';

/** A mask whose last axis is as long as the keys; those that it does not reach are hidden, `beyond` stands there. */
function completed(mask: Var, keys: number, beyond: number): Var {
  const missing = keys - mask.dims[mask.dims.length - 1];
  const pads = new Array<number>(2 * mask.dims.length).fill(0).with(-1, missing);
  return pad(mask, pads, beyond);
}

/** Which keys a query may see: where the mask is true, before the end of its sequence, and not after itself. */
function visible(call: Call<Var>, scores: Var): Var | undefined {
  const [, , , mask, past, , lengths] = call.inputs;
  const [queries, keys] = [sizeAlong(scores, 2), sizeAlong(scores, 3)];
  const conditions: Var[] = [];
  if (mask?.dtype === 'bool')
    conditions.push(cast(completed(cast(mask, 'uint8'), scores.dims[3], 0), 'bool'));
  else if (mask) conditions.push(greaterOrEqual(completed(mask, scores.dims[3], -Infinity), LOWEST));
  const key = countTo(keys);
  const ends = lengths && reshapeTo(lengths, [-1, 1, 1, 1]);
  if (ends) conditions.push(less(key, ends));
  if (intOf(call.attributes, 'is_causal', 0)) {
    const own = unsqueeze(countTo(queries), [1]); // queries×1
    const earlier = ends ? sub(ends, queries) : past && sizeAlong(past, 2);
    conditions.push(lessOrEqual(key, earlier ? add(own, earlier) : own));
  }
  return conditions.length ? conditions.reduce((a, b) => and(a, b)) : undefined;
}

/** What is added to hide a key: two of them are still a number, and a softmax of a row of them too. */
const HIDDEN = -1e38;

/** The mask where it is numbers to be added, −∞ made finite. */
function biasOf(mask: Var | undefined, keys: number): Var | undefined {
  if (!mask || mask.dtype === 'bool') return undefined;
  return apply('Max', [completed(mask, keys, HIDDEN), scalar(mask, HIDDEN)]);
}

/**
 * y = softmax(cap(scale·q·kᵀ) + mask)·v. A query that may see no key at all gets 0, and so does its gradient.
 * Heads are an axis of their own (rank 4) or side by side (rank 3).
 */
export const Attention: Op = {
  parts: attentionParts,
  infer(call): Known[] {
    const [q, k, v] = [need(call, 0, 'Q'), need(call, 1, 'K'), need(call, 2, 'V')];
    const heads = (x: Known, name: string): readonly number[] => {
      const count = intOf(call.attributes, name, 1);
      return x.dims.length === 4 ? x.dims : [x.dims[0], count, x.dims[1], x.dims[2] / count];
    };
    const [queries, keys, values] = [
      heads(q, 'q_num_heads'),
      heads(k, 'kv_num_heads'),
      heads(v, 'kv_num_heads'),
    ];
    const total = keys[2] + (call.inputs[4]?.dims[2] ?? 0);
    const [batch, count, length] = queries;
    const width = values[3];
    const { dtype } = q;
    return [
      { dtype, dims: q.dims.length === 4 ? [batch, count, length, width] : [batch, length, count * width] },
      { dtype, dims: keys.with(2, total) },
      { dtype, dims: values.with(2, total) },
      { dtype, dims: [batch, count, length, total] },
    ].slice(0, call.outputCount);
  },
  expand(call) {
    const { attributes } = call;
    const [Q, K, V, mask, pastKeys, pastValues, lengths] = call.inputs as [
      Var,
      Var,
      Var,
      ...(Var | undefined)[],
    ];
    const own = (x: Var, heads: string) =>
      x.dims.length === 4 ? x : splitHeads(x, intOf(attributes, heads, 1));
    const q = part(call, 'q', own(Q, 'q_num_heads'));
    const k = part(call, 'k', append(pastKeys, own(K, 'kv_num_heads')));
    const v = part(call, 'v', append(pastValues, own(V, 'kv_num_heads')));

    const raw = products(call, q, k);
    const cap = floatOf(attributes, 'softcap', 0);
    const capped = cap ? mul(tanh(div(raw, cap)), cap) : raw;
    const bias = biasOf(mask, raw.dims[3]);
    const biased = bias ? add(capped, bias) : capped;
    const seen = visible(call, raw);
    const scores = seen ? add(biased, penalty(not(seen), HIDDEN, biased)) : biased;

    let pattern!: Var;
    const z = attend(call, raw, scores, v, given => {
      const weights = softmax(given);
      // causal rows see themselves at least; other masks may leave nothing
      const some =
        seen && (mask || lengths) && reduceMax(indicator(seen, weights), [seen.dims.length - 1], true);
      return (pattern = some ? mul(weights, some) : weights);
    });
    const y = Q.dims.length === 4 ? z : mergeHeads(z);
    if (call.outputCount < 4) return [y, k, v];
    const masked = () => (seen ? where(seen, biased, scalar(biased, -Infinity)) : biased);
    const stages = [() => raw, () => capped, masked, () => pattern];
    return [y, k, v, stages[intOf(attributes, 'qk_matmul_output_mode', 0)]()];
  },
};

/** Rotary positions, from tables of all positions or of those of each token. */
export const RotaryEmbedding: Op = {
  infer: sameAsFirst,
  expand(call) {
    const { attributes } = call;
    const [X, cos, sin, positions] = call.inputs as [Var, Var, Var, Var | undefined];
    const x = X.dims.length === 4 ? X : splitHeads(X, intOf(attributes, 'num_heads', 1));
    // a table per token is one of all tokens, which are counted through
    const table = (values: Var) => (positions ? values : reshapeTo(values, [-1, cos.dims[2]]));
    const [batch, length] = [sizeAlong(x, 0), sizeAlong(x, 2)];
    const at = positions ?? reshapeTo(countTo(mul(batch, length)), [batch, -1]);
    const turned = rotate(x, at, table(cos), table(sin), Boolean(intOf(attributes, 'interleaved', 0)));
    return [X.dims.length === 4 ? turned : mergeHeads(turned)];
  },
};
