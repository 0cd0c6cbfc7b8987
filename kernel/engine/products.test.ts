/** Products with Jacobians and Hessians of small functions: against finite differences, and as the graphs they are. */
import { expect, test } from 'vitest';
import { tensor, type Tensor } from '../base/tensor.ts';
import {
  cast,
  exp,
  gather,
  greater,
  matmul,
  mul,
  reduceSum,
  relu,
  reshape,
  softmax,
  tanh,
} from './functions.ts';
import { conv, maxPool } from './functions-spatial.ts';
import { vjp } from './grad.ts';
import { override, overriding } from './override.ts';
import { hvp, jvp } from './products.ts';
import { execute, normal, uniform } from './testing.ts';
import { Trace } from './trace.ts';
import type { Var } from './var.ts';

type Build = (x: Var, w: Var) => readonly Var[];

const printed = (trace: Trace, outputs: Readonly<Record<string, Var>>) =>
  trace.graph(outputs).nodes.map(({ op, inputs, outputs }) => `${outputs} = ${op}(${inputs})`);

/** Four numbers as a picture. */
const square = (x: Var) => reshape(x, [1, 1, 2, 2]);

const moved = (x: Tensor, v: Tensor, step: number): Tensor =>
  tensor(
    x.toNumbers().map((value, i) => value + step * v.toNumbers()[i]),
    x.dims,
  );

test.each<[string, Build, readonly number[], readonly number[]]>([
  ['a matrix product', (x, w) => [matmul(x, w)], [2, 3], [3, 2]],
  ['two results, one for each input', (x, w) => [tanh(x), exp(w)], [3], [2]],
  ['softmax', (x, w) => [softmax(mul(x, w))], [2, 4], [4]],
  ['a convolution', (x, w) => [conv(x, w, undefined, { strides: 2, pads: 1 })], [1, 2, 5, 5], [3, 2, 3, 3]],
  ['a pooled convolution', (x, w) => [maxPool(conv(x, w), 2)], [1, 1, 5, 5], [1, 1, 2, 2]],
  [
    'rows read twice',
    (x, w) => [mul(gather(x, x.trace.constant(tensor([1n, 0n, 1n], [3]))), w)],
    [2, 2],
    [2],
  ],
])('jvp of %s is what a small step does', async (name, build, xDims, wDims) => {
  const trace = new Trace();
  const [x, w, v, u] = [xDims, wDims, xDims, wDims].map((dims, i) => trace.input('xwvu'[i], 'float32', dims));
  const results = build(x, w);
  const pushed = jvp(trace, results, [x, w], [v, u]);
  const feeds = {
    x: uniform(xDims, 0.5, 1.5, name),
    w: uniform(wDims, -1, 1, name),
    v: normal(xDims, 'v'),
    u: normal(wDims, 'u'),
  };
  const dys = await execute(trace.graph(Object.fromEntries(pushed.map((dy, i) => [`dy${i}`, dy]))), feeds);
  const forward = trace.graph(Object.fromEntries(results.map((y, i) => [`y${i}`, y])));
  const at = (step: number) =>
    execute(forward, { x: moved(feeds.x, feeds.v, step), w: moved(feeds.w, feeds.u, step) });
  const step = 2 ** -8;
  const [ahead, behind] = [await at(step), await at(-step)];
  results.forEach((y, i) => {
    const received = dys[`dy${i}`];
    expect(received.dims).toEqual(y.dims);
    const expected = ahead[`y${i}`]
      .toNumbers()
      .map((value, k) => (value - behind[`y${i}`].toNumbers()[k]) / (2 * step));
    const scale = Math.max(...expected.map(Math.abs));
    expect(scale).toBeGreaterThan(0.01);
    received
      .toNumbers()
      .forEach((value, k) => expect(Math.abs(value - expected[k]) / scale).toBeLessThan(2e-3));
  });
});

test('jvp is the graph that a forward rule would have built', () => {
  const trace = new Trace();
  const [x, w, v] = [
    [2, 3],
    [3, 2],
    [2, 3],
  ].map((dims, i) => trace.input('xwv'[i], 'float32', dims));
  const [dy] = jvp(trace, [tanh(matmul(x, w))], [x], [v]);
  expect(printed(trace, { dy })).toMatchInlineSnapshot(`
    [
      "matmul_1 = MatMul(x,w)",
      "tanh_1 = Tanh(matmul_1)",
      "mul_1 = Mul(tanh_1,tanh_1)",
      "sub_1 = Sub(const_1,mul_1)",
      "gemm_2 = Gemm(v,w)",
      "mul_3 = Mul(gemm_2,sub_1)",
      "dy = Identity(mul_3)",
    ]
  `);
});

