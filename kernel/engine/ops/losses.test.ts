/** Gradients of exported losses against finite differences. */
import { test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import type { Attributes } from '../../onnx/graph.ts';
import { apply } from '../functions.ts';
import { checkGradient, normal, second, uniform, type Case } from '../testing.ts';
import type { Var } from '../var.ts';

const loss =
  (op: string, attributes: Attributes = {}) =>
  (scores: Var, targets: Var, weights?: Var) =>
    apply(op, [scores, targets, weights], attributes);
const entropy = (attributes?: Attributes) => loss('SoftmaxCrossEntropyLoss', attributes);
const likelihood = (attributes?: Attributes) => loss('NegativeLogLikelihoodLoss', attributes);
const [scores, targets] = [normal([3, 4]), tensor([1n, 3n, 1n])];
const weights = uniform([4], 0.5, 2);

test.each<Case>([
  ['NegativeLogLikelihoodLoss', likelihood(), [scores, targets]],
  [
    'NegativeLogLikelihoodLoss, weighted, each',
    likelihood({ reduction: 'none' }),
    [scores, targets, weights],
  ],
  ['SoftmaxCrossEntropyLoss', entropy(), [scores, targets]],
  ['SoftmaxCrossEntropyLoss, weighted', entropy(), [scores, targets, weights]],
  [
    'SoftmaxCrossEntropyLoss, sum, some ignored',
    entropy({ reduction: 'sum', ignore_index: 3n }),
    [scores, targets],
  ],
  [
    'SoftmaxCrossEntropyLoss, mean, some ignored',
    entropy({ ignore_index: -100n }),
    [scores, tensor([1n, -100n, 0n]), weights],
  ],
  ['SoftmaxCrossEntropyLoss of places', entropy(), [normal([2, 3, 2]), tensor([0n, 2n, 1n, 1n], [2, 2])]],
  [
    'SoftmaxCrossEntropyLoss with its logarithms',
    (x, t) => x.trace.apply('SoftmaxCrossEntropyLoss', [x, t], {}, { outputs: 2 }),
    [scores, targets],
  ],
  ['SoftmaxCrossEntropyLoss twice', second(entropy()), [scores, targets]],
])('%s', checkGradient);
