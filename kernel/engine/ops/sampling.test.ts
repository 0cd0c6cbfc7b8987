/** Gradients of reading images at computed places, against finite differences. */
import { test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import type { Attributes } from '../../onnx/graph.ts';
import { apply, int64s, mul, slice } from '../functions.ts';
import { checkGradient, normal, second, uniform, type Case } from '../testing.ts';
import type { Var } from '../var.ts';

const sample =
  (attributes: Attributes = {}) =>
  (x: Var, grid: Var) =>
    apply('GridSample', [x, grid], { mode: 'linear', ...attributes });
const image = normal([1, 2, 3, 4]);
/** Places inside and outside; none where neighbours change within a step. */
const grid = tensor(
  [-0.63, 0.21, 0.44, -0.13, 1.37, 0.52, -1.71, 1.23, 0.91, -2.4, 0.07, 0.83],
  [1, 2, 3, 2],
);
const within = uniform([1, 2, 2, 2], -0.9, 0.9);
const fold =
  (attributes: Attributes = {}) =>
  (x: Var) =>
    apply('Col2Im', [x, int64s(x.trace, [4, 5]), int64s(x.trace, [2, 2])], attributes);

test.each<Case>([
  ['GridSample', sample(), [image, grid]],
  ['GridSample, aligned', sample({ align_corners: 1n }), [image, grid]],
  ['GridSample, border', sample({ padding_mode: 'border' }), [image, grid]],
  ['GridSample, reflection', sample({ padding_mode: 'reflection' }), [image, grid]],
  [
    'GridSample, reflection, aligned',
    sample({ padding_mode: 'reflection', align_corners: 1n }),
    [image, grid],
  ],
  ['GridSample, nearest', sample({ mode: 'nearest' }), [image, grid]],
  ['GridSample, cubic', sample({ mode: 'cubic' }), [image, grid]],
  ['GridSample, cubic, border', sample({ mode: 'cubic', padding_mode: 'border' }), [image, within]],
  ['GridSample of a volume', sample(), [normal([1, 1, 2, 3, 2]), uniform([1, 1, 2, 2, 3], -0.9, 0.9)]],
  [
    'GridSample at places that the image itself gives',
    x => sample()(x, mul(slice(x, [0], [2], [3]), 0.3)),
    [normal([1, 2, 3, 4])],
  ],
  ['GridSample twice', second(sample()), [normal([1, 1, 3, 3]), uniform([1, 1, 2, 2], -0.9, 0.9)]],
  ['AffineGrid', t => apply('AffineGrid', [t, int64s(t.trace, [2, 1, 2, 3])]), [normal([2, 2, 3])]],
  [
    'AffineGrid of a volume, aligned',
    t => apply('AffineGrid', [t, int64s(t.trace, [1, 1, 2, 3, 2])], { align_corners: 1n }),
    [normal([1, 3, 4])],
  ],
  ['Col2Im', fold(), [normal([1, 8, 12])]],
  [
    'Col2Im, strides, pads, dilations',
    fold({ strides: [1n, 2n], pads: [1n, 0n, 1n, 1n], dilations: [2n, 1n] }),
    [normal([1, 4, 12])],
  ],
  ['Col2Im of squares, twice', second(x => fold()(mul(x, x))), [normal([1, 4, 12])]],
])('%s', checkGradient);
