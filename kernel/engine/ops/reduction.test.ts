/** Gradients of the reductions against finite differences. */
import { test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import { apply, int64s, reduceMax, reduceMean, reduceMin, reduceSum } from '../functions.ts';
import { checkGradient, normal, second, uniform, type Case } from '../testing.ts';
import type { Var } from '../var.ts';

const x = normal([2, 3, 4]);
const positive = uniform([2, 3, 4], 0.5, 2);
const op = (name: string, axes: number[]) => (value: Var) =>
  apply(name, [value, int64s(value.trace, axes)], { keepdims: 0n });

test.each<Case>([
  ['ReduceSum of all', v => reduceSum(v), [x]],
  ['ReduceSum axes 0 and −1', v => reduceSum(v, [0, -1]), [x]],
  ['ReduceSum axis 1, kept', v => reduceSum(v, [1], true), [x]],
  ['ReduceMean of all', v => reduceMean(v), [x]],
  ['ReduceMean axis 1', v => reduceMean(v, [1]), [x]],
  ['ReduceMax of all', v => reduceMax(v), [x]],
  ['ReduceMax axes 0 and 2', v => reduceMax(v, [0, 2]), [x]],
  ['ReduceMin axis 1, kept', v => reduceMin(v, [1], true), [x]],
  // central differences see the mean of both sides at a tie of two: half each
  ['ReduceMax shares a tie', v => reduceMax(v, [1]), [tensor([3, 1, 3, 0, 2, 1], [2, 3])]],
  ['ReduceMin shares a tie', v => reduceMin(v), [tensor([1, 5, 1, 4])]],
  ['ReduceL1', op('ReduceL1', [1]), [x]],
  ['ReduceL2', op('ReduceL2', [1, 2]), [x]],
  ['ReduceL2 twice', second(op('ReduceL2', [1, 2])), [x]],
  ['ReduceProd', op('ReduceProd', [1]), [x]],
  ['ReduceProd of all', v => apply('ReduceProd', [v]), [normal([2, 3])]],
  ['ReduceProd with one 0, and with two', op('ReduceProd', [1]), [tensor([1, 0, 3, 0, 0, 2], [2, 3])]],
  ['ReduceProd twice', second(op('ReduceProd', [1])), [uniform([2, 3], 0.5, 2)]],
  ['ReduceSumSquare', op('ReduceSumSquare', [0]), [x]],
  ['ReduceLogSum', op('ReduceLogSum', [0, 2]), [positive]],
  ['ReduceLogSumExp', op('ReduceLogSumExp', [2]), [x]],
  ['ReduceLogSumExp twice', second(op('ReduceLogSumExp', [2])), [x]],
])('%s', checkGradient);
