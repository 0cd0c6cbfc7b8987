/** Pools by a p-norm: LpPool and GlobalLpPool. */
import { intOf } from '../attributes.ts';
import { linearAdjoint } from '../functions-spatial.ts';
import { abs, add, equal, indicator, mul, pow, sign } from '../functions.ts';
import type { Call, Op } from '../op.ts';
import type { Var } from '../var.ts';
import { GlobalAveragePool, pooled, poolWindows, spatialOf } from './pooling.ts';

const orderOf = (call: Call): number => intOf(call.attributes, 'p', 2);

/**
 * y = (Σ|x|ᵖ)^(1/p) under each window:  ∂x = |x|ᵖ⁻¹·sign x·Σ dy·y¹⁻ᵖ over the windows that hold it. Where y = 0,
 * the slope is 0, as in torch.linalg.vector_norm.
 * @param spread Σ over the windows that hold each element
 */
function normGradient(call: Call, dy: Var, x: Var, y: Var, spread: (share: Var) => Var): Var {
  const p = orderOf(call);
  const share = mul(dy, pow(add(y, indicator(equal(y, 0), y)), 1 - p));
  const slope = p === 1 ? sign(x) : p === 2 ? x : mul(sign(x), pow(abs(x), p - 1));
  return mul(slope, spread(share));
}

export const LpPool: Op = {
  infer: call => [pooled(call, poolWindows(call).counts)],
  gradient(call) {
    const { kernel, strides, dilations, begins, counts } = poolWindows(call);
    const maps = spatialOf(call).map((size, axis) => ({
      axis: axis + 2,
      size,
      rows: Array.from({ length: counts[axis] }, (_, o) =>
        Array.from({ length: kernel[axis] }, (_, t) => o * strides[axis] - begins[axis] + t * dilations[axis])
          .filter(i => i >= 0 && i < size)
          .map(i => [i, 1] as const),
      ),
    }));
    const [x, y] = [call.inputs[0]!, call.outputs[0]];
    return [() => normGradient(call, call.dy, x, y, share => linearAdjoint(share, maps))];
  },
};

export const GlobalLpPool: Op = {
  infer: GlobalAveragePool.infer,
  gradient: call => [() => normGradient(call, call.dy, call.inputs[0]!, call.outputs[0], share => share)],
};
