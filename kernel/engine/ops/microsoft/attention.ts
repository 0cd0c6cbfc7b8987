/** com.microsoft.Attention: q, k and v from one product, as in BERT and GPT-2 after ONNX Runtime's optimizer. */
import { tensor } from '../../../base/tensor.ts';
import { intOf, intsOf } from '../../attributes.ts';
import { add, concat, gather, matmul, split, unsqueeze } from '../../functions.ts';
import { part, type Op } from '../../op.ts';
import type { Var } from '../../var.ts';
import { int64, mergeHeads, splitHeads } from '../generic.ts';
import { sameAsFirst } from '../makers.ts';
import { append, attend, attentionParts, causal, padding, products, refuse } from './attend.ts';

export const Attention: Op = {
  infer: sameAsFirst,
  expand(call) {
    const [x, weights, bias, mask, past, scoreBias] = call.inputs as [Var, Var, ...(Var | undefined)[]];
    refuse(call, 'do_rotary', 'past_present_share_buffer');
    const heads = intOf(call.attributes, 'num_heads', 1);
    const width = weights.dims[1];
    const sizes = intsOf(call.attributes, 'qkv_hidden_sizes') ?? [width / 3, width / 3, width / 3];
    const projected = matmul(x, weights);
    const [q, k0, v0] = split(bias ? add(projected, bias) : projected, sizes, 2).map(all =>
      splitHeads(all, heads),
    );
    // past: 2×batch×heads×length×width
    const [pastK, pastV] = past ? [0, 1].map(i => gather(past, int64(past, i))) : [];
    const [k, v] = [append(pastK, k0), append(pastV, v0)];
    [q, k, v].forEach((value, i) => part(call, 'qkv'[i], value));

    const scores = products(call, q, k);
    let masked = scores;
    if (mask) masked = add(masked, padding(call, mask, scores));
    if (intOf(call.attributes, 'unidirectional', 0)) masked = add(masked, causal(scores));
    if (scoreBias) masked = add(masked, scoreBias);
    const output = mergeHeads(attend(call, scores, masked, v));
    if (call.outputCount === 1) return [output];
    return [output, concat([unsqueeze(k, [0]), unsqueeze(v, [0])], 0)];
  },
  // without a bias ONNX Runtime 1.30 reads through a null pointer, and the process ends: zeros instead
  upgrade(node, tools) {
    const [x, weights, bias, ...rest] = node.inputs;
    const value = tools.constantOf(weights);
    if (bias || !value) return [node];
    const zeros = tensor(new Float32Array(value.dims[1])).cast(value.dtype);
    return [{ ...node, inputs: [x, weights, tools.constant(zeros), ...rest] }];
  },
  parts: attentionParts,
};