test('hvp of a quartic: f = Σ x⁴/12, H = diag(x²)', async () => {
  const trace = new Trace();
  const [x, v] = [trace.input('x', 'float32', [3]), trace.input('v', 'float32', [3])];
  const square = mul(x, x);
  const [hv] = hvp(trace, mul(reduceSum(mul(square, square)), 1 / 12), [x], [v]);
  const made = await execute(trace.graph({ hv }), { x: tensor([1, 2, -3]), v: tensor([1, 10, 100]) });
  made.hv.toNumbers().forEach((value, i) => expect(value).toBeCloseTo([1, 40, 900][i], 3));
});

test('hvp spans several values: f = Σ a·b, H·(u, v) = (v, u)', async () => {
  const trace = new Trace();
  const [a, b, u, v] = [...'abuv'].map(name => trace.input(name, 'float32', [2]));
  const [ha, hb] = hvp(trace, reduceSum(mul(a, b)), [a, b], [u, v]);
  const made = await execute(trace.graph({ ha, hb }), { u: tensor([1, 2]), v: tensor([3, 4]) });
  expect([made.ha.toNumbers(), made.hb.toNumbers()]).toEqual([[3, 4], [1, 2]]); // prettier-ignore
});

test.each<[string, (x: Var) => Var, readonly number[]]>([
  ['ReLU is straight but for its corner', x => reduceSum(mul(relu(x), 3)), [0, 0, 0, 0]],
  [
    'MaxPool is straight but where the largest changes',
    x => reduceSum(mul(maxPool(square(x), 2), 3)),
    [0, 0, 0, 0],
  ],
  [
    'ReLU lets curvature through where it is open: Σ ReLU(x)²',
    x => reduceSum(mul(relu(x), relu(x))),
    [0, 0, 2, 2],
  ],
  [
    'MaxPool lets it through at the largest: Σ MaxPool(x)²',
    x => reduceSum(mul(maxPool(square(x), 2), maxPool(square(x), 2))),
    [0, 0, 0, 2],
  ],
])('as in PyTorch, %s', async (_name, build, expected) => {
  const trace = new Trace();
  const [x, v] = [trace.input('x', 'float32', [4]), trace.input('v', 'float32', [4])];
  const [hv] = hvp(trace, build(x), [x], [v]);
  const made = await execute(trace.graph({ hv }), { x: tensor([-2, -1, 1, 2]), v: tensor([1, 1, 1, 1]) });
  expect(made.hv.toNumbers()).toEqual(expected);
});

test('what does not move a result gives zeros', async () => {
  const trace = new Trace();
  const [x, v] = [trace.input('x', 'float32', [2]), trace.input('v', 'float32', [2])];
  const [dy] = jvp(trace, [trace.constant(tensor([1, 2, 3]))], [x], [v]);
  const [hv] = hvp(trace, reduceSum(x), [x], [v]);
  const made = await execute(trace.graph({ dy, hv }), {});
  expect([made.dy.toNumbers(), made.hv.toNumbers()]).toEqual([[0, 0, 0], [0, 0]]); // prettier-ignore
});

test('a seed, a tangent or a vector of other dims is refused', () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [2, 3]);
  const y = tanh(x);
  const wrong = trace.input('wrong', 'float32', [3, 2]);
  expect(() => vjp(trace, [y], [x], [wrong])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: seed for tanh_1 is 3×2; expected 2×3, like tanh_1 itself]`,
  );
  expect(() => jvp(trace, [y], [x], [wrong])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: tangent for x is 3×2; expected 2×3, like x itself]`,
  );
  expect(() => hvp(trace, reduceSum(y), [x], [wrong])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: vector for x is 3×2; expected 2×3, like x itself]`,
  );
});

test('an override that is not linear in dy has no jvp', () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [2]);
  const y = relu(x);
  const guided = override('Relu', ({ dy, outputs: [out] }) =>
    mul(relu(dy), cast(greater(out, 0), 'float32')),
  );
  expect(() =>
    overriding(trace, [guided], () => jvp(trace, [y], [x], [x])),
  ).toThrowErrorMatchingInlineSnapshot(
    `[NeuronbookError: no jvp of relu_1: a gradient rule on the way is not linear in dy; differentiate without the override]`,
  );
  const half = override('Relu', ({ dy }) => mul(dy, 0.5));
  const [dy] = overriding(trace, [half], () => jvp(trace, [y], [x], [x]));
  expect(printed(trace, { dy })).toMatchInlineSnapshot(`
    [
      "mul_5 = Mul(x,const_2)",
      "dy = Identity(mul_5)",
    ]
  `);
});
