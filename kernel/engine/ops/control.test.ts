/** Ops that hold graphs, as a trace sees them: branches that are settled, shapes that are declared, names that move. */
import { expect, test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import type { Attributes, Graph, Node, ValueInfo } from '../../onnx/graph.ts';
import { gradients } from '../grad.ts';
import { reduceSum } from '../functions.ts';
import { widen } from '../precision.ts';
import { checkGradient, execute, normal } from '../testing.ts';
import { Trace } from '../trace.ts';

const node = (op: string, inputs: string[], outputs: string[], attributes: Attributes = {}): Node => ({
  op,
  domain: '',
  name: outputs[0],
  inputs,
  outputs,
  attributes,
});
const graph = (nodes: Node[], outputs: string[], more: Partial<Graph> = {}): Graph => ({
  name: 'graph',
  opsets: { '': 21 },
  inputs: [],
  outputs: outputs.map((name): ValueInfo => ({ name, dtype: 'float32' })),
  nodes,
  constants: new Map(),
  values: new Map(),
  metadata: {},
  ...more,
});

/** y = twice x where x has as many rows as `rows`, else its tanh. */
const byRows = (rows: number) =>
  graph(
    [
      node('Shape', ['x'], ['shape']),
      node('Gather', ['shape', 'zero'], ['count']),
      node('Equal', ['count', 'rows'], ['same']),
      node('If', ['same'], ['y'], {
        then_branch: graph([node('Add', ['x', 'x'], ['twice'])], ['twice']),
        else_branch: graph([node('Tanh', ['x'], ['bounded'])], ['bounded']),
      }),
    ],
    ['y'],
    {
      inputs: [{ name: 'x', dtype: 'float32', dims: ['rows', 2] }],
      constants: new Map([
        ['zero', tensor(BigInt64Array.of(0n), [])],
        ['rows', tensor(BigInt64Array.of(BigInt(rows)), [])],
      ]),
    },
  );

test.each([
  ['its first branch', 3],
  ['its second', 4],
])('an If on a shape is %s, gradient included', (_name, rows) =>
  checkGradient('If', x => (x.trace as Trace).replay(byRows(rows), { x }).get('y')!, [normal([3, 2])]),
);

/** One branch keeps x, the other its sum: only data tell the shape. */
const uneven = (dims?: readonly (number | string)[]) =>
  graph(
    [
      node('ReduceMax', ['x'], ['most'], { keepdims: 0n }),
      node('Cast', ['most'], ['any'], { to: 9n }),
      node('If', ['any'], ['y'], {
        then_branch: graph([node('Identity', ['x'], ['all'])], ['all']),
        else_branch: graph([node('ReduceSum', ['x'], ['sum'], { keepdims: 0n })], ['sum']),
      }),
      node('Neg', ['y'], ['negative']),
    ],
    ['negative'],
    {
      inputs: [{ name: 'x', dtype: 'float32', dims: ['n'] }],
      values: new Map(dims ? [['y', { name: 'y', dtype: 'float32', dims }]] : []),
    },
  );

test('branches of different shapes: what the file declares holds, else the error tells both', async () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [3]);
  const values = trace.replay(uneven(['n']), { x });
  expect(values.get('negative')!.dims).toEqual([3]);
  const y = values.get('y')!;
  const [slope] = gradients(trace, reduceSum(values.get('negative')!), [y]);
  const { s } = await execute(trace.graph({ s: slope }), { x: normal([3]) });
  expect(s.toNumbers()).toEqual([-1, -1, -1]);

  const other = new Trace();
  expect(() =>
    other.replay(uneven(), { x: other.input('x', 'float32', [3]) }),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ComputedError: If at y: its branches give 3 and scalar, and data decides which (inputs scalar)]`,
  );
});

test('a graph traced twice into one keeps its branches to itself', async () => {
  const trace = new Trace();
  const [a, b] = ['a', 'b'].map(name => trace.input(name, 'float32', [2]));
  const [first, second] = [a, b].map(x => trace.replay(uneven([2]), { x }).get('negative')!);
  const results = await execute(trace.graph({ first, second }), {
    a: tensor([1, 2]),
    b: tensor([3, 4]),
  });
  expect([results.first.toNumbers(), results.second.toNumbers()]).toEqual([
    [-1, -2],
    [-3, -4],
  ]);
});

test('halves in a branch are widened with the rest', async () => {
  const half = graph(
    [
      node('Greater', ['x', 'limit'], ['large']),
      node('If', ['large'], ['y'], {
        then_branch: graph([node('Add', ['x', 'one'], ['more'])], ['more'], {
          constants: new Map([['one', tensor([1], [], 'float16')]]),
        }),
        else_branch: graph([node('Identity', ['x'], ['same'])], ['same']),
      }),
    ],
    ['y'],
    {
      inputs: [{ name: 'x', dtype: 'float16', dims: [] }],
      constants: new Map([['limit', tensor([0], [], 'float16')]]),
    },
  );
  const { y } = await execute(widen({ ...half, outputs: [{ name: 'y', dtype: 'float16' }] }), {
    x: tensor(2),
  });
  expect(y.toNumbers()).toEqual([3]);
});
