/** com.microsoft.MultiHeadAttention: q, k and v come ready, for self and cross attention. */
import { intOf } from '../../attributes.ts';
import { add, split } from '../../functions.ts';
import { part, type Op } from '../../op.ts';
import type { Var } from '../../var.ts';
import { mergeHeads, splitHeads } from '../generic.ts';
import { sameAsFirst } from '../makers.ts';
import { append, attend, attentionParts, causal, padding, products, unsupported } from './attend.ts';

export const MultiHeadAttention: Op = {
  infer: sameAsFirst,
  expand(call) {
    const [query, key, value, bias, mask, scoreBias, pastK, pastV, pastLength, indirection] = call.inputs;
    if (!key || !value || query!.dims.length !== 3)
      throw unsupported(call, 'packed q, k and v', 'expected three inputs, as ONNX Runtime has it on a CPU');
    if (pastLength ?? indirection)
      throw unsupported(
        call,
        'a shared buffer of past keys',
        'expected past and present as values of their own',
      );
    if (call.outputCount > 3) throw unsupported(call, 'the output qk', 'read the site .scores instead');
    const heads = intOf(call.attributes, 'num_heads', 1);
    const sizes = [query!.dims[2], query!.dims[2], bias ? bias.dims[0] - 2 * query!.dims[2] : 0];
    const biases = bias ? split(bias, sizes, 0) : [];
    // keys and values that are already per head are those of a cross attention
    const perHead = (x: Var, i: number) =>
      x.dims.length === 4 ? x : splitHeads(bias ? add(x, biases[i]) : x, heads);
    const q = part(call, 'q', perHead(query!, 0));
    const k = part(call, 'k', append(pastK, perHead(key, 1)));
    const v = part(call, 'v', append(pastV, perHead(value, 2)));

    const scores = products(call, q, k);
    let masked = scores;
    if (mask) masked = add(masked, padding(call, mask, scores));
    if (intOf(call.attributes, 'unidirectional', 0)) masked = add(masked, causal(scores));
    if (scoreBias) masked = add(masked, scoreBias);
    return [mergeHeads(attend(call, scores, masked, v)), k, v].slice(0, call.outputCount);
  },
  parts: attentionParts,
};
