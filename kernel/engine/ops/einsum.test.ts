/** Gradients of sums of products against finite differences. */
import { expect, test } from 'vitest';
import { apply } from '../functions.ts';
import { checkGradient, normal, second, type Case } from '../testing.ts';
import { Trace } from '../trace.ts';
import type { Var } from '../var.ts';

const einsum =
  (equation: string) =>
  (...inputs: Var[]) =>
    apply('Einsum', inputs, { equation });
const [a, b] = [normal([2, 3]), normal([3, 4], 'b')];

test.each<Case>([
  ['Einsum, a product of matrices', einsum('ij,jk->ik'), [a, b]],
  ['Einsum, no arrow', einsum('ij,jk'), [a, b]],
  ['Einsum, transposed', einsum('ij->ji'), [a]],
  ['Einsum, a sum', einsum('ij->j'), [a]],
  ['Einsum, a sum of all', einsum('ij->'), [a]],
  ['Einsum, an axis that only one has', einsum('ij,jk->i'), [a, b]],
  ['Einsum, a diagonal', einsum('ii->i'), [normal([3, 3])]],
  ['Einsum, a trace', einsum('ii'), [normal([3, 3])]],
  ['Einsum, a diagonal times a vector', einsum('iji,j->i'), [normal([2, 3, 2]), normal([3])]],
  ['Einsum, an outer product', einsum('i,j->ij'), [normal([2]), normal([3], 'b')]],
  ['Einsum, in batches', einsum('bij,bjk->bik'), [normal([2, 2, 3]), normal([2, 3, 2], 'b')]],
  ['Einsum, an ellipsis', einsum('...ij,...jk->...ik'), [normal([2, 2, 3]), normal([2, 3, 2], 'b')]],
  [
    'Einsum, an ellipsis that stretches',
    einsum('...ij,...jk->...ik'),
    [normal([2, 1, 3]), normal([1, 3, 2], 'b')],
  ],
  [
    'Einsum, ellipses of two lengths',
    einsum('...ij,jk...->ik...'),
    [normal([2, 1, 3]), normal([3, 2, 2], 'b')],
  ],
  ['Einsum, attention', einsum('bqhd,bkhd->bhqk'), [normal([1, 2, 2, 3]), normal([1, 3, 2, 3], 'b')]],
  ['Einsum, three operands', einsum('ij,jk,k->i'), [a, b, normal([4])]],
  ['Einsum twice', second(einsum('ij,jk->ik')), [normal([2, 2]), normal([2, 2], 'b')]],
])('%s', checkGradient);

test('one letter, two sizes', () => {
  const trace = new Trace();
  const [x, y] = [trace.input('x', 'float32', [2, 3]), trace.input('y', 'float32', [4, 2])];
  expect(() => einsum('ij,jk->ik')(x, y)).toThrow('axis j of ij,jk->ik is 3 and 4; expected one size');
});
