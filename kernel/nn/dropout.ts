/** Dropout: nothing in use; in training, `fit` gives it a mask for each step. */
import { ShapeError } from '../base/errors.ts';
import { tensor } from '../base/tensor.ts';
import type { Layer } from './scope.ts';

/**
 * In training each element is zero with probability `rate`, and the others are divided by 1 − rate, so that the mean
 * stays. Everywhere else y = x.
 * @throws ShapeError where the rate is not a share
 * @see https://jmlr.org/papers/v15/srivastava14a.html
 * @example nn.sequential(nn.linear('hidden', { features: 64 }), nn.relu('active'), nn.dropout('drop', { rate: 0.2 }))
 */
export const dropout =
  (name: string, { rate = 0.1 }: { rate?: number } = {}): Layer =>
  (x, scope) => {
    if (!(rate >= 0 && rate < 1)) throw new ShapeError(`${name}: rate ${rate}; expected from 0 to below 1`);
    return scope.site(name, 'Dropout', [x, scope.trace.constant(tensor([rate], []))]);
  };
