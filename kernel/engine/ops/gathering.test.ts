/** Gradients of the combining scatters and the batched gathers; the plain ones are in movement.test.ts. */
import { expect, test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import { apply, constant, mul } from '../functions.ts';
import { Trace } from '../trace.ts';
import { checkGradient, checkSlope, normal, second, uniform, type Case } from '../testing.ts';
import type { Var } from '../var.ts';

const index = (values: number[], dims: number[]) => tensor(BigInt64Array.from(values, BigInt), dims);
const at = (like: Var, values: number[], dims: number[]) => constant(like.trace, index(values, dims));
const elements = (reduction: string) => (x: Var, updates: Var) =>
  apply('ScatterElements', [x, at(x, [2, 2, -1, 0], [2, 2]), updates], { axis: 1n, reduction });
const rows = (reduction: string) => (x: Var, updates: Var) =>
  apply('ScatterND', [x, at(x, [1, 0], [2, 1]), updates], { reduction });
const batched = (x: Var) => apply('GatherND', [x, at(x, [1, 0, -1, 2], [2, 2, 1])], { batch_dims: 1n });
const [x, updates] = [uniform([2, 3], 0.5, 2), uniform([2, 2], 0.5, 2, 'u')];
const [table, lines] = [normal([3, 2]), normal([2, 2], 'u')];

test.each<Case>([
  ['ScatterElements, add', elements('add'), [x, updates]],
  ['ScatterElements, mul', elements('mul'), [x, updates]],
  ['ScatterElements, mul, twice', second(elements('mul')), [x, updates]],
  ['ScatterElements, mul with one 0', elements('mul'), [tensor([1, 2, 0, 4, 5, 6], [2, 3]), updates]],
  [
    'ScatterElements, mul with two 0',
    elements('mul'),
    [tensor([0, 2, 0, 4, 5, 6], [2, 3]), tensor([0, 2, 0, 3], [2, 2])],
  ],
  ['ScatterElements, max', elements('max'), [x, updates]],
  ['ScatterElements, min', elements('min'), [x, updates]],
  ['Scatter', (v, u) => apply('Scatter', [v, at(v, [2, 0], [1, 2]), u]), [table, normal([1, 2], 'u')]],
  ['ScatterND, mul', rows('mul'), [table, lines]],
  ['ScatterND, max', rows('max'), [table, lines]],
  ['ScatterND, min', rows('min'), [table, lines]],
  [
    'ScatterND, max of single elements',
    (v, u) => apply('ScatterND', [v, at(v, [0, 1, 2, -1], [2, 2]), u], { reduction: 'max' }),
    [table, normal([2], 'u')],
  ],
  ['GatherND, batched', batched, [normal([2, 3, 2])]],
  ['GatherND of squares, batched, twice', second(v => batched(mul(v, v))), [normal([2, 3])]],
])('%s', checkGradient);

test.each<[string, (x: Var) => Var, number, number]>([
  [
    'ScatterElements, max, shares a tie',
    v => apply('ScatterElements', [v, at(v, [0], [1]), constant(v.trace, tensor([2]))], { reduction: 'max' }),
    2,
    0.5,
  ],
])('%s', checkSlope);

test('of constants they are known beforehand: exporters write shapes with them', () => {
  const trace = new Trace();
  const shape = trace.constant(index([2, 3, 4], [3]));
  const last = trace.constant(index([-1, 0], [2]));
  const [read] = trace.apply('GatherElements', [shape, last]);
  expect(read.value!.toNumbers()).toEqual([4, 2]);
  const [written] = trace.apply('ScatterElements', [shape, last, trace.constant(index([-1, 7], [2]))]);
  expect(written.value!.toNumbers()).toEqual([7, 3, -1]);
  const table = trace.constant(index([1, 2, 3, 4, 5, 6], [2, 3]));
  const at = trace.constant(index([2, 0], [2, 1]));
  const [rows] = trace.apply('ScatterElements', [table, at, trace.constant(index([8, 9], [2, 1]))], {
    axis: 1n,
  });
  expect(rows.value!.toNumbers()).toEqual([1, 2, 8, 9, 5, 6]);
});
