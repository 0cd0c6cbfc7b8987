/** Large matrices are fed, everything else is compiled in; what comes out is the same. */
import { afterEach, expect, test } from 'vitest';
import { tensor, type Tensor } from '../base/tensor.ts';
import { encode } from '../onnx/encode.ts';
import type { Graph } from '../onnx/graph.ts';
import { tap } from '../onnx/surgery.ts';
import { graphOf, info, node } from '../onnx/testing.ts';
import { createSession } from '#runtime';
import { compile, sessions } from './compile.ts';
import { weightsApart } from './weights.ts';

afterEach(() => sessions.clear());

const wave = (...dims: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => 0.01 + Math.sin(i) / 100),
    dims,
  );

/** Table, product and layer of 1 MiB and more, a small product, and a kernel of 1 MiB. */
const network = (): Graph =>
  graphOf(
    [
      node('e = Gather(table, ids)', { axis: 0n }),
      node('h = MatMul(e, w)'),
      node('s = MatMul(h, small)'),
      node('g = Gemm(s, layer, bias)', { transB: 1n }),
      node('i = Reshape(g, shape)'),
      node('c = Conv(i, kernel)'),
      node('y = ReduceSum(c)', { keepdims: 0n }),
    ],
    {
      inputs: [{ name: 'ids', dtype: 'int64', dims: [2] }],
      outputs: [info('y')],
      constants: {
        table: wave(512, 512),
        w: wave(512, 512),
        small: wave(512, 64),
        layer: wave(4096, 64),
        bias: wave(4096),
        shape: tensor([2n, 64n, 8n, 8n]),
        kernel: wave(512, 64, 3, 3),
      },
    },
  );

test('large matrices become inputs; kernels, small ones and outputs stay', () => {
  const whole = network();
  const { graph, values } = weightsApart(whole);
  expect(Object.keys(values)).toEqual(['table', 'w', 'layer']);
  expect(graph.inputs.map(({ name }) => name)).toEqual(['ids', 'table', 'w', 'layer']);
  expect([...graph.constants.keys()]).toEqual(['small', 'bias', 'shape', 'kernel']);
  expect(values.w).toBe(whole.constants.get('w'));
  expect(Object.keys(weightsApart(tap(network(), ['w'])).values)).toEqual(['table', 'layer']);
});

test('a matrix that is also used in another way, or inside a branch, stays', () => {
  const plus = (extra: Graph['nodes']) => ({ ...network(), nodes: [...network().nodes, ...extra] });
  expect(Object.keys(weightsApart(plus([node('z = Neg(w)')])).values)).toEqual(['table', 'layer']);
  expect(Object.keys(weightsApart(plus([node('z = Gather(table, w)')])).values)).toEqual(['table', 'layer']);
  const branch = graphOf([node('b = MatMul(w, w)')], { outputs: [info('b')] });
  const flow = node('z = If(c)', { then_branch: branch, else_branch: branch });
  expect(Object.keys(weightsApart(plus([flow])).values)).toEqual(['table', 'layer']);
});

test('the result is that of the plain file, and every rewrite reads the one copy', async () => {
  const graph = network();
  const ids = tensor([3n, 500n]);
  const session = await createSession(encode(graph));
  const [plain] = Object.values(await session.run({ ids }));
  await session.release();
  for (const site of ['e', 'h', 's', 'g']) {
    const program = await compile(tap(graph, [site]));
    const { y } = await program.run({ ids });
    expect(y.toNumbers()[0]).toBeCloseTo(plain.toNumbers()[0], 3);
  }
  // four sessions: each holds the kernel of 1.2 MB and the small matrix, none the 3 MB of large ones
  expect(sessions.size).toBe(4);
  expect(sessions.bytes / 4).toBeLessThan(1.6e6);
});

test('equal graphs over other weights share a session, each with its own', async () => {
  const one = network();
  const other = {
    ...one,
    constants: new Map([...one.constants, ['w', tensor(new Float32Array(512 * 512), [512, 512])] as const]),
  };
  const ids = tensor([1n, 2n]);
  const [a, b] = [await compile(one), await compile(other)];
  expect(sessions.size).toBe(1);
  const [ya, yb] = [(await a.run({ ids })).y.toNumbers()[0], (await b.run({ ids })).y.toNumbers()[0]];
  expect(Math.abs(ya - yb)).toBeGreaterThan(1e-3);
  expect((await a.run({ ids })).y.toNumbers()[0]).toBe(ya);
});
