/** Gradients of the pools by a p-norm, against finite differences. */
import { test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import type { Attributes } from '../../onnx/graph.ts';
import { apply } from '../functions.ts';
import { checkGradient, normal, second, type Case } from '../testing.ts';
import type { Var } from '../var.ts';

const lp = (attributes: Attributes) => (x: Var) => apply('LpPool', [x], attributes);
const whole = (attributes: Attributes) => (x: Var) => apply('GlobalLpPool', [x], attributes);
const square = { kernel_shape: [2n, 2n] };
const x = normal([1, 2, 4, 5]);

test.each<Case>([
  ['LpPool', lp(square), [x]],
  ['LpPool, p = 1', lp({ ...square, p: 1n, strides: [1n, 2n] }), [x]],
  ['LpPool, p = 3, pads', lp({ ...square, p: 3n, pads: [1n, 0n, 0n, 1n] }), [x]],
  ['LpPool, dilations', lp({ ...square, dilations: [1n, 2n], strides: [2n, 1n] }), [x]],
  ['LpPool, same', lp({ kernel_shape: [3n], auto_pad: 'SAME_UPPER', strides: [2n] }), [normal([1, 1, 6])]],
  ['LpPool, ceil', lp({ kernel_shape: [3n], strides: [2n], ceil_mode: 1n }), [normal([1, 1, 6])]],
  ['LpPool twice', second(lp({ kernel_shape: [2n] })), [normal([1, 1, 3])]],
  ['GlobalLpPool', whole({}), [x]],
  ['GlobalLpPool, p = 1', whole({ p: 1n }), [normal([1, 2, 3])]],
  ['GlobalLpPool, p = 4', whole({ p: 4n }), [x]],
  ['GlobalLpPool of zeros', whole({}), [tensor([0, 0], [1, 1, 2])], { zero: true }],
])('%s', checkGradient);
