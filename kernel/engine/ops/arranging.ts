/** Ops that blank out or rearrange elements by their place: Trilu. */
import { ShapeError } from '../../base/errors.ts';
import { tensor } from '../../base/tensor.ts';
import { intOf } from '../attributes.ts';
import { apply } from '../functions.ts';
import type { Call, Op } from '../op.ts';
import { assemble } from './folding.ts';
import { need } from './makers.ts';

/** Whether place (row, column) stays, for a diagonal `k` above the main one. */
const stays = (call: Call, k: number): ((row: number, column: number) => boolean) =>
  intOf(call.attributes, 'upper', 1)
    ? (row, column) => column - row >= k
    : (row, column) => column - row <= k;

/** The upper or lower triangle of each matrix, zeros elsewhere: an attention mask. The gradient is cut likewise. */
export const Trilu: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    if (dims.length < 2) throw new ShapeError(`Trilu of ${dims.length} axes; expected matrices`);
    return [{ dtype, dims }];
  },
  fold(call) {
    const x = call.values[0]!;
    const zero = tensor([0], [], x.dtype);
    const kept = stays(call, Number(call.values[1]?.data[0] ?? 0));
    return [
      assemble([x, zero], x.dims, index => {
        const [row, column] = index.slice(-2);
        return kept(row, column) ? [0, index.reduce((flat, i, axis) => flat * x.dims[axis] + i, 0)] : [1, 0];
      }),
    ];
  },
  gradient: ({ dy, inputs, attributes }) => [() => apply('Trilu', [dy, inputs[1]], attributes)],
};
