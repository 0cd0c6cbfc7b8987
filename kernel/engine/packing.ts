/**
 * Smaller values between the way forward and the way back: the saved-tensor hooks of PyTorch, as a rewrite of the graph.
 *
 *   forward    x ─▶ a ─▶ b ─▶ L
 *                   ▼    ▼
 *                   â ─▶ b̂ ─▶ 1          packed as soon as they are made; only then, by the 1, does the way back begin
 *   backward   dL·1 ─▶ b′ ─▶ db ─▶ a′ …   unpacked just before they are read
 */
import { isFloat, type DType } from '../base/dtype.ts';
import { abs, add, apply, cast, div, mul, reduceMax } from './functions.ts';
import { retraced } from './retrace.ts';
import { isForward, savedValues, type TwoWay } from './saved.ts';
import { after, once, onlyResults } from './schedule.ts';
import type { Var } from './var.ts';

/** How a value is kept between the way forward and the way back. */
export interface Packing {
  /** What is kept instead of x: one value or several; undefined where x is kept as it is. */
  pack(x: Var): readonly Var[] | undefined;
  /** x again, or nearly, of its dtype and dims. */
  unpack(parts: readonly Var[], dtype: DType): Var;
}

/**
 * Half the bytes: 11 bits of precision, magnitudes from 6·10⁻⁸ to 65504.
 * @example await model.gradient({ image }, { of: pick('logits', [0, 3]), at: ['image'], pack: float16 })
 */
export const float16: Packing = {
  pack: x => (x.dtype === 'float32' ? [cast(x, 'float16')] : undefined),
  unpack: ([half], dtype) => cast(half, dtype),
};

/**
 * A quarter of the bytes: x ≈ q·s with whole q from −127 to 127 and s = max|x|/127, one for the whole value.
 * @example await model.gradient({ image }, { of: pick('logits', [0, 3]), at: ['image'], pack: int8 })
 */
export const int8: Packing = {
  pack(x) {
    if (!isFloat(x.dtype)) return undefined;
    // zeros alone have no scale
    const scale = add(mul(reduceMax(abs(x)), 1 / 127), 1e-30);
    return [cast(apply('Round', [div(x, scale)]), 'int8'), scale];
  },
  unpack: ([whole, scale], dtype) => mul(cast(whole, dtype), scale),
};

/**
 * The graph with every value that lives from the way forward to the way back kept as `packing` says. Results differ by
 * what packing loses. Run it `scheduled`.
 * @example const { graph } = packed({ graph: trace.graph({ dw }), forward }, float16)
 */
export function packed(both: TwoWay, packing: Packing): TwoWay {
  const saved = new Set(savedValues(both).map(({ name }) => name));
  const results = new Set(both.graph.outputs.map(({ name }) => name));
  const goesForward = isForward(both);
  const forward = new Set(both.forward);
  const kept = new Map<string, readonly Var[]>();
  const unpacked = new Map<string, Var>();
  let allPacked: Var | undefined;
  let begun = false;

  const graph = retraced(resultsLate(both), trace => ({
    made(name, value) {
      const before = trace.steps.length;
      const parts = saved.has(name) ? packing.pack(value) : undefined;
      if (parts) {
        kept.set(name, parts);
        for (const part of parts) allPacked = allPacked ? mul(allPacked, once(part)) : once(part);
        for (const { node } of trace.steps.slice(before)) node.outputs.forEach(made => forward.add(made));
      }
      // the first number of the way back waits until all is packed
      if (begun || !allPacked || both.forward.has(name) || results.has(name) || !isFloat(value.dtype))
        return value;
      begun = true;
      return after(value, allPacked);
    },
    read(name, value, reader) {
      const parts = goesForward(reader) ? undefined : kept.get(name);
      if (!parts) return value;
      const again = unpacked.get(name) ?? packing.unpack(parts, value.dtype);
      unpacked.set(name, again);
      return again;
    },
  }));
  return { graph, forward };
}

/** A result of the way forward alone must not call for all of that way before anything is packed. */
function resultsLate(both: TwoWay) {
  const isLast = onlyResults(both.graph);
  const isLate = both.graph.nodes.map(node => isForward(both)(node) && isLast(node));
  const nodes = [false, true].flatMap(late => both.graph.nodes.filter((_, i) => isLate[i] === late));
  return { ...both.graph, nodes };
}
