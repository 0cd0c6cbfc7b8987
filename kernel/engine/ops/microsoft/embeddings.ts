/** Layer normalizations of ONNX Runtime's own domain that first add something: a skip connection, embeddings. */
import { floatOf, int } from '../../attributes.ts';
import { add, cast, gather, mul, reduceMean, reduceSum } from '../../functions.ts';
import { part, type Call, type Op } from '../../op.ts';
import type { Var } from '../../var.ts';
import { countTo, sizeAlong } from '../generic.ts';
import { sameAsFirst } from '../makers.ts';

type Normalization = 'LayerNormalization' | 'SimplifiedLayerNormalization';

/** [s·x̂ + b, μ, r] along the last axis, or the first alone. */
function normalized(
  call: Call<Var>,
  x: Var,
  scale: Var,
  bias?: Var,
  op: Normalization = 'LayerNormalization',
) {
  const attributes = { axis: int(-1), epsilon: floatOf(call.attributes, 'epsilon', 1e-12) };
  const outputs = call.outputCount === 1 ? 1 : op === 'LayerNormalization' ? 3 : 2;
  const made = x.trace.apply(op, [x, scale, bias], attributes, { outputs });
  return outputs === 2 ? [made[0], reduceMean(x, [-1], true), made[1]] : made;
}

/** The residual stream x + skip (+ bias), normalized; the stream itself is the fourth output. */
function skipped(op: Normalization, call: Call<Var>, scale: Var, offset?: Var, bias?: Var): Var[] {
  const [x, skip] = call.inputs as [Var, Var];
  const sum = part(call, 'sum', bias ? add(add(x, skip), bias) : add(x, skip));
  return [...normalized(call, sum, scale, offset, op).slice(0, 3), sum].slice(0, call.outputCount);
}

export const SkipLayerNormalization: Op = {
  infer: sameAsFirst,
  expand(call) {
    const [, , scale, offset, bias] = call.inputs;
    return skipped('LayerNormalization', call, scale!, offset, bias);
  },
  parts: { sum: 'the residual stream that is normalized: input + skip (+ bias)' },
};

export const SkipSimplifiedLayerNormalization: Op = {
  infer: sameAsFirst,
  expand(call) {
    const [, , scale, bias] = call.inputs;
    return skipped('SimplifiedLayerNormalization', call, scale!, undefined, bias);
  },
  parts: SkipLayerNormalization.parts,
};

/** BERT's first layer: words + positions (+ segments), normalized. */
export const EmbedLayerNormalization: Op = {
  infer: sameAsFirst,
  expand(call) {
    const [ids, segments, words, positions, segmentTable, scale, offset, mask, positionIds] =
      call.inputs as Var[];
    const at = (positionIds as Var | undefined) ?? countTo(sizeAlong(ids, 1));
    const placed = add(
      part(call, 'words', gather(words, ids)),
      part(call, 'positions', gather(positions, at)),
    );
    const sum = part(call, 'sum', segmentTable ? add(placed, gather(segmentTable, segments)) : placed);
    const [norm] = normalized({ ...call, outputCount: 1 }, sum, scale, offset);
    // how many tokens of each row are not padding; 0 where there is no mask
    const counted = (mask as Var | undefined) ?? mul(cast(ids, 'int32'), 0);
    return [norm, reduceSum(cast(counted, 'int32'), [1]), sum].slice(0, call.outputCount);
  },
  parts: {
    words: 'the embeddings of the tokens',
    positions: 'the embeddings of their positions',
    sum: 'all embeddings together, before the normalization',
  },
};
