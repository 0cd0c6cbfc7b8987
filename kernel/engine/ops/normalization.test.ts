/** Gradients of the normalizations by channels against finite differences. */
import { expect, test } from 'vitest';
import { batchNorm } from '../functions-spatial.ts';
import { apply } from '../functions.ts';
import { gradients } from '../grad.ts';
import { checkGradient, normal, second, uniform, type Case } from '../testing.ts';
import { Trace } from '../trace.ts';

const perChannel = [
  normal([3], 'scale'),
  normal([3], 'bias'),
  normal([3], 'mean'),
  uniform([3], 0.5, 2, 'v'),
];

test.each<Case>([
  [
    'BatchNormalization',
    (...all) => batchNorm(all[0], all[1], all[2], all[3], all[4]),
    [normal([2, 3, 2, 2]), ...perChannel],
  ],
  [
    'BatchNormalization of rows',
    (x, s, b, m, v) => batchNorm(x, s, b, m, v, 0.1),
    [normal([4, 3]), ...perChannel],
  ],
  [
    'BatchNormalization twice',
    second((x, s, b, m, v) => batchNorm(x, s, b, m, v)),
    [normal([2, 3, 2]), ...perChannel],
  ],
  ['LRN', x => apply('LRN', [x], { size: 3n, alpha: 0.9, beta: 0.6, bias: 1.5 }), [normal([2, 5, 2, 2])]],
  [
    'LRN, wider than half the channels',
    x => apply('LRN', [x], { size: 5n, alpha: 2, beta: 0.75 }),
    [normal([1, 6, 2, 1])],
  ],
  ['LRN twice', second(x => apply('LRN', [x], { size: 3n, alpha: 0.9 })), [normal([1, 3, 1, 2])]],
])('%s', checkGradient);

test('no gradient in training mode', () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [2, 3]);
  const others = perChannel.map(value => trace.constant(value));
  const y = apply('BatchNormalization', [x, ...others], { training_mode: 1n });
  expect(() => gradients(trace, y, [x], x)).toThrowErrorMatchingInlineSnapshot(
    `[OpError: no gradient for BatchNormalization in training mode at batchnormalization_1; export the model for inference]`,
  );
});

test('an even LRN is refused, as ONNX Runtime does', () => {
  const x = new Trace().input('x', 'float32', [1, 4, 2, 2]);
  expect(() => apply('LRN', [x], { size: 2n })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: LRN at LRN: size is 2; ONNX Runtime has LRN for odd sizes only (inputs 1×4×2×2)]`,
  );
});
