/** Views sink through elementwise work until they meet their like; no bit changes, and no graph grows. */
import { expect, test } from 'vitest';
import { createSession } from '#runtime';
import { rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { encode } from '../../onnx/encode.ts';
import type { Graph } from '../../onnx/graph.ts';
import { graphOf, info, node } from '../../onnx/testing.ts';
import { add, apply, gemm, mul, reduceMean, reshape, softmax, transpose } from '../functions.ts';
import { gradients } from '../grad.ts';
import { Trace } from '../trace.ts';
import type { Var } from '../var.ts';
import { optimize } from './index.ts';
import { sinkViews } from './sinking.ts';

const random = rng(0);
const normal = (...dims: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.normal()),
    dims,
  );

async function results(graph: Graph, feeds: Record<string, Tensor>): Promise<Record<string, number[]>> {
  const session = await createSession(encode(graph), { optimize: 'disabled' });
  const made = await session.run(feeds);
  await session.release();
  return Object.fromEntries(Object.entries(made).map(([name, value]) => [name, value.toNumbers()]));
}
const opsOf = (graph: Graph) => graph.nodes.map(({ op }) => op);

/** Two layers on batch × position × width with a norm, a residual sum and a softmax, and their gradients. */
function network(): { graph: Graph; feeds: Record<string, Tensor> } {
  const trace = new Trace();
  const [x, w, v, gain] = [
    trace.input('x', 'float32', [2, 3, 4]),
    trace.input('w', 'float32', [4, 4]),
    trace.input('v', 'float32', [4, 4]),
    trace.input('gain', 'float32', [4]),
  ];
  const linear = (y: Var, weight: Var) => reshape(gemm(reshape(y, [6, 4]), weight), [2, 3, 4]);
  const first = apply('Gelu', [linear(x, w)], { approximate: 'tanh' });
  const norm = mul(apply('LayerNormalization', [first, trace.constant(tensor([1, 1, 1, 1]))]), gain);
  const second = add(linear(norm, v), first);
  const y = mul(softmax(second), add(reduceMean(second, [-1], true), 0.5));
  const [dw, dv, dgain] = gradients(trace, reduceMean(mul(y, y)), [w, v, gain]);
  const feeds = { x: normal(2, 3, 4), w: normal(4, 4), v: normal(4, 4), gain: normal(4) };
  return { graph: trace.graph({ y, dw, dv, dgain }), feeds };
}

test('a network and its gradients: fewer nodes, the same bits', async () => {
  const { graph, feeds } = network();
  const sunk = optimize(graph);
  expect(await results(sunk, feeds)).toEqual(await results(graph, feeds));
  const reshapes = (each: Graph) => opsOf(each).filter(op => op === 'Reshape').length;
  expect(reshapes(graph)).toBe(8);
  // of x, of y, and three around the Expand that the gradient of a mean is
  expect(reshapes(sunk)).toBe(5);
});

test('what now stands behind a view keeps the name of the value', () => {
  const names = optimize(network().graph).nodes.flatMap(({ outputs }) => outputs);
  expect(names.filter(name => name.includes('gelu'))).toEqual(['gelu_1']);
});

const shaped = (dims: number[]) => tensor(BigInt64Array.from(dims, BigInt), [dims.length]);

test.each([
  ['rows of another length', node('b = LayerNormalization(a, s)'), [4, 3]],
  ['an axis in the middle', node('b = Softmax(a)', { axis: 1n }), [2, 3, 2]],
  ['a vector along rows of another length', node('b = Add(a, s)'), [4, 3]],
])('%s keep their view', (_, middle, dims) => {
  const graph = graphOf([node('a = Reshape(x, there)'), middle, node('y = Reshape(b, back)')], {
    inputs: [info('x', 2, 6)],
    outputs: [info('y', 2, 6)],
    opsets: { '': 21 },
    constants: { there: shaped(dims), back: shaped([2, 6]), s: tensor([1, 2, 3]) },
    values: new Map(['a', 'b'].map(name => [name, info(name, ...dims)])),
  });
  expect(sinkViews(graph)).toBe(graph);
});

test('pointwise work needs no rows: any view cancels', async () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [2, 6]);
  const turned = apply('Relu', [mul(reshape(x, [4, 3]), 2)]);
  const graph = trace.graph({ y: reshape(turned, [2, 6]), z: transpose(turned, [1, 0]) });
  const sunk = optimize(graph);
  expect(opsOf(sunk).sort()).toEqual(['Mul', 'Relu', 'Reshape', 'Transpose']);
  const feeds = { x: normal(2, 6) };
  expect(await results(sunk, feeds)).toEqual(await results(graph, feeds));
});

test('a view that others read as well is not made twice', () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [2, 6]);
  const view = reshape(x, [3, 4]);
  const graph = trace.graph({ y: apply('Relu', [view]), z: transpose(view, [1, 0]) });
  expect(optimize(graph).nodes).toHaveLength(3);
});
