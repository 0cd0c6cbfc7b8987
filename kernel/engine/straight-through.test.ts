/** Gradients through quantized networks: refused, or straight through as PyTorch's fake quantization has them. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tensor, type Tensor } from '../base/tensor.ts';
import type { Attributes } from '../onnx/graph.ts';
import { apply, cast, constant, matmul, mul } from './functions.ts';
import { vjp } from './grad.ts';
import { overriding } from './override.ts';
import { straightThrough } from './straight-through.ts';
import { checkGradient, execute, normal, uniform, type Case } from './testing.ts';
import { Trace } from './trace.ts';
import type { Var } from './var.ts';

const int8 = (dims: number[], seed: string) =>
  tensor(Int8Array.from(uniform(dims, -128, 128, seed).toNumbers(), Math.floor), dims);
const dequantize = (attributes: Attributes, ...inputs: Tensor[]) =>
  [(...given: Var[]) => apply('DequantizeLinear', given, attributes), inputs] as const;
const positive = (...dims: number[]) => uniform(dims, 0.1, 1, 's');

test.each<Case>([
  ['DequantizeLinear', ...dequantize({}, int8([2, 3], 'q'), positive())],
  [
    'DequantizeLinear with a zero point',
    ...dequantize({}, int8([2, 3], 'q'), positive(), tensor(Int8Array.of(7), [])),
  ],
  [
    'DequantizeLinear per channel',
    ...dequantize({ axis: 0n }, int8([2, 3], 'q'), positive(2), int8([2], 'z')),
  ],
  [
    'DequantizeLinear in blocks',
    ...dequantize({ axis: 1n, block_size: 2n }, int8([2, 5], 'q'), positive(2, 3), int8([2, 3], 'z')),
  ],
])('%s', checkGradient);

/** ∂⟨dy, y⟩/∂x with every rounding gone straight through, and y. */
async function slopes(
  build: (x: Var) => Var,
  x: Tensor,
  at: (trace: Trace, x: Var) => Var[] = (_, v) => [v],
  seed?: Tensor,
) {
  const trace = new Trace();
  const given = trace.input('x', x.dtype, x.dims);
  const y = build(given);
  const dy = constant(trace, seed ?? normal(y.dims, 'dy'));
  const overrides = straightThrough({ nodes: trace.steps.map(({ node }) => node) });
  const found = overriding(trace, overrides, () => vjp(trace, [y], at(trace, given), [dy]));
  const named = Object.fromEntries(found.map((value, i) => [`d${i}`, value]));
  return execute(trace.graph({ y, ...named }), { x });
}
const close = (received: Tensor, expected: readonly number[], tolerance = 1e-5) => {
  const scale = Math.max(...expected.map(Math.abs));
  received
    .toNumbers()
    .forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(tolerance * scale));
};

// made by ops/fixtures/quantization.py
const reference = JSON.parse(
  readFileSync(new URL('./ops/fixtures/quantization.json', import.meta.url), 'utf8'),
) as {
  x: number[];
  dy: number[];
  cases: {
    name: string;
    scale: number[];
    zero: number[];
    axis: number | null;
    y: number[];
    dx: number[];
    ds: number[];
  }[];
};

test.each(reference.cases.map(item => [item.name, item] as const))(
  'PyTorch: %s',
  async (_name, { scale, zero, axis, ...expected }) => {
    let step: Var;
    const made = await slopes(
      x => {
        const { trace } = x;
        step = constant(trace, tensor(scale, axis === null ? [] : [scale.length]));
        const at = constant(trace, tensor(Int8Array.from(zero), step.dims));
        const attributes: Attributes = axis === null ? {} : { axis: BigInt(axis) };
        return apply(
          'DequantizeLinear',
          [apply('QuantizeLinear', [x, step, at], attributes), step, at],
          attributes,
        );
      },
      tensor(reference.x, [3, 4]),
      (_trace, x) => [x, step],
      tensor(reference.dy, [3, 4]),
    );
    close(made.y, expected.y);
    close(made.d0, expected.dx);
    close(made.d1, expected.ds);
  },
);

