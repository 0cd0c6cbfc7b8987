/** Gradients of the ops that rearrange elements, against finite differences, and their folding. */
import { expect, test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import { apply, constant, int64s, mul } from '../functions.ts';
import { checkGradient, normal, second, type Case } from '../testing.ts';
import { Trace } from '../trace.ts';
import type { Var } from '../var.ts';

const x = normal([2, 3, 4]);
const triangle =
  (k?: number, upper = 1n) =>
  (value: Var) =>
    apply('Trilu', [value, k === undefined ? undefined : constant(value.trace, tensor([BigInt(k)], []))], {
      upper,
    });

test.each<Case>([
  ['Trilu', triangle(), [x]],
  ['Trilu, above the diagonal', triangle(1), [x]],
  ['Trilu, lower', triangle(undefined, 0n), [x]],
  ['Trilu, lower, below the diagonal', triangle(-1, 0n), [x]],
  ['Trilu of a square, twice', second(v => triangle()(mul(v, v))), [normal([3, 3])]],
  ['SpaceToDepth', v => apply('SpaceToDepth', [v], { blocksize: 2n }), [normal([1, 2, 4, 2])]],
  ['DepthToSpace', v => apply('DepthToSpace', [v], { blocksize: 2n }), [normal([1, 8, 1, 2])]],
  [
    'DepthToSpace, columns and rows',
    v => apply('DepthToSpace', [v], { blocksize: 2n, mode: 'CRD' }),
    [normal([2, 8, 1, 2])],
  ],
  [
    'SpaceToDepth of a square, twice',
    second(v => apply('SpaceToDepth', [mul(v, v)], { blocksize: 2n })),
    [normal([1, 1, 2, 2])],
  ],
  [
    'ReverseSequence',
    (v, lengths) => apply('ReverseSequence', [v, lengths], { time_axis: 0n, batch_axis: 1n }),
    [normal([4, 2, 2]), tensor([3n, 1n])],
  ],
  [
    'ReverseSequence of rows',
    (v, lengths) => apply('ReverseSequence', [v, lengths], { time_axis: 1n, batch_axis: 0n }),
    [normal([2, 4]), tensor([4n, 3n])],
  ],
  [
    'CenterCropPad',
    v => apply('CenterCropPad', [v, int64s(v.trace, [5, 2])], { axes: [0n, -1n] }),
    [normal([2, 3, 5])],
  ],
])('%s', checkGradient);

test.each<[string, (x: Var) => Var, unknown]>([
  [
    'Trilu',
    triangle(),
    [
      [1, 2, 3],
      [0, 5, 6],
    ],
  ],
  [
    'Trilu, lower',
    triangle(-1, 0n),
    [
      [0, 0, 0],
      [4, 0, 0],
    ],
  ],
])('%s of constants is folded', (_, build, expected) => {
  const trace = new Trace();
  const made = build(constant(trace, tensor([1n, 2n, 3n, 4n, 5n, 6n], [2, 3])));
  expect([made.value?.toArray(), trace.steps.length]).toEqual([expected, 0]);
});
