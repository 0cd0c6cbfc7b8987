/** Gradients of the convolutions against finite differences, and the nodes they are made of. */
import { expect, test } from 'vitest';
import { conv, convTranspose, type ConvOptions } from '../functions-spatial.ts';
import { apply, constant, mul } from '../functions.ts';
import { gradients } from '../grad.ts';
import { checkGradient, normal, second, type Case } from '../testing.ts';
import { Trace } from '../trace.ts';
import type { Var } from '../var.ts';

const x = (...dims: number[]) => normal(dims, 'x');
const w = (...dims: number[]) => normal(dims, 'w');
const b = (...dims: number[]) => normal(dims, 'b');

const by = (options: ConvOptions) => (x: Var, w: Var, b?: Var) => conv(x, w, b, options);
const back =
  (options: ConvOptions & { outputPadding?: number | readonly number[] }) => (x: Var, w: Var, b?: Var) =>
    convTranspose(x, w, b, options);
/** With weights that are part of the graph: the input gradient then takes the turned kernels. */
const fixed =
  (dims: readonly number[], options: ConvOptions = {}) =>
  (x: Var) =>
    conv(x, constant(x.trace, normal(dims, 'w')), undefined, options);
const auto = (op: string, attributes: Record<string, string | bigint[]>) => (x: Var, w: Var) =>
  apply(op, [x, w], attributes);

test.each<Case>([
  ['Conv', by({}), [x(2, 3, 5, 4), w(2, 3, 3, 2), b(2)]],
  ['Conv 1×1', by({}), [x(2, 3, 4, 4), w(2, 3, 1, 1), b(2)]],
  ['Conv 1×1, stride 2', by({ strides: 2 }), [x(2, 3, 5, 4), w(2, 3, 1, 1)]],
  ['Conv, stride that leaves a rest', by({ strides: [2, 3] }), [x(1, 2, 6, 9), w(2, 2, 3, 3), b(2)]],
  ['Conv, kernel shorter than its stride', by({ strides: 3 }), [x(1, 2, 8, 8), w(2, 2, 2, 2)]],
  ['Conv, dilations', by({ dilations: [2, 1] }), [x(1, 2, 6, 5), w(2, 2, 2, 3), b(2)]],
  ['Conv, dilations and strides', by({ dilations: 2, strides: 2 }), [x(1, 2, 8, 7), w(2, 2, 3, 2)]],
  ['Conv, pads', by({ pads: 1 }), [x(1, 2, 4, 4), w(2, 2, 3, 3), b(2)]],
  ['Conv, odd pads', by({ pads: [0, 2, 1, 3], strides: 2 }), [x(1, 2, 5, 4), w(2, 2, 3, 3)]],
  ['Conv, pads beyond the kernel', by({ pads: 2 }), [x(1, 2, 3, 3), w(2, 2, 2, 2)]],
  ['Conv, groups', by({ groups: 2, pads: 1 }), [x(2, 4, 4, 3), w(6, 2, 3, 3), b(6)]],
  ['Conv, depthwise', by({ groups: 3, pads: 1, strides: 2 }), [x(2, 3, 5, 5), w(3, 1, 3, 3), b(3)]],
  ['Conv, depthwise, two each', by({ groups: 3 }), [x(1, 3, 4, 4), w(6, 1, 2, 2)]],
  ['Conv, one axis', by({ pads: [1, 0], strides: 2 }), [x(2, 3, 7), w(2, 3, 3), b(2)]],
  ['Conv, one axis, long kernel', by({ strides: 7 }), [x(2, 1, 90), w(2, 1, 70)]],
  ['Conv, long kernel in groups', by({ groups: 2, dilations: 2, strides: 3 }), [x(2, 2, 140), w(4, 1, 66)]],
  ['Conv, three axes', by({ pads: 1, strides: [1, 2, 1] }), [x(1, 2, 3, 4, 3), w(2, 2, 2, 3, 2), b(2)]],
  ['Conv, many channels', by({ pads: 1 }), [x(1, 16, 3, 3), w(2, 16, 3, 3)]],
  [
    'Conv, SAME_UPPER',
    auto('Conv', { auto_pad: 'SAME_UPPER', strides: [2n, 3n] }),
    [x(1, 2, 5, 6), w(2, 2, 2, 4)],
  ],
  [
    'Conv, SAME_LOWER',
    auto('Conv', { auto_pad: 'SAME_LOWER', strides: [2n, 1n] }),
    [x(1, 2, 5, 6), w(2, 2, 2, 4)],
  ],
  ['Conv, VALID', auto('Conv', { auto_pad: 'VALID' }), [x(1, 2, 4, 4), w(2, 2, 3, 3)]],
  ['Conv, fixed weights', fixed([8, 8, 3, 3], { pads: 1 }), [x(1, 8, 4, 4)]],
  ['Conv, fixed weights 1×1', fixed([8, 8, 1, 1]), [x(1, 8, 3, 3)]],
  ['Conv, fixed weights, odd pads', fixed([8, 8, 3, 2], { pads: [0, 1, 2, 0] }), [x(1, 8, 4, 4)]],
  ['Conv, fixed weights, dilations', fixed([8, 8, 3, 3], { pads: 1, dilations: 2 }), [x(1, 8, 5, 5)]],
  ['Conv, fixed weights, groups', fixed([16, 8, 3, 3], { groups: 2 }), [x(1, 16, 3, 4)]],
  ['Conv, fixed weights, depthwise', fixed([3, 1, 3, 3], { groups: 3, pads: 1 }), [x(1, 3, 4, 4)]],
  ['Conv, fixed weights, stride', fixed([8, 8, 3, 3], { strides: 2 }), [x(1, 8, 6, 5)]],
  ['Conv, fixed weights, pads beyond the kernel', fixed([8, 8, 2, 2], { pads: 2 }), [x(1, 8, 3, 3)]],
  ['ConvTranspose', back({}), [x(2, 3, 3, 4), w(3, 2, 3, 2), b(2)]],
  ['ConvTranspose, stride', back({ strides: [2, 3] }), [x(2, 3, 3, 2), w(3, 2, 2, 4), b(2)]],
  ['ConvTranspose, odd pads', back({ strides: 2, pads: [0, 1, 2, 1] }), [x(1, 2, 3, 4), w(2, 2, 3, 3)]],
  [
    'ConvTranspose, output padding',
    back({ strides: 3, outputPadding: [1, 2] }),
    [x(1, 2, 3, 2), w(2, 2, 2, 3)],
  ],
  ['ConvTranspose, dilations', back({ dilations: 2, pads: 1 }), [x(1, 2, 3, 3), w(2, 2, 2, 3)]],
  ['ConvTranspose, groups', back({ groups: 2, strides: 2 }), [x(2, 4, 3, 2), w(4, 3, 2, 2), b(6)]],
  ['ConvTranspose, depthwise', back({ groups: 3, pads: 1 }), [x(1, 3, 4, 4), w(3, 1, 3, 3), b(3)]],
  ['ConvTranspose, one axis', back({ strides: 2 }), [x(2, 3, 4), w(3, 2, 3), b(2)]],
  ['ConvTranspose, three axes', back({ strides: [1, 2, 1] }), [x(1, 2, 2, 2, 3), w(2, 2, 2, 3, 2), b(2)]],
  [
    'ConvTranspose, SAME_UPPER',
    auto('ConvTranspose', { auto_pad: 'SAME_UPPER', strides: [2n, 3n] }),
    [x(1, 2, 3, 2), w(2, 2, 3, 4)],
  ],
  [
    'ConvTranspose, SAME_LOWER',
    auto('ConvTranspose', { auto_pad: 'SAME_LOWER', strides: [2n, 3n] }),
    [x(1, 2, 3, 2), w(2, 2, 3, 4)],
  ],
  [
    'ConvTranspose, output_shape',
    auto('ConvTranspose', { output_shape: [5n, 4n], strides: [2n, 2n] }),
    [x(1, 2, 3, 2), w(2, 2, 4, 3)],
  ],
  ['ConvTranspose, output_shape, SAME_UPPER', auto('ConvTranspose', { output_shape: [5n, 4n], strides: [2n, 2n], auto_pad: 'SAME_UPPER' }), [x(1, 2, 3, 2), w(2, 2, 4, 3)]], // prettier-ignore
  [
    'ConvTranspose, output_shape with a rest',
    auto('ConvTranspose', { output_shape: [10n, 8n], strides: [3n, 2n] }),
    [x(1, 1, 3, 3), w(1, 2, 3, 3)],
  ],
  ['Conv twice', second(by({})), [x(1, 2, 4, 3), w(2, 2, 2, 2)]],
  [
    'Conv twice, stride, pads, groups',
    second(by({ strides: 2, pads: 1, groups: 2 })),
    [x(1, 2, 4, 5), w(2, 1, 3, 3)],
  ],
  ['Conv twice, many channels', second(by({})), [x(1, 16, 3, 2), w(1, 16, 2, 2)]],
  ['Conv twice, long kernel', second(by({ strides: 5 })), [x(1, 1, 71), w(1, 1, 66)]],
  ['Conv of its square twice, fixed weights', second(x => fixed([8, 8, 2, 2])(mul(x, x))), [x(1, 8, 3, 2)]],
  ['ConvTranspose twice', second(back({ strides: 2, outputPadding: 1 })), [x(1, 2, 2, 3), w(2, 2, 3, 2)]],
])('%s', checkGradient);

