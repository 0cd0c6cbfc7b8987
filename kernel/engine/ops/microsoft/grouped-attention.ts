/**
 * com.microsoft.GroupQueryAttention, as exporters write Llama, Mistral, Qwen, Phi and gpt-oss: fewer heads of keys
 * than of queries, positions turned inside, sequences of unequal length in one batch, always causal.
 * @see https://arxiv.org/abs/2305.13245 Ainslie et al. 2023
 */
import { floatOf, intOf } from '../../attributes.ts';
import {
  add,
  apply,
  cast,
  concat,
  div,
  greater,
  greaterOrEqual,
  lessOrEqual,
  mul,
  scalar,
  slice,
  softmax,
  split,
  sub,
  tanh,
  unsqueeze,
} from '../../functions.ts';
import { gatherElements } from '../../functions-indexing.ts';
import { part, type Call, type Op } from '../../op.ts';
import type { Var } from '../../var.ts';
import { countTo, expandTo, int64, mergeHeads, reshapeTo, sizeAlong, splitHeads } from '../generic.ts';
import { sameAsFirst } from '../makers.ts';
import { attend, attentionParts, LOWEST, penalty, products, refuse, unsupported } from './attend.ts';
import { rotate } from './rotary.ts';

export const GroupQueryAttention: Op = {
  infer: sameAsFirst,
  expand(call) {
    const { attributes, inputs } = call;
    refuse(call, 'kv_cache_bit_width', 'sliding_window_cache', 'qk_output');
    if (inputs.slice(12).some(Boolean) || call.outputCount > 3 || !intOf(attributes, 'causal', 1))
      throw unsupported(
        call,
        'a quantized cache, a norm or an output qk inside',
        'the node runs and can be read around',
      );
    const [, , , pastK, pastV, lengths, total, cos, sin, positions, bias, sink] = inputs;
    const [q0, k0, v0] = perHead(call);

    // how much of each sequence is past, int64, batch×1
    const behind = sub(add(cast(lengths!, 'int64'), int64(q0, 1)), sizeAlong(q0, 2));
    const before = unsqueeze(apply('Max', [behind, int64(q0, 0)]), [1]);
    const own = add(before, countTo(sizeAlong(q0, 2))); // batch×queries
    const turn = (x: Var) =>
      intOf(attributes, 'do_rotary', 0)
        ? rotate(x, positions ?? own, cos!, sin!, Boolean(intOf(attributes, 'rotary_interleaved', 0)))
        : x;
    const q = part(call, 'q', turn(q0));
    const k = part(call, 'k', continued(pastK, turn(k0), before, total!));
    const v = part(call, 'v', continued(pastV, v0, before, total!));

    const cap = floatOf(attributes, 'softcap', 0);
    const scores = products(call, q, k);
    const capped = cap ? mul(tanh(div(scores, cap)), cap) : scores;
    const biased = bias ? add(capped, bias) : capped;
    const masked = add(biased, unseen(call, own, scores));
    const smooth = sink ?? (intOf(attributes, 'smooth_softmax', 0) === 1 ? 0 : undefined);
    const z = attend(call, scores, masked, v, smooth === undefined ? softmax : s => softmaxWith(s, smooth));
    return [mergeHeads(z), k, v].slice(0, call.outputCount);
  },
  parts: attentionParts,
};

/** q, k and v, batch×heads×length×width, from three inputs or one that holds all. */
function perHead({ inputs, attributes }: Call<Var>): Var[] {
  const [heads, kvHeads] = [intOf(attributes, 'num_heads', 1), intOf(attributes, 'kv_num_heads', 1)];
  const [query, key, value] = inputs;
  const width = query!.dims[2] / (heads + 2 * kvHeads);
  const all =
    key && value
      ? [query!, key, value]
      : split(
          query!,
          [heads, kvHeads, kvHeads].map(n => n * width),
          2,
        );
  return all.map((x, i) => splitHeads(x, i ? kvHeads : heads));
}

/**
 * For each sequence its own past, then what is new, then zeros to the length of the buffer, which are masked later.
 * @param before how many past ones are real, int64, batch×1
 */
function continued(past: Var | undefined, now: Var, before: Var, total: Var): Var {
  if (!past || past.dims[2] === 0) return now;
  const [batch, heads, , width] = [0, 1, 2, 3].map(axis => sizeAlong(now, axis));
  const zero = expandTo(scalar(now, 0), [batch, heads, 1, width]);
  const room = sizeAlong(past, 2);
  const length = apply('Max', [room, cast(reshapeTo(total, [1]), 'int64')]);
  const t = countTo(length);
  // t of the past where t < before, else the (t − before)-th new one, which lies behind the whole past, else the zero
  const wanted = add(t, mul(cast(greaterOrEqual(t, before), 'int64'), sub(room, before)));
  const at = unsqueeze(apply('Min', [wanted, add(room, sizeAlong(now, 2))]), [1, 3]);
  return gatherElements(concat([past, now, zero], 2), expandTo(at, [batch, heads, length, width]), 2);
}

/** What is ahead of each query, or further back than the window: batch×1×queries×keys. */
function unseen({ attributes }: Call<Var>, own: Var, scores: Var): Var {
  const keys = countTo(sizeAlong(scores, 3));
  const at = unsqueeze(own, [1, 3]);
  const ahead = penalty(greater(keys, at), LOWEST, scores);
  const window = intOf(attributes, 'local_window_size', -1);
  if (window < 0) return ahead;
  return add(ahead, penalty(lessOrEqual(keys, sub(at, int64(at, window))), LOWEST, scores));
}

/** Softmax with one more score that takes its share and gives nothing: a number per head, or one for all. */
function softmaxWith(scores: Var, sink: Var | 0): Var {
  const column = sink === 0 ? scalar(scores, 0) : reshapeTo(sink, [1, -1, 1, 1]);
  const sizes = [sizeAlong(scores, 0), scores.dims[1], sizeAlong(scores, 2), 1];
  return slice(softmax(concat([scores, expandTo(column, sizes)], 3)), [0], [-1], [3]);
}
