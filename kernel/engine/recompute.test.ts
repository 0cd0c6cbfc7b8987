/** Recomputing and packing on ONNX Runtime: equal results, fewer bytes from forward to back, a lower peak. */
import { beforeAll, describe, expect, test } from 'vitest';
import { tensor, type Tensor } from '../base/tensor.ts';
import type { Graph } from '../onnx/graph.ts';
import {
  add,
  apply,
  concat,
  matmul,
  mul,
  reduceMean,
  relu,
  reshape,
  softmax,
  split,
  swapLast,
} from './functions.ts';
import { conv, maxPool } from './functions-spatial.ts';
import { gradients } from './grad.ts';
import { float16, int8, packed } from './packing.ts';
import { recomputed } from './recompute.ts';
import { savedValues, valuesOf, type TwoWay } from './saved.ts';
import { scheduled } from './schedule.ts';
import { execute, normal } from './testing.ts';
import { profiled } from './testing-peak.ts';
import { Trace } from './trace.ts';
import type { Var } from './var.ts';

/** x + Gelu(x·w), `depth` times over, and the gradient of the mean square in every w. */
function residual(depth: number, rows: number, width: number): TwoWay {
  const trace = new Trace();
  let h = trace.input('x', 'float32', [rows, width]);
  const weights = Array.from({ length: depth }, (_, i) => trace.input(`w${i}`, 'float32', [width, width]));
  weights.forEach((w, i) => {
    const hidden = apply('Gelu', [matmul(h, w)]);
    h = trace.apply('Add', [h, hidden], {}, { outputs: [`block${i}`] })[0];
  });
  return differentiated(trace, reduceMean(mul(h, h)), weights);
}

/** Convolution, ReLU and pooling, the last weight a matrix. */
function convolutional(): TwoWay {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [2, 3, 8, 8]);
  const weights = [[4, 3, 3, 3], [4, 4, 3, 3], [16, 3]].map((dims, i) => trace.input(`w${i}`, 'float32', dims)); // prettier-ignore
  const first = relu(conv(x, weights[0], undefined, { pads: 1 }));
  const pooled = trace.apply('Identity', [maxPool(first, 2)], {}, { outputs: ['pooled'] })[0];
  const second = maxPool(apply('Sigmoid', [conv(pooled, weights[1], undefined, { pads: 1 })]), 2);
  const logits = matmul(reshape(second, [2, 16]), weights[2]);
  return differentiated(trace, reduceMean(mul(logits, logits)), weights);
}

/** Two layers of attention and MLP with biases: what ONNX Runtime fuses most. */
function transformer(): TwoWay {
  const trace = new Trace();
  const weights: Var[] = [];
  const weight = (...dims: number[]) => {
    weights.push(trace.input(`w${weights.length}`, 'float32', dims));
    return weights[weights.length - 1];
  };
  const norm = (x: Var) => apply('LayerNormalization', [x, weight(8), weight(8)], { axis: -1n });
  const linear = (x: Var, features: number) => add(matmul(x, weight(x.dims[2], features)), weight(features));
  let h = trace.input('x', 'float32', [2, 5, 8]);
  for (const layer of [0, 1]) {
    const [q, k, v] = split(linear(norm(h), 24), [8, 8, 8], 2);
    h = add(h, linear(matmul(softmax(mul(matmul(q, swapLast(k)), 0.35)), v), 8));
    const hidden = apply('Gelu', [linear(norm(h), 16)]);
    h = trace.apply('Add', [h, linear(hidden, 8)], {}, { outputs: [`layer${layer}`] })[0];
  }
  return differentiated(trace, reduceMean(mul(h, h)), weights);
}

function differentiated(trace: Trace, loss: Var, weights: readonly Var[]): TwoWay {
  const forward = valuesOf(trace);
  const slopes = gradients(trace, loss, weights).map(slope =>
    reshape(slope, [slope.dims.reduce((a, b) => a * b)]),
  );
  return { graph: trace.graph({ loss, slope: concat(slopes, 0) }), forward };
}

const feedsOf = (graph: Graph): Record<string, Tensor> =>
  Object.fromEntries(
    graph.inputs.map(({ name, dims }) => {
      const value = normal(dims as number[], name);
      const scale = name === 'x' ? 1 : 0.3;
      return [name, tensor(value.toNumbers().map(number => scale * number), value.dims)] as const; // prettier-ignore
    }),
  );
const bytesOf = (both: TwoWay) => savedValues(both).reduce((sum, { bytes }) => sum + bytes, 0);
const count = (nodes: readonly { op: string }[], op: string) => nodes.filter(node => node.op === op).length;

/** How far the gradient of one graph is from that of another, relative to it. */
async function difference(graph: Graph, from: Graph): Promise<number> {
  const [received, expected] = [await execute(graph, feeds), await execute(from, feeds)];
  const reference = expected.slope.toNumbers();
  const differences = received.slope.toNumbers().map((value, i) => value - reference[i]);
  return Math.hypot(...differences) / Math.hypot(...reference);
}

const [rows, width] = [64, 8];
const unit = rows * width * 4;
let deep: TwoWay;
let feeds: Record<string, Tensor>;
beforeAll(() => {
  deep = residual(12, rows, width);
  feeds = feedsOf(deep.graph);
});
const kept = ['block3', 'block7'];

