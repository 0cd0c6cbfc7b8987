/** Numbers in any form that a notebook has them, for charts and views alike. */
import { isTensor, type Tensor } from '../base/tensor.ts';

export type Values = ArrayLike<number> | ArrayLike<bigint> | Tensor;

export const toNumbers = (values: Values): number[] =>
  isTensor(values) ? values.toNumbers() : Array.from(values as ArrayLike<number>, Number);

/** The least and greatest finite value; [0, 0] where there is none. */
export function finiteRange(values: ArrayLike<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return low <= high ? [low, high] : [0, 0];
}
