/**
 * Hessian-vector products of whole networks against finite differences of their gradients, along 20 directions:
 *
 *   H·v ≈ (∇L(θ + εv) − ∇L(θ − εv)) / 2ε
 *
 * with every weight in one vector θ, as in training. Where a maximum switches within the step, a direction's
 * differences hold a jump that is no derivative: the median leaves such directions out.
 */
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { sizeOf, type Dims } from '../base/shape.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import {
  add,
  apply,
  gather,
  logSoftmax,
  matmul,
  mul,
  neg,
  reduceMean,
  reduceSum,
  reshape,
  softmax,
  split,
  swapLast,
  tanh,
  transpose,
} from './functions.ts';
import { conv, maxPool } from './functions-spatial.ts';
import { gradients } from './grad.ts';
import { hvp } from './products.ts';
import { normal, withSession } from './testing.ts';
import { Trace } from './trace.ts';
import type { Var } from './var.ts';

const DIRECTIONS = 20;

/** Weights by name, and the mean loss of a batch. */
interface Case {
  readonly weights: Readonly<Record<string, Dims>>;
  readonly loss: (w: Readonly<Record<string, Var>>, trace: Trace) => Var;
}

/** Mean of −ln p(label) over rows of logits, the labels drawn at random. */
function crossEntropy(logits: Var): Var {
  const [rows, classes] = logits.dims;
  const random = rng('labels');
  const chosen = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row++) chosen[row * classes + random.integer(classes)] = 1;
  const picked = mul(logSoftmax(logits), logits.trace.constant(tensor(chosen, [rows, classes])));
  return neg(reduceMean(reduceSum(picked, [1])));
}

const linear = (x: Var, w: Var, b: Var): Var => add(matmul(x, w), b);

const mlp: Case = {
  weights: { w1: [6, 16], b1: [16], w2: [16, 16], b2: [16], w3: [16, 4], b3: [4] },
  loss(w, trace) {
    const x = trace.constant(normal([12, 6], 'data'));
    const first = tanh(linear(x, w.w1, w.b1));
    const second = apply('Gelu', [linear(first, w.w2, w.b2)]);
    return crossEntropy(linear(second, w.w3, w.b3));
  },
};

const cnn: Case = {
  weights: { w1: [8, 3, 3, 3], b1: [8], w2: [8, 8, 3, 3], b2: [8], w3: [8, 4], b3: [4] },
  loss(w, trace) {
    const x = trace.constant(normal([4, 3, 10, 10], 'data'));
    const first = maxPool(apply('Softplus', [conv(x, w.w1, w.b1, { pads: 1 })]), 2);
    const second = tanh(conv(first, w.w2, w.b2, { strides: 2, pads: 1 }));
    return crossEntropy(linear(reduceMean(second, [2, 3]), w.w3, w.b3));
  },
};

/** Two layers of two heads, d = 8, on 2×6 tokens of 11; norm before, causal, learned positions. */
const transformer: Case = {
  weights: {
    tokens: [11, 8],
    positions: [6, 8],
    ...Object.fromEntries(
      [0, 1].flatMap(
        layer =>
        Object.entries({ s1: [8], b1: [8], qkv: [8, 24], out: [8, 8], s2: [8], b2: [8], up: [8, 16], down: [16, 8] })
          .map(([name, dims]) => [`${name}.${layer}`, dims]), // prettier-ignore
      ),
    ),
    unembed: [8, 11],
  },
  loss(w, trace) {
    const random = rng('tokens');
    const ids = trace.constant(
      tensor(
        BigInt64Array.from({ length: 12 }, () => BigInt(random.integer(11))),
        [2, 6],
      ),
    );
    const future = Float32Array.from({ length: 36 }, (_, i) => (i % 6 > Math.floor(i / 6) ? -1e4 : 0));
    const mask = trace.constant(tensor(future, [6, 6]));
    const norm = (x: Var, s: Var, b: Var) => apply('LayerNormalization', [x, add(s, 1), b], { axis: -1n });
    const heads = (x: Var) => transpose(reshape(x, [2, 6, 2, 4]), [0, 2, 1, 3]);
    let x = add(gather(w.tokens, ids), w.positions);
    for (const layer of [0, 1]) {
      const at = (name: string) => w[`${name}.${layer}`];
      const [q, k, v] = split(matmul(norm(x, at('s1'), at('b1')), at('qkv')), [8, 8, 8], 2).map(heads);
      const pattern = softmax(add(mul(matmul(q, swapLast(k)), 0.5), mask));
      const mixed = reshape(transpose(matmul(pattern, v), [0, 2, 1, 3]), [2, 6, 8]);
      x = add(x, matmul(mixed, at('out')));
      const hidden = apply('Gelu', [matmul(norm(x, at('s2'), at('b2')), at('up'))], { approximate: 'tanh' });
      x = add(x, matmul(hidden, at('down')));
    }
    return crossEntropy(reshape(matmul(x, w.unembed), [12, 11]));
  },
};

const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** ‖ours − differences‖ / ‖differences‖ for each direction. */
async function errors({ weights, loss }: Case): Promise<number[]> {
  const trace = new Trace();
  const sizes = Object.values(weights).map(sizeOf);
  const count = sizes.reduce((a, b) => a + b);
  const [theta, v] = ['theta', 'v'].map(name => trace.input(name, 'float32', [count]));
  const parts = split(theta, sizes, 0);
  const named = Object.entries(weights).map(([name, dims], i) => [name, reshape(parts[i], dims)] as const);
  const cost = loss(Object.fromEntries(named), trace);
  const slope = trace.graph({ slope: gradients(trace, cost, [theta])[0] });
  const curvature = trace.graph({ hv: hvp(trace, cost, [theta], [v])[0] });

  const start = normal([count], 'weights').toNumbers().map(value => 0.4 * value); // prettier-ignore
  const gradientAt = (run: (inputs: Record<string, Tensor>) => Promise<Record<string, Tensor>>) =>
    async (theta: readonly number[]) => (await run({ theta: tensor(theta) })).slope.toNumbers(); // prettier-ignore
  return withSession(curvature, run =>
    withSession(slope, async runSlope => {
      const gradient = gradientAt(runSlope);
      const found: number[] = [];
      for (let i = 0; i < DIRECTIONS; i++) {
        const raw = normal([count], `direction ${i}`).toNumbers();
        const direction = raw.map(value => value / norm(raw));
        const step = 0.002;
        const [ahead, behind] = [1, -1].map(sign => start.map((t, k) => t + sign * step * direction[k]));
        const [after, before] = [await gradient(ahead), await gradient(behind)];
        const expected = after.map((value, k) => (value - before[k]) / (2 * step));
        const { hv } = await run({ theta: tensor(start), v: tensor(direction) });
        found.push(norm(hv.toNumbers().map((value, k) => value - expected[k])) / norm(expected));
      }
      return found;
    }),
  );
}

test.each([
  ['an MLP', mlp],
  ['a CNN', cnn],
  ['a two-layer transformer', transformer],
])('Hessian-vector products of %s', async (_name, subject) => {
  const found = (await errors(subject)).sort((a, b) => a - b);
  expect(found[DIRECTIONS / 2]).toBeLessThan(1e-2);
});
