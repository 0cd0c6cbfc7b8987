/** Gradients of the pools against finite differences; which of equal maxima is told the gradient. */
import { expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { sizeOf } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import { averagePool, globalAveragePool, maxPool, type PoolOptions } from '../functions-spatial.ts';
import { apply, mul } from '../functions.ts';
import { gradients } from '../grad.ts';
import { checkGradient, execute, normal, second, type Case } from '../testing.ts';
import { Trace } from '../trace.ts';
import type { Var } from '../var.ts';

const x = (...dims: number[]) => normal(dims, 'x');

/** All values far apart: no difference step changes which is the largest. */
function apart(...dims: number[]) {
  const values = Array.from({ length: sizeOf(dims) }, (_, i) => i / 4);
  const random = rng(dims.join());
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random.between(0, i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
  return tensor(values, dims);
}

const max = (kernel: number | number[], options?: PoolOptions) => (x: Var) => maxPool(x, kernel, options);
const mean = (kernel: number | number[], options?: PoolOptions & { countPadding?: boolean }) => (x: Var) =>
  averagePool(x, kernel, options);
const auto = (op: string, auto_pad: string) => (x: Var) =>
  apply(op, [x], { kernel_shape: [3n, 2n], strides: [2n, 2n], auto_pad });

/** Four numbers written into a 4×4. */
const unpooled = (x: Var) => {
  const places = x.trace.constant(tensor([5n, 2n, 8n, 15n], [1, 1, 2, 2]));
  return apply('MaxUnpool', [x, places], { kernel_shape: [2n, 2n], strides: [2n, 2n] });
};

test.each<Case>([
  ['MaxPool', max(2), [apart(2, 3, 4, 4)]],
  ['MaxPool, windows that overlap', max(3, { strides: 2 }), [apart(2, 2, 7, 7)]],
  ['MaxPool, stride 1', max([3, 2], { strides: 1, pads: [1, 0] }), [apart(1, 2, 4, 4)]],
  ['MaxPool, stride over the kernel', max(2, { strides: 3 }), [apart(1, 2, 7, 8)]],
  ['MaxPool, ceil', max(3, { strides: 2, ceil: true }), [apart(1, 2, 6, 8)]],
  ['MaxPool, ceil, no overlap', max(2, { ceil: true }), [apart(1, 2, 5, 5)]],
  [
    'MaxPool, ceil, last window in the padding',
    max(2, { strides: 3, pads: 1, ceil: true }),
    [apart(1, 2, 5, 6)],
  ],
  ['MaxPool, odd pads', max(3, { strides: 2, pads: [0, 1, 2, 1] }), [apart(1, 2, 5, 4)]],
  ['MaxPool, dilations', max(2, { strides: 1, dilations: [2, 1] }), [apart(1, 2, 5, 4)]],
  ['MaxPool, dilations, stride as the kernel', max(2, { dilations: 2 }), [apart(1, 2, 7, 7)]],
  ['MaxPool, SAME_UPPER', auto('MaxPool', 'SAME_UPPER'), [apart(1, 2, 5, 5)]],
  ['MaxPool, SAME_LOWER', auto('MaxPool', 'SAME_LOWER'), [apart(1, 2, 5, 5)]],
  ['MaxPool, VALID', auto('MaxPool', 'VALID'), [apart(1, 2, 5, 5)]],
  ['MaxPool, one axis', max(3, { strides: 2 }), [apart(2, 2, 9)]],
  ['MaxPool, three axes', max(2, { strides: 1 }), [apart(1, 2, 3, 3, 3)]],
  ['MaxPool of a square twice', second(x => max(2)(mul(x, x))), [apart(1, 1, 4, 4)]],
  ['MaxPool of a square twice, overlap', second(x => max(2, { strides: 1 })(mul(x, x))), [apart(1, 1, 3, 3)]],
  ['AveragePool', mean(2), [x(2, 3, 4, 4)]],
  ['AveragePool, windows that overlap', mean(3, { strides: 2 }), [x(2, 2, 7, 5)]],
  ['AveragePool, odd pads', mean(3, { strides: 2, pads: [0, 1, 2, 1] }), [x(1, 2, 5, 4)]],
  [
    'AveragePool, pads counted',
    mean(3, { strides: 2, pads: [0, 1, 2, 1], countPadding: true }),
    [x(1, 2, 5, 4)],
  ],
  ['AveragePool, ceil', mean([2, 3], { strides: 2, ceil: true }), [x(1, 2, 5, 6)]],
  [
    'AveragePool, ceil, pads counted',
    mean([2, 3], { strides: 2, pads: [0, 1], ceil: true, countPadding: true }),
    [x(1, 2, 5, 6)],
  ],
  ['AveragePool, dilations', mean(2, { strides: 1, dilations: [2, 1] }), [x(1, 2, 5, 4)]],
  ['AveragePool, SAME_UPPER', auto('AveragePool', 'SAME_UPPER'), [x(1, 2, 5, 5)]],
  ['AveragePool, SAME_LOWER', auto('AveragePool', 'SAME_LOWER'), [x(1, 2, 5, 5)]],
  ['AveragePool, one axis', mean(3, { strides: 2 }), [x(2, 2, 9)]],
  ['AveragePool, three axes', mean([1, 2, 2], { strides: [1, 2, 1] }), [x(1, 2, 2, 4, 3)]],
  ['AveragePool of a square twice', second(x => mean(2, { strides: 1 })(mul(x, x))), [x(1, 1, 3, 3)]],
  ['GlobalAveragePool', globalAveragePool, [x(2, 3, 4, 5)]],
  ['GlobalAveragePool, one axis', globalAveragePool, [x(2, 3, 4)]],
  ['GlobalMaxPool', x => apply('GlobalMaxPool', [x]), [apart(2, 3, 4, 3)]],
  ['GlobalMaxPool, one axis', x => apply('GlobalMaxPool', [x]), [apart(2, 3, 4)]],
  ['MaxUnpool', unpooled, [normal([1, 1, 2, 2])]],
])('%s', checkGradient);

test.each([
  // equal maxima at 1, 3 and 6 of a 3×3 window: the first in scan order
  [max(3), [0, 2, 0, 2, 1, 1, 2, 0, 1], [0, 1, 0, 0, 0, 0, 0, 0, 0]],
  [max(2, { strides: 1 }), [0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 0, 1, 1, 0, 0, 0, 0]],
  [max(3, { pads: 1, strides: 3 }), [5, 5, 0, 5, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0]],
  [(x: Var) => apply('GlobalMaxPool', [x]), [1, 3, 3, 3, 3, 3, 3, 3, 3], [0, 1, 0, 0, 0, 0, 0, 0, 0]],
])('of equal maxima the first gets the whole gradient (%#)', async (build, values, expected) => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [1, 1, 3, 3]);
  const y = build(x);
  const ones = trace.constant(tensor(new Float32Array(sizeOf(y.dims)).fill(1), y.dims));
  const [dx] = gradients(trace, y, [x], ones);
  const results = await execute(trace.graph({ dx }), { x: tensor(values, [1, 1, 3, 3]) });
  expect(results.dx.toNumbers()).toEqual(expected);
});
