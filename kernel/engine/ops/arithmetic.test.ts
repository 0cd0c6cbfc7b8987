/** Gradients of the arithmetic ops against finite differences: broadcasting both ways, ties, exponents. */
import { test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import { add, apply, div, mul, neg, pow, sub } from '../functions.ts';
import { checkGradient, normal, second, uniform, type Case } from '../testing.ts';

const [row, column, matrix] = [normal([4]), normal([3, 1], 'column'), normal([3, 4], 'matrix')];
const positive = uniform([3, 4], 0.5, 2);
const signed = tensor([-1.5, -0.7, 0.6, 1.4], [4]);

test.each<Case>([
  ['Add', add, [matrix, normal([3, 4], 'b')]],
  ['Add row to matrix', add, [matrix, row]],
  ['Add matrix to column', add, [column, matrix]],
  ['Add column to row', add, [column, row]],
  ['Add scalar', add, [matrix, normal([])]],
  ['Sub matrix from row', sub, [row, matrix]],
  ['Sub column from row', sub, [column, row]],
  ['Mul column by row', mul, [column, row]],
  ['Mul scalar by matrix', mul, [normal([]), matrix]],
  ['Mul by itself', x => mul(x, x), [matrix]],
  ['Div row by column', div, [row, uniform([3, 1], 0.5, 2)]],
  ['Div matrix by row', div, [matrix, uniform([4], 0.5, 2)]],
  ['Div twice', second(div), [row, uniform([3, 1], 0.5, 2)]],
  ['Neg', neg, [matrix]],
  ['Identity', x => apply('Identity', [x]), [matrix]],
  ['Reciprocal', x => apply('Reciprocal', [x]), [positive]],
  ['Reciprocal twice', second(x => apply('Reciprocal', [x])), [positive]],
  [
    'Mod with the sign of a',
    (a, b) => apply('Mod', [a, b], { fmod: 1n }),
    [positive, uniform([4], 0.9, 1, 'b')],
  ],
  ['Mod with the sign of b', (a, b) => apply('Mod', [a, b]), [signed, tensor([0.9, -1, 1, -0.6])]],
  ['Pow of variables', pow, [positive, normal([4])]],
  ['Pow of variables twice', second(pow), [positive, normal([4])]],
  ['Pow 2 of negative numbers', x => pow(x, 2), [signed]],
  ['Pow 3', x => pow(x, 3), [signed]],
  ['Pow 4', x => pow(x, 4), [signed]],
  ['Pow −1', x => pow(x, -1), [signed]],
  ['Pow ½', x => pow(x, 0.5), [positive]],
  ['Pow 0', x => pow(x, 0), [signed], { zero: true }],
  ['Pow at 0: the slope of x² is 0', x => pow(x, 2), [tensor([0, 1])]],
  ['Pow by an int exponent', x => pow(x, x.trace.constant(tensor([2n], []))), [signed]],
  ['Pow twice', second(x => pow(x, 2.5)), [positive]],
  ['Sum of three', (a, b, c) => apply('Sum', [a, b, c]), [row, column, matrix]],
  ['Mean of three', (a, b, c) => apply('Mean', [a, b, c]), [row, column, matrix]],
  ['Max of two', (a, b) => apply('Max', [a, b]), [row, matrix]],
  ['Max of three', (a, b, c) => apply('Max', [a, b, c]), [row, column, matrix]],
  ['Min of two', (a, b) => apply('Min', [a, b]), [column, row]],
  // central differences see the mean of both sides at a tie: half each
  ['Max shares a tie', (a, b) => apply('Max', [a, b]), [tensor([1, 2]), tensor([1, 2])]],
  ['Min shares a tie', (a, b) => apply('Min', [a, b]), [tensor([1, 2]), tensor([1, 2])]],
])('%s', checkGradient);
