/** Gradients of the ops that order and add up along an axis, against finite differences; and what folds. */
import { expect, test } from 'vitest';
import { ComputedError } from '../../base/errors.ts';
import { tensor } from '../../base/tensor.ts';
import type { Attributes } from '../../onnx/graph.ts';
import { apply, constant, int64s, mul } from '../functions.ts';
import { checkGradient, normal, second, type Case } from '../testing.ts';
import { Trace } from '../trace.ts';
import type { Var } from '../var.ts';

const x = normal([2, 3, 4]);
const top =
  (k: number, attributes: Attributes = {}) =>
  (v: Var) =>
    v.trace.apply('TopK', [v, int64s(v.trace, [k])], attributes, { outputs: 2 })[0];
const cumulated =
  (axis: number, attributes: Attributes = {}) =>
  (v: Var) =>
    apply('CumSum', [v, constant(v.trace, tensor([BigInt(axis)], []))], attributes);
const hot =
  (attributes: Attributes = {}) =>
  (values: Var, indices: Var) =>
    apply('OneHot', [indices, constant(indices.trace, tensor([3n], [])), values], attributes);
const bits = (like: Var, values: boolean[]) => constant(like.trace, tensor(values));

test.each<Case>([
  ['TopK', top(2), [x]],
  ['TopK, smallest, axis 1, unsorted', top(2, { axis: 1n, largest: 0n, sorted: 0n }), [x]],
  ['TopK of a square, twice', second(v => top(1)(mul(v, v))), [normal([2, 3])]],
  ['CumSum', cumulated(1), [x]],
  ['CumSum, exclusive', cumulated(-1, { exclusive: 1n }), [x]],
  ['CumSum, reverse', cumulated(0, { reverse: 1n }), [x]],
  ['CumSum, both', cumulated(2, { reverse: 1n, exclusive: 1n }), [x]],
  ['CumSum of a square, twice', second(v => cumulated(0)(mul(v, v))), [normal([4])]],
  ['OneHot', hot(), [normal([2]), tensor([0n, 2n, -1n, 7n], [2, 2])]],
  ['OneHot, axis 0', hot({ axis: 0n }), [normal([2]), tensor([0n, 2n])]],
  ['Compress', v => apply('Compress', [v, bits(v, [true, false, true])], { axis: 1n }), [x]],
  ['Compress all', v => apply('Compress', [v, bits(v, [false, true, true])]), [normal([2, 3])]],
  ['Hardmax', v => apply('Hardmax', [v]), [normal([2, 3])], { zero: true }],
])('%s', checkGradient);

test.each<[string, (like: Var) => Var, unknown]>([
  [
    'CumSum',
    like => cumulated(1)(like),
    [
      [1, 3, 6],
      [4, 9, 15],
    ],
  ],
  [
    'CumSum from behind, exclusive',
    like => cumulated(-1, { reverse: 1n, exclusive: 1n })(like),
    [
      [5, 3, 0],
      [11, 6, 0],
    ],
  ],
  [
    'NonZero',
    like => apply('NonZero', [apply('Greater', [like, constant(like.trace, tensor([4n], []))])]),
    [
      [1, 1],
      [1, 2],
    ],
  ],
])('%s of constants is folded', (_, build, expected) => {
  const trace = new Trace();
  const made = build(constant(trace, tensor([1n, 2n, 3n, 4n, 5n, 6n], [2, 3])));
  expect([made.value?.toArray(), trace.steps.length]).toEqual([expected, 0]);
});

test('a size that depends on data is refused', () => {
  const data = new Trace().input('x', 'float32', [2, 3]);
  expect(() => apply('NonZero', [data])).toThrow(
    new ComputedError(
      "NonZero at NonZero: the size of NonZero's output depends on its values; it needs its inputs to be constant (inputs 2×3)",
    ),
  );
});

test('more than there are is refused', () => {
  expect(() => top(5)(new Trace().input('x', 'float32', [2, 3]))).toThrow(
    'k is 5 for axis 1 of 2×3; expected at most 3',
  );
});
