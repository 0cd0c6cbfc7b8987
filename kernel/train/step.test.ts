/** One training step as a graph: printed whole for a tiny network, and its size for a larger one. */
import { expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { optimize } from '../engine/optimize/index.ts';
import { gpt2, linear, network, relu, sequential } from '../nn/index.ts';
import { print } from '../onnx/print.ts';
import { crossEntropy, mse } from './loss.ts';
import { adamW, sgd } from './optimizer.ts';
import { parametersOf } from './parameters.ts';
import { stepGraph } from './step.ts';

test('a step of plain descent on y = xWᵀ + b', () => {
  const graph = network(linear('y', { features: 1 }), { name: 'line', inputs: { x: ['batch', 2] } });
  const step = stepGraph({
    graph,
    parameters: parametersOf(graph),
    batch: { x: { dtype: 'float32', dims: [4, 2] }, target: { dtype: 'float32', dims: [4, 1] } },
    loss: mse({ output: 'y' }),
    optimizer: sgd({ lr: 0.1 }),
  });
  expect(print(step)).toMatchInlineSnapshot(`
    "line, one step (opset 21)
      input train/hyper: float32 1
      input train/parameters: float32 3
      input x: float32 4×2
      input target: float32 4×1
      split_1 = Split(train/hyper, const_1=[1]) axis=0 → float32 1
      split_2, split_3 = Split(train/parameters, const_2=[2,1]) axis=0 → float32 2, float32 1
      reshape_1 = Reshape(split_2, const_3=[1,2]) → float32 1×2
      y = Gemm(x, reshape_1, split_3) transB=1 → float32 4×1
      sub_1 = Sub(y, target) → float32 4×1
      mul_1 = Mul(sub_1, sub_1) → float32 4×1
      reducemean_1 = ReduceMean(mul_1) keepdims=0 → float32 scalar
      reshape_2 = Reshape(reducemean_1, const_1=[1]) → float32 1
      mul_2 = Mul(const_12 4×1, sub_1) → float32 4×1
      gemm_1 = Gemm(mul_2, x) alpha=1 beta=1 transA=1 transB=0 → float32 1×2
      matmul_1 = MatMul(const_13=[1,1,1,1], mul_2) → float32 1
      reshape_4 = Reshape(gemm_1, const_14=[2]) → float32 2
      concat_1 = Concat(reshape_4, matmul_1) axis=0 → float32 3
      mul_3 = Mul(concat_1, split_1) → float32 3
      sub_2 = Sub(train/parameters, mul_3) → float32 3
      train/loss = Identity(reshape_2) → float32 1
      train/parameters/next = Identity(sub_2) → float32 3
      return train/loss, train/parameters/next"
  `);
});

test('the optimizer adds a dozen nodes however many layers there are', () => {
  const nodes = (layers: number, optimizer = adamW()) => {
    const stack = Array.from({ length: layers }, (_, i) => [linear(`l${i}`, { features: 8 }), relu(`r${i}`)]);
    const graph = network(sequential(...stack.flat(), linear('y', { features: 8 })), {
      inputs: { x: ['batch', 8] },
    });
    return stepGraph({
      graph,
      parameters: parametersOf(graph),
      batch: { x: { dtype: 'float32', dims: [4, 8] }, target: { dtype: 'float32', dims: [4, 8] } },
      loss: mse({ output: 'y' }),
      optimizer,
    }).nodes.length;
  };
  const extra = [2, 6].map(layers => nodes(layers) - nodes(layers, sgd()));
  expect(extra[0]).toBe(extra[1]);
  expect(extra[0]).toBeLessThan(20);
});

test('parameters: documented ones, else floating constants that enter as weights', () => {
  const graph = network(sequential(linear('a', { features: 3 }), relu('r')), { inputs: { x: ['batch', 2] } });
  expect(parametersOf(graph).map(({ name, offset, size, decayed }) => [name, offset, size, decayed])).toEqual(
    [
      ['a.weight', 0, 6, true],
      ['a.bias', 6, 3, false],
    ],
  );
  const foreign = {
    ...graph,
    metadata: {},
    constants: new Map([...graph.constants, ['unused', tensor([1, 2])] as const]),
  };
  expect(parametersOf(foreign).map(({ name }) => name)).toEqual(['a.weight', 'a.bias']);
  const broken = { ...graph, metadata: { 'neuronbook.parameters': '[1]' } };
  expect(() => parametersOf(broken)).toThrow('metadata neuronbook.parameters makes no sense: [1]');
  expect(() => parametersOf(foreign, ['nothing'])).toThrow('unknown parameter: nothing; nearest: ');
});

test('what ONNX Runtime is given of a GPT: a node costs microseconds, so that each counts', () => {
  const nodes = (layers: number) => {
    const graph = gpt2({ layers, width: 16, heads: 2, vocabulary: 11, context: 8 });
    const tokens = { dtype: 'int64', dims: [4, 8] } as const;
    const step = stepGraph({
      graph,
      parameters: parametersOf(graph),
      batch: { tokens, label: tokens },
      loss: crossEntropy(),
      optimizer: adamW(),
    });
    return optimize(step).nodes;
  };
  const [two, three] = [nodes(2), nodes(3)];
  expect(two.length).toBeLessThanOrEqual(295);
  expect(three.length - two.length).toBeLessThanOrEqual(115);
  // per layer: heads apart and together, there and back (8), weights out of θ and back (12)
  const reshapes = (all: typeof two) => all.filter(({ op }) => op === 'Reshape').length;
  expect(reshapes(three) - reshapes(two)).toBeLessThanOrEqual(21);
});
