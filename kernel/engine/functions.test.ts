/** What the functions leave out, and what they fold: no node that changes nothing, exact 64-bit shape arithmetic. */
import { expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { add, apply, cast, div, fusedMatmul, greater, mul, pow, sub, sumTo, where } from './functions.ts';
import { Trace } from './trace.ts';
import type { Var } from './var.ts';

const x = (...dims: number[]) => new Trace().input('x', 'float32', dims);
const ones = (like: Var, ...dims: number[]) =>
  like.trace.constant(
    tensor(
      dims.reduce((a, b) => a * b, 1) === 1
        ? [1]
        : Array.from({ length: dims.reduce((a, b) => a * b) }, () => 1),
      dims,
    ),
  );

test.each<[string, (x: Var) => Var]>([
  ['x + 0', v => add(v, 0)],
  ['0 + x', v => add(0, v)],
  ['x − 0', v => sub(v, 0)],
  ['x·1', v => mul(v, 1)],
  ['1·x', v => mul(1, v)],
  ['x times a row of ones', v => mul(v, ones(v, 3))],
  ['x/1', v => div(v, 1)],
  ['x to the power 1', v => pow(v, 1)],
  ['x summed to its own dims', v => sumTo(v, [2, 3])],
])('%s makes no node', (_name, build) => {
  const v = x(2, 3);
  expect(build(v)).toBe(v);
});

test.each<[string, (x: Var) => Var, readonly number[]]>([
  ['0 − x', v => sub(0, v), [2, 3]],
  ['1/x', v => div(1, v), [2, 3]],
  ['ones that stretch x', v => mul(v, ones(v, 4, 1, 1)), [4, 2, 3]],
])('%s makes a node', (_name, build, dims) => {
  const v = x(2, 3);
  const made = build(v);
  expect(made).not.toBe(v);
  expect(made.dims).toEqual(dims);
});

const trace = new Trace();
const int64 = (...values: bigint[]) => trace.constant(tensor(BigInt64Array.from(values), [values.length]));
const huge = 2n ** 62n + 1n;

test.each<[string, Var, readonly (bigint | number)[]]>([
  ['sums beyond 2⁵³ are exact', add(int64(huge), int64(1n)), [huge + 1n]],
  ['division truncates', div(int64(7n, -7n), int64(2n)), [3n, -3n]],
  ['Mod takes the sign of the divisor', apply('Mod', [int64(-7n, 7n), int64(3n, -3n)]), [2n, -2n]],
  [
    'fmod takes the sign of the dividend',
    apply('Mod', [int64(-7n, 7n), int64(3n, -3n)], { fmod: 1n }),
    [-1n, 1n],
  ],
  ['Max of many', apply('Max', [int64(1n, huge), int64(2n), int64(0n, 3n)]), [2n, huge]],
  ['comparison', greater(int64(huge, 1n), int64(huge - 1n)), [1, 0]],
  ['Where stretches', where(greater(int64(2n, 0n), int64(1n)), int64(5n), int64(7n, 8n)), [5n, 8n]],
  ['Cast to float rounds', cast(int64(3n), 'float32'), [3]],
  ['Cast to int truncates', cast(trace.constant(tensor([-1.7, 2.9])), 'int64'), [-1n, 2n]],
  ['ReduceProd', apply('ReduceProd', [int64(2n, 3n, 4n)]), [24n]],
  ['Sign', apply('Sign', [int64(-7n, 0n, huge)]), [-1n, 0n, 1n]],
])('folding: %s', (_name, folded, expected) => {
  expect(Array.from(folded.value!.data as BigInt64Array)).toEqual(expected);
});

test('inner dims that differ are named', () => {
  const v = x(2, 3);
  expect(() => fusedMatmul(v, v)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: FusedMatMul at FusedMatMul: inner dims differ: 2×3 and 2×3 have 3 and 2; expected the same (inputs 2×3, 2×3)]`,
  );
  expect(() => apply('MatMul', [v, v])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: MatMul at MatMul: inner dims differ: 2×3 and 2×3 have 3 and 2; expected the same (inputs 2×3, 2×3)]`,
  );
});
