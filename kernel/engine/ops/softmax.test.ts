/** Gradients of Softmax and LogSoftmax against finite differences. */
import { test } from 'vitest';
import { logSoftmax, softmax } from '../functions.ts';
import { checkGradient, normal, second, type Case } from '../testing.ts';

const x = normal([2, 3, 4]);

test.each<Case>([
  ['Softmax', v => softmax(v), [x]],
  ['Softmax axis 1', v => softmax(v, 1), [x]],
  ['Softmax twice', second(v => softmax(v)), [x]],
  ['LogSoftmax', v => logSoftmax(v), [x]],
  ['LogSoftmax axis 0', v => logSoftmax(v, 0), [x]],
  ['LogSoftmax twice', second(v => logSoftmax(v)), [x]],
])('%s', checkGradient);
