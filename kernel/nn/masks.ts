/** What attention may not see, as a summand of its scores: 0 where it may, −10⁹ where not, which softmax makes exactly 0. */
import { tensor } from '../base/tensor.ts';
import { int64s, sub } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import type { Scope } from './scope.ts';
import { lengthWith, positionsOf, range } from './sizes.ts';

const HIDDEN = -1e9;

/**
 * Hides later positions, and those `window` or more back: t × s, s = past + t. Made once for all layers.
 * @param x batch × position × features; @param past batch × heads × past × width
 * @example const layer: nn.Layer = (x, scope) => nn.attend(scope, 'a', x, { heads: 2, mask: nn.causalMask(scope, x) }).out;
 */
export function causalMask(scope: Scope, x: Var, past?: Var, window?: number): Var {
  const key = `causal mask ${x.dims[1]} behind ${past?.dims[2] ?? 0} window ${window ?? 'none'}`;
  return scope.shared(key, () => {
    const apply = (op: string, inputs: readonly Var[], attributes = {}) =>
      scope.inner('mask', op, inputs, attributes);
    const positions = positionsOf(scope, x, past);
    const column = apply('Reshape', [positions, int64s(scope.trace, [-1, 1])]);
    const row = range(scope, 0, lengthWith(scope, x, past));
    const later = apply('Greater', [row, column]);
    const hidden =
      window === undefined ? later : apply('Or', [later, apply('LessOrEqual', [row, sub(column, window)])]);
    return apply('Mul', [apply('Cast', [hidden], { to: 1n }), scope.trace.constant(tensor([HIDDEN], []))]);
  });
}

/**
 * Hides padding. @param mask int64 batch × s, 1 for real tokens and 0 for padding; the result is batch × 1 × 1 × s
 * @example const mask = nn.paddingMask(scope, inputs.mask);
 */
export function paddingMask(scope: Scope, mask: Var): Var {
  return scope.shared(`padding mask ${mask.name}`, () => {
    const apply = (op: string, inputs: readonly Var[], attributes = {}) =>
      scope.inner('mask', op, inputs, attributes);
    const real = apply('Cast', [apply('Unsqueeze', [mask, int64s(scope.trace, [1, 2])])], { to: 1n });
    const one = scope.trace.constant(tensor([1], []));
    return apply('Mul', [apply('Sub', [one, real]), scope.trace.constant(tensor([HIDDEN], []))]);
  });
}