/** The ops that the gradient with respect to x and w adds to a convolution. */
function steps(xDims: number[], wDims: number[], options: ConvOptions, fixedWeights = false): string[] {
  const trace = new Trace();
  const x = trace.input('x', 'float32', xDims);
  const w = fixedWeights ? trace.constant(normal(wDims)) : trace.input('w', 'float32', wDims);
  const y = conv(x, w, undefined, options);
  const seed = trace.input('dy', 'float32', y.dims);
  gradients(trace, y, fixedWeights ? [x] : [x, w], seed);
  return trace.steps.slice(1).map(({ node, outputs }) => `${node.op} ${outputs[0].dims.join('×')}`);
}

test('with fixed weights and stride 1 the input gradient is a convolution', () => {
  expect(steps([1, 8, 9, 9], [16, 8, 3, 3], { pads: 1 }, true)).toMatchInlineSnapshot(`
    [
      "Conv 1×8×9×9",
    ]
  `);
});

test('few channels: one product over all taps', () => {
  expect(steps([4, 3, 5, 5], [16, 3, 2, 2], {})).toMatchInlineSnapshot(`
    [
      "ConvTranspose 4×3×5×5",
      "Slice 4×3×4×4",
      "Slice 4×3×4×4",
      "Slice 4×3×4×4",
      "Slice 4×3×4×4",
      "Reshape 4×1×16×16",
      "Reshape 4×1×1×3×16",
      "Reshape 4×1×1×3×16",
      "Reshape 4×1×1×3×16",
      "Reshape 4×1×1×3×16",
      "Concat 4×1×4×3×16",
      "Reshape 4×1×12×16",
      "FusedMatMul 4×1×12×16",
      "ReduceSum 1×12×16",
      "Reshape 1×4×3×16",
      "Transpose 1×16×3×4",
      "Reshape 16×3×2×2",
    ]
  `);
});
