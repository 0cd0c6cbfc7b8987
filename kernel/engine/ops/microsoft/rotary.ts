/**
 * Rotary positions: pairs of features are turned by an angle that grows with the position.
 * @see https://arxiv.org/abs/2104.09864 Su et al. 2021, *RoFormer*, equation 34
 */
import { intOf } from '../../attributes.ts';
import { add, concat, gather, mul, slice, sub, unsqueeze } from '../../functions.ts';
import type { Op } from '../../op.ts';
import type { Var } from '../../var.ts';
import { countTo, mergeHeads, reshapeTo, sizeAlong, splitHeads } from '../generic.ts';
import { sameAsFirst } from '../makers.ts';
import { refuse } from './attend.ts';

/**
 * x of batch×heads×length×width turned: (a, b) → (a·cos − b·sin, b·cos + a·sin) for each pair of features.
 *
 * @param at positions, int64, batch×length or 1×length
 * @param cos a row per position, one column per pair; with `sin` it says how many features are turned (from the first)
 * @param interleaved pairs are neighbours (0,1), (2,3), …; else the first half with the second
 */
export function rotate(x: Var, at: Var, cos: Var, sin: Var, interleaved: boolean): Var {
  const pairs = cos.dims[1];
  const width = x.dims[3];
  const [c, s] = [cos, sin].map(table => unsqueeze(gather(table, at), [1])); // batch×1×length×pairs
  const turned = slice(x, [0], [2 * pairs], [3]);
  const [a, b] = halves(turned, pairs, interleaved);
  const [first, second] = [sub(mul(a, c), mul(b, s)), add(mul(b, c), mul(a, s))];
  const joined = interleaved
    ? reshapeTo(concat([unsqueeze(first, [4]), unsqueeze(second, [4])], 4), [0, 0, 0, 2 * pairs])
    : concat([first, second], 3);
  return 2 * pairs === width ? joined : concat([joined, slice(x, [2 * pairs], [width], [3])], 3);
}

function halves(x: Var, pairs: number, interleaved: boolean): Var[] {
  if (!interleaved) return [slice(x, [0], [pairs], [3]), slice(x, [pairs], [2 * pairs], [3])];
  const every = (first: number) => slice(x, [first], [2 * pairs], [3], [2]);
  return [every(0), every(1)];
}

export const RotaryEmbedding: Op = {
  infer: sameAsFirst,
  expand(call) {
    const { attributes } = call;
    const [x, positions, cos, sin] = call.inputs as Var[];
    const interleaved = Boolean(intOf(attributes, 'interleaved', 0));
    refuse(call, 'is_packed_batching');
    const heads = intOf(attributes, 'num_heads', 0) || undefined;
    // one number is where the sequence starts; else every token has its own position
    const split = x.dims.length === 4 ? x : splitHeads(x, heads ?? x.dims[2] / (2 * cos.dims[1]));
    const at =
      positions.dims.length === 1 ? unsqueeze(add(countTo(sizeAlong(split, 2)), positions), [0]) : positions;
    const turned = rotate(split, at, cos, sin, interleaved);
    return [x.dims.length === 4 ? turned : mergeHeads(turned)];
  },
};