describe('the operators that compute in integers go back as the same network of floats', () => {
  const number = (trace: Var['trace'], value: number) => constant(trace, tensor([value], []));
  const whole = (trace: Var['trace'], value: number) => constant(trace, tensor(Uint8Array.of(value), []));
  const signed = (trace: Var['trace'], value: number) => constant(trace, tensor(Int8Array.of(value), []));
  const quantize = (x: Var, scale: Var, zero: Var) => apply('QuantizeLinear', [x, scale, zero]);
  const real = (q: Var, scale: Var, zero: Var) => apply('DequantizeLinear', [q, scale, zero]);

  test('MatMulInteger behind a dynamic quantization', async () => {
    const w = int8([4, 3], 'w');
    const made = await slopes(
      x => {
        const { trace } = x;
        const [q, scale, zero] = trace.apply('DynamicQuantizeLinear', [x], {}, { outputs: 3 });
        const product = apply('MatMulInteger', [q, constant(trace, w), zero, signed(trace, 2)]);
        return mul(cast(product, 'float32'), mul(scale, 0.01));
      },
      normal([2, 4], 'x'),
    );
    // ∂x = dy·(0.01·(w − 2))ᵀ
    const trace = new Trace();
    const [dy, weights] = [
      normal([2, 3], 'dy'),
      tensor(
        w.toNumbers().map(value => 0.01 * (value - 2)),
        [4, 3],
      ),
    ];
    const dx = apply('Gemm', [constant(trace, dy), constant(trace, weights)], { transB: 1n });
    const expected = await execute(trace.graph({ dx }), {});
    close(made.d0, expected.dx.toNumbers());
  });

  const geometry: Attributes = { pads: [1n, 1n, 1n, 1n], strides: [2n, 2n] };
  test.each<
    [
      string,
      number[],
      (x: Var, w: Var, scales: Var[], zeros: Var[]) => Var,
      (x: Var, w: Var) => Var,
      number[],
    ]
  >([
    [
      'QLinearMatMul',
      [2, 4],
      (q, w, [xs, ws, ys], [xz, wz, yz]) => apply('QLinearMatMul', [q, xs, xz, w, ws, wz, ys, yz]),
      matmul,
      [4, 3],
    ],
    [
      'QLinearConv',
      [1, 2, 4, 4],
      (q, w, [xs, ws, ys], [xz, wz, yz]) => apply('QLinearConv', [q, xs, xz, w, ws, wz, ys, yz], geometry),
      (x, w) => apply('Conv', [x, w], geometry),
      [3, 2, 3, 3],
    ],
  ])(
    '%s is its float op between QuantizeLinear and DequantizeLinear',
    async (_name, dims, fused, plain, weightDims) => {
      const scales = (trace: Var['trace']) => [0.03, 0.01, 0.05].map(value => number(trace, value));
      const w = int8(weightDims, 'w');
      const ways = [
        (x: Var) => {
          const { trace } = x;
          const [xs, ws, ys] = scales(trace);
          const zeros = [whole(trace, 120), signed(trace, 0), whole(trace, 100)];
          const y = fused(quantize(x, xs, zeros[0]), constant(trace, w), [xs, ws, ys], zeros);
          return real(y, ys, zeros[2]);
        },
        (x: Var) => {
          const { trace } = x;
          const [xs, ws, ys] = scales(trace);
          const y = plain(
            real(quantize(x, xs, whole(trace, 120)), xs, whole(trace, 120)),
            real(constant(trace, w), ws, signed(trace, 0)),
          );
          return real(quantize(y, ys, whole(trace, 100)), ys, whole(trace, 100));
        },
      ];
      const [a, b] = await Promise.all(ways.map(way => slopes(way, normal(dims, 'x'))));
      close(a.y, b.y.toNumbers());
      close(a.d0, b.d0.toNumbers());
      expect(a.d0.toNumbers().some(value => value !== 0)).toBe(true);
    },
  );

  test('ConvInteger with its zero points', async () => {
    const w = int8([2, 1, 2, 2], 'w');
    const made = await slopes(
      x => {
        const { trace } = x;
        const [q, scale, zero] = trace.apply('DynamicQuantizeLinear', [x], {}, { outputs: 3 });
        return mul(
          cast(apply('ConvInteger', [q, constant(trace, w), zero, signed(trace, 1)]), 'float32'),
          scale,
        );
      },
      normal([1, 1, 3, 3], 'x'),
    );
    const trace = new Trace();
    const [dy, kernel] = [
      normal([1, 2, 2, 2], 'dy'),
      tensor(
        w.toNumbers().map(value => value - 1),
        [2, 1, 2, 2],
      ),
    ];
    const dx = apply('ConvTranspose', [constant(trace, dy), constant(trace, kernel)]);
    close(made.d0, (await execute(trace.graph({ dx }), {})).dx.toNumbers());
  });

  test('what only moves integers about is no obstacle', async () => {
    const made = await slopes(
      x => {
        const [scale, zero] = [number(x.trace, 0.1), whole(x.trace, 128)];
        const q = quantize(x, scale, zero);
        return real(apply('Transpose', [q], { perm: [1n, 0n] }), scale, zero);
      },
      normal([2, 3], 'x'),
      undefined,
      normal([3, 2], 'dy'),
    );
    const dy = normal([3, 2], 'dy').toNumbers();
    close(
      made.d0,
      [0, 2, 4, 1, 3, 5].map(i => dy[i]),
    );
  });
});

test.each(['QuantizeLinear', 'DynamicQuantizeLinear'])(
  'without being asked for, %s refuses, and says what to ask for',
  op => {
    const trace = new Trace();
    const x = trace.input('x', 'float32', [3]);
    const scale = constant(trace, tensor([0.1], []));
    const [q, s = scale] =
      op === 'QuantizeLinear' ? [apply(op, [x, scale])] : trace.apply(op, [x], {}, { outputs: 3 });
    const y = apply('DequantizeLinear', [q, s]);
    expect(() => vjp(trace, [y], [x], [y])).toThrow(
      `no gradient through ${op} at ${op.toLowerCase()}_1: rounding has no slope; pass override: ` +
        'straightThrough(model.graph) for a straight-through gradient, or take the gradient behind it',
    );
  },
);
