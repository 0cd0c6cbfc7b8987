/** Passes make graphs smaller and change no bit of any output. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import { encode } from '../../onnx/encode.ts';
import type { Graph } from '../../onnx/graph.ts';
import { graphOf, info, node } from '../../onnx/testing.ts';
import { createSession } from '#runtime';
import { add, mul, relu } from '../functions.ts';
import { gradients } from '../grad.ts';
import { Trace } from '../trace.ts';
import type { Var } from '../var.ts';
import { optimize } from './index.ts';
import { foldTransposes } from './transposes.ts';

async function outputs(graph: Graph, value: number[]): Promise<Record<string, number[]>> {
  const session = await createSession(encode(graph), { optimize: 'disabled' });
  const results = await session.run({ x: tensor(value, [value.length]) });
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array)]),
  );
}
const ops = (graph: Graph) => graph.nodes.map(({ op, outputs: [name] }) => `${name} = ${op}`);

test('equal nodes become one, also behind equal nodes; unequal settings keep theirs', () => {
  const graph = graphOf(
    [
      node('a = Neg(x)'),
      node('b = Neg(x)'),
      node('c = Exp(a)'),
      node('d = Exp(b)'),
      node('e = LeakyRelu(c)', { alpha: 0.1 }),
      node('f = LeakyRelu(d)', { alpha: 0.2 }),
      node('y = Add(e, f)'),
    ],
    { inputs: [info('x', 2)], outputs: [info('y', 2)] },
  );
  expect(ops(optimize(graph))).toEqual(['a = Neg', 'c = Exp', 'e = LeakyRelu', 'f = LeakyRelu', 'y = Add']);
});

test('equal constants become one; a node that computes more takes the place of one that computes less', () => {
  const one = () => tensor([1, 1]);
  const graph = graphOf(
    [
      node('a = LayerNormalization(x, s)', { axis: -1n }),
      node('b, mean, r = LayerNormalization(x, t)', { axis: -1n }),
      node('c = Mul(b, r)'),
      node('y = Add(a, c)'),
    ],
    {
      inputs: [info('x', 2)],
      outputs: [info('y', 2)],
      constants: { s: one(), t: one(), u: tensor([1, 1], [2, 1]) },
    },
  );
  const shared = optimize(graph);
  expect(shared.nodes.map(({ op, inputs, outputs }) => `${outputs} = ${op}(${inputs})`)).toEqual([
    'a,mean,r = LayerNormalization(x,s)',
    'c = Mul(a,r)',
    'y = Add(a,c)',
  ]);
  expect([...shared.constants.keys()]).toEqual(['s']);
});

test('what is random, an output, or control flow keeps its node', () => {
  const io = { inputs: [info('x', 2)], outputs: [info('y', 2), info('z', 2)] };
  const random = graphOf(
    [
      node('a = RandomNormalLike(x)'),
      node('b = RandomNormalLike(x)'),
      node('y = Add(a, b)'),
      node('z = Neg(x)'),
    ],
    io,
  );
  expect(optimize(random).nodes).toHaveLength(4);
  const shown = graphOf([node('y = Neg(x)'), node('z = Neg(x)')], io);
  expect(ops(optimize(shown))).toEqual(['y = Neg', 'z = Neg']);
  const branch = graphOf([node('b = Neg(x)')], { outputs: [info('b', 2)] });
  const flow = graphOf(
    [
      node('c = Cast(x)', { to: 9n }),
      node('y = If(c)', { then_branch: branch, else_branch: branch }),
      node('u = Neg(x)'),
    ],
    { ...io, outputs: io.outputs.slice(0, 1) },
  );
  expect(optimize(flow)).toBe(flow);
});

test('an output is written where it is made; inputs and values with two labels are copied', () => {
  const graph = graphOf(
    [
      node('a = Neg(x)'),
      node('y = Identity(a)'),
      node('b = Exp(a)'),
      node('z = Identity(a)'),
      node('w = Identity(x)'),
      node('v = Identity(b)'),
    ],
    { inputs: [info('x', 2)], outputs: ['y', 'z', 'w', 'v'].map(name => info(name, 2)) },
  );
  expect(optimize(graph).nodes.map(({ op, inputs, outputs }) => `${outputs} = ${op}(${inputs})`)).toEqual([
    'y = Neg(x)',
    'v = Exp(y)',
    'z = Identity(y)',
    'w = Identity(x)',
  ]);
});

test('transposes of batched matrices go into the product; those of weights and of other axes stay', () => {
  const graph = graphOf(
    [
      node('t = Transpose(k)', { perm: [0n, 1n, 3n, 2n] }),
      node('scores = MatMul(x, t)'),
      node('h = Transpose(scores)', { perm: [0n, 2n, 1n, 3n] }),
      node('u = Transpose(w)', { perm: [1n, 0n] }),
      node('y = MatMul(h, u)'),
    ],
    {
      inputs: [info('x', 1, 2, 3, 4), info('k', 1, 2, 3, 4), info('w', 5, 3)],
      outputs: [info('y', 1, 3, 2, 5)],
    },
  );
  expect(
    foldTransposes(graph).nodes.map(
      ({ op, inputs, attributes: { transA, transB } }) => `${op}(${inputs}) ${transA ?? ''}${transB ?? ''}`,
    ),
  ).toEqual(['Transpose(k) ', 'FusedMatMul(x,k) 01', 'Transpose(scores) ', 'Transpose(w) ', 'MatMul(h,u) ']);
  const same = { ...graph, nodes: graph.nodes.slice(2) };
  expect(foldTransposes(same)).toBe(same);
});

test('of views of views the last one stays, or none; outputs and unknown dims keep theirs', () => {
  const shape = (...dims: number[]) => tensor(dims.map(BigInt));
  const graph = graphOf(
    [
      node('a = Reshape(x, two)'),
      node('b = Unsqueeze(a, zero)'),
      node('c = Reshape(b, six)'),
      node('d = Neg(c)'),
      node('e = Exp(b)'),
      node('y = Reshape(b, six)'),
      node('f = Reshape(e, open)'),
      node('z = Reshape(f, six)'),
    ],
    {
      inputs: [info('x', 6)],
      outputs: ['d', 'y', 'z'].map(name => info(name, 6)),
      constants: { two: shape(2, 3), zero: shape(0), six: shape(6), open: shape(3, -1) },
      values: new Map(
        [info('a', 2, 3), info('b', 1, 2, 3), info('c', 6), info('e', 1, 2, 3)].map(value => [
          value.name,
          value,
        ]),
      ),
    },
  );
  expect(optimize(graph).nodes.map(({ op, inputs, outputs }) => `${outputs} = ${op}(${inputs})`)).toEqual([
    'b = Reshape(x,shape)',
    'd = Neg(x)',
    'e = Exp(b)',
    'y = Identity(x)',
    'f = Reshape(e,open)',
    'z = Reshape(f,six)',
  ]);
});

test('what no output needs is gone, but an input that nothing reads can still be fed', () => {
  const graph = graphOf([node('a = Neg(x)'), node('y = Exp(z)')], {
    inputs: [info('x', 2), info('z', 2)],
    outputs: [info('y', 2)],
  });
  expect(ops(optimize(graph))).toEqual(['y = Exp']);
  expect(optimize(graph).inputs).toBe(graph.inputs);
});

test('random graphs and their gradients: same names, same bits', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(3), fc.nat(), fc.nat()), { minLength: 1, maxLength: 12 }),
      async steps => {
        const trace = new Trace();
        const values: Var[] = [trace.input('x', 'float32', [3])];
        const makers = [add, mul, (a: Var) => relu(a), (a: Var) => add(a, 0.5)] as const;
        for (const [kind, i, j] of steps)
          values.push(makers[kind](values[i % values.length], values[j % values.length]));
        const y = values[values.length - 1];
        const [slope] = gradients(trace, y, [values[0]], trace.constant(tensor([1, 2, 3])));
        const graph = trace.graph({ y, slope });
        const smaller = optimize(graph);
        expect(smaller.nodes.length).toBeLessThanOrEqual(graph.nodes.length);
        expect(await outputs(smaller, [0.5, -1, 2])).toEqual(await outputs(graph, [0.5, -1, 2]));
      },
    ),
    { numRuns: 40, seed: 7 },
  );
});