describe('recomputing', () => {
  test.each<[string, () => TwoWay, readonly string[]]>([
    ['a residual network', () => residual(6, 4, 5), ['block1', 'block3']],
    ['a residual network, nothing kept', () => residual(3, 4, 5), []],
    ['a convolutional network', convolutional, ['pooled']],
    ['a transformer', transformer, ['layer0']],
  ])('leaves the gradient of %s as it is, bit for bit', async (_name, build, keep) => {
    const both = build();
    const inputs = feedsOf(both.graph);
    const again = recomputed(both, keep);
    expect(again.graph.nodes.length).toBeGreaterThan(both.graph.nodes.length);
    const [expected, received, ordered] = [
      await execute(both.graph, inputs),
      await execute(again.graph, inputs),
      await execute(scheduled(again.graph), inputs),
    ];
    expect(expected.slope.toNumbers().some(Boolean)).toBe(true);
    for (const made of [received, ordered]) {
      expect(made.slope.data).toEqual(expected.slope.data);
      expect(made.loss.data).toEqual(expected.loss.data);
    }
  });

  test('leaves only what is kept between forward and back', () => {
    // 12 pre-activations, 11 inputs of blocks, and the last output
    expect(bytesOf(deep)).toBe(24 * unit);
    // and the loss, which the last blocks wait for
    expect(savedValues(recomputed(deep, kept)).map(({ bytes }) => bytes)).toEqual([unit, unit, 4]);
    expect(savedValues(recomputed(deep, kept)).slice(0, 2).map(({ name }) => name)).toEqual(kept); // prettier-ignore
  });

  test('is not undone by ONNX Runtime, which merges equal nodes, and halves the peak', async () => {
    const again = scheduled(recomputed(deep, kept).graph);
    const [before, after] = [await profiled(scheduled(deep.graph), feeds), await profiled(again, feeds)];
    expect([count(before.nodes, 'Gelu'), count(after.nodes, 'Gelu')]).toEqual([12, 22]);
    expect(after.peak).toBeLessThan(0.55 * before.peak);

    // the control: without the ties to the gradient the second making is merged into the first
    const ones = new Set(again.nodes.filter(({ op }) => op === 'Pow').map(({ outputs }) => outputs[0]));
    const names = again.nodes.filter(({ op, inputs }) => op === 'Identity' && ones.has(inputs[0]));
    const tied = new Set(names.map(({ outputs }) => outputs[0]));
    const nodes = again.nodes.map(node =>
      tied.has(node.inputs[1]) ? { ...node, op: 'Identity', inputs: [node.inputs[0]] } : node,
    );
    const merged = await profiled({ ...again, nodes }, feeds);
    expect(count(merged.nodes, 'Gelu')).toBe(12);
    expect(merged.peak).toBeGreaterThan(0.95 * before.peak);
  });

  test('holds back where the gradient itself is not a number', async () => {
    const nan = { ...feeds, x: tensor(new Float32Array(rows * width).fill(NaN), [rows, width]) };
    const made = await execute(recomputed(deep, kept).graph, nan);
    expect(made.slope.toNumbers().every(Number.isNaN)).toBe(true);
  });

  test('refuses to keep what there is not', () => {
    expect(() => recomputed(deep, ['block12'])).toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown value to keep: block12; nearest: block1, block2, block10]`,
    );
  });
});

describe('packing', () => {
  test.each([
    ['halves', float16, 12, 0.7, 1e-3],
    ['bytes with a scale', int8, 6, 0.5, 3e-2],
  ])(
    'keeps %s: true bytes, a lower peak, nearly the same gradient',
    async (_name, packing, units, ratio, loss) => {
      const small = packed(deep, packing);
      // beside them a scale for each value, and the one number that says that all is packed
      expect(bytesOf(small) - units * unit).toBeLessThanOrEqual(4 * 25);
      expect(bytesOf(small) - units * unit).toBeGreaterThanOrEqual(0);
      const [before, after] = [
        await profiled(scheduled(deep.graph), feeds),
        await profiled(scheduled(small.graph), feeds),
      ];
      expect(after.peak).toBeLessThan(ratio * before.peak);
      const off = await difference(small.graph, deep.graph);
      expect(off).toBeLessThan(loss);
      expect(off).toBeGreaterThan(0);
    },
  );

  test('goes with recomputing: what is kept is kept small', async () => {
    const both = packed(recomputed(deep, kept), float16);
    // two halves, the loss as one, and the number that says that all is packed
    expect(bytesOf(both)).toBe(unit + 2 + 4);
    expect(await difference(both.graph, deep.graph)).toBeLessThan(1e-3);
  });

  test('leaves as it is what the hook does not take', () => {
    const none = packed(deep, { pack: () => undefined, unpack: ([x]) => x });
    expect(none.graph.nodes.length).toBe(deep.graph.nodes.length);
  });
});

test('a graph in schedule has each gradient follow what it is made of', async () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [4, 4]);
  const weights = [0, 1, 2].map(i => trace.input(`w${i}`, 'float32', [4, 4]));
  const y = weights.reduce<Var>((h, w) => apply('Tanh', [matmul(h, w)]), x);
  const slopes = gradients(trace, reduceMean(y), weights);
  const graph = trace.graph({ dw0: slopes[0], dw1: slopes[1], dw2: slopes[2] });
  const inputs = feedsOf(graph);
  const made = (ran: { nodes: readonly { op: string; outputs: readonly string[] }[] }) =>
    ran.nodes.filter(({ op }) => /Gemm|MatMul/.test(op)).map(({ outputs }) => outputs[0]);
  expect(made(await profiled(scheduled(graph), inputs))).toMatchInlineSnapshot(`
    [
      "matmul_1",
      "matmul_2",
      "matmul_3",
      "dw2",
      "gemm_1",
      "dw1",
      "gemm_3",
      "dw0",
    ]
  `);
  // the control: in the order of the tape, the first weight's comes first
  expect(made(await profiled(graph, inputs)).slice(-4)).toMatchInlineSnapshot(`
    [
      "gemm_3",
      "dw0",
      "dw1",
      "dw2",
    ]
  `);
  expect(scheduled(graph).nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(
    graph.nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  );
});
