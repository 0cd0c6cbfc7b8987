/** Gradients of Where and Cast against finite differences. */
import { test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import { apply, cast, greater, indicator, mul, where } from '../functions.ts';
import { checkGradient, normal, second, type Case } from '../testing.ts';

const mask = tensor([true, false, true, false, false, true], [2, 3]);

test.each<Case>([
  ['Where', (c, a, b) => where(c, a, b), [mask, normal([2, 3], 'a'), normal([2, 3], 'b')]],
  ['Where stretches its branches', (c, a, b) => where(c, a, b), [mask, normal([3]), normal([2, 1])]],
  [
    'Where stretches its condition',
    (c, a) => where(c, a, 0),
    [tensor([true, false], [2, 1]), normal([2, 3])],
  ],
  ['Where twice', second((c, a, b) => where(c, mul(a, a), b)), [mask, normal([2, 3]), normal([3])]],
  ['Cast to float64 and back', x => cast(cast(mul(x, x), 'float64'), x.dtype), [normal([4])]],
  ['CastLike', (x, y) => apply('CastLike', [mul(x, x), y]), [normal([4]), normal([1])]],
  ['comparisons stop the gradient', x => mul(x, indicator(greater(x, 0), x)), [normal([6])]],
])('%s', checkGradient);
