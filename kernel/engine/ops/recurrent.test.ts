/**
 * Recurrent layers: the gradient that goes back through the steps against finite differences of ONNX Runtime's own
 * fused kernels, in every direction and variant; and against PyTorch.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tensor, type Tensor } from '../../base/tensor.ts';
import type { Attributes, Graph } from '../../onnx/graph.ts';
import { tap } from '../../onnx/surgery.ts';
import { decompose } from '../decompose.ts';
import { full, reduceSum } from '../functions.ts';
import { gradients, vjp } from '../grad.ts';
import { ruleOf } from '../rules.ts';
import { checkGradient, execute, normal, type Case } from '../testing.ts';
import { Trace } from '../trace.ts';
import type { Var } from '../var.ts';

const [STEPS, BATCH, IN, WIDTH] = [4, 2, 3, 2];
const gatesOf = { LSTM: 4, GRU: 3, RNN: 1 } as const;
type Kind = keyof typeof gatesOf;

/** X, W, R, and B where wanted. */
const inputsOf = (op: Kind, ways = 1, bias = true): Tensor[] => {
  const rows = gatesOf[op] * WIDTH;
  return [
    normal([STEPS, BATCH, IN], 'x'),
    normal([ways, rows, IN], 'w'),
    normal([ways, rows, WIDTH], 'r'),
    ...(bias ? [normal([ways, 2 * rows], 'b')] : []),
  ];
};
const state = (seed: string, ways = 1) => normal([ways, BATCH, WIDTH], seed);
const lengths = tensor(Int32Array.of(4, 2));

/** Every output of the layer; `left` says which inputs are left out. */
const layer =
  (op: Kind, attributes: Attributes = {}, left: readonly number[] = []) =>
  (...given: Var[]): Var[] => {
    const inputs: (Var | undefined)[] = [...given];
    for (const at of left) inputs.splice(at, 0, undefined);
    const outputs = op === 'LSTM' ? 3 : 2;
    return given[0].trace.apply(op, inputs, { hidden_size: BigInt(WIDTH), ...attributes }, { outputs });
  };

test.each<Case>([
  ['LSTM', layer('LSTM'), inputsOf('LSTM')],
  ['LSTM without bias', layer('LSTM'), inputsOf('LSTM', 1, false)],
  ['LSTM, reverse', layer('LSTM', { direction: 'reverse' }), inputsOf('LSTM')],
  [
    'LSTM, both ways, from given states',
    layer('LSTM', { direction: 'bidirectional' }, [4]),
    [...inputsOf('LSTM', 2), state('h', 2), state('c', 2)],
  ],
  [
    'LSTM with peepholes and sequences that end',
    layer('LSTM'),
    [...inputsOf('LSTM'), lengths, state('h'), state('c'), normal([1, 3 * WIDTH], 'p')],
  ],
  [
    'LSTM, both ways, sequences that end',
    layer('LSTM', { direction: 'bidirectional' }),
    [...inputsOf('LSTM', 2), lengths],
  ],
  ['LSTM, clipped', layer('LSTM', { clip: 1.1 }), inputsOf('LSTM'), { step: 2 ** -9 }],
  ['LSTM, input and forget coupled', layer('LSTM', { input_forget: 1n }), inputsOf('LSTM')],
  [
    'LSTM with other activations',
    layer('LSTM', { activations: ['Tanh', 'Sigmoid', 'Sigmoid'] }),
    inputsOf('LSTM'),
  ],
  ['GRU', layer('GRU'), inputsOf('GRU')],
  ['GRU without bias', layer('GRU', { linear_before_reset: 1n }), inputsOf('GRU', 1, false)],
  ['GRU, linear before reset', layer('GRU', { linear_before_reset: 1n }), inputsOf('GRU')],
  [
    'GRU, both ways, from a given state, sequences that end',
    layer('GRU', { direction: 'bidirectional', linear_before_reset: 1n }),
    [...inputsOf('GRU', 2), lengths, state('h', 2)],
  ],
  ['GRU, clipped', layer('GRU', { clip: 0.9 }), inputsOf('GRU'), { step: 2 ** -9 }],
  ['RNN', layer('RNN'), inputsOf('RNN')],
  ['RNN, Relu, reverse', layer('RNN', { activations: ['Relu'], direction: 'reverse' }), inputsOf('RNN')],
  [
    'RNN, both ways, from a given state, sequences that end',
    layer('RNN', { direction: 'bidirectional' }),
    [...inputsOf('RNN', 2), lengths, state('h', 2)],
  ],
  [
    'LSTM, batch first',
    layer('LSTM', { layout: 1n }, [4]),
    [
      normal([BATCH, STEPS, IN]),
      ...inputsOf('LSTM').slice(1),
      normal([BATCH, 1, WIDTH], 'h'),
      normal([BATCH, 1, WIDTH], 'c'),
    ],
  ],
])('%s', checkGradient);

test.each([
  ['LSTM', {}],
  ['LSTM', { input_forget: 1n }],
  ['GRU', {}],
  ['GRU', { linear_before_reset: 1n }],
  ['RNN', {}],
] as const)('%s %o: clipped hard, the steps give what the fused kernel gives', async (op, attributes) => {
  const trace = new Trace();
  // a cell that begins far beyond the bound shows whether it is clipped too
  const far = tensor(new Float32Array(BATCH * WIDTH).fill(2), [1, BATCH, WIDTH]);
  const values = [...inputsOf(op), ...(op === 'LSTM' ? [lengths, state('h'), far] : [])];
  const vars = values.map((value, i) => trace.input(`x${i}`, value.dtype, value.dims));
  const all = { hidden_size: BigInt(WIDTH), clip: 0.3, ...attributes };
  const fused = layer(op, all)(...vars);
  const steps = ruleOf('', op)!.unfold!({
    op,
    site: op,
    inputs: vars,
    attributes: all,
    outputCount: fused.length,
  });
  const graph = trace.graph(
    Object.fromEntries(
      fused.flatMap((y, i) => [
        [`fused${i}`, y],
        [`steps${i}`, steps[i]],
      ]),
    ),
  );
  const made = await execute(graph, Object.fromEntries(values.map((value, i) => [`x${i}`, value])));
  fused.forEach((_, i) => {
    const expected = made[`fused${i}`].toNumbers();
    made[`steps${i}`].toNumbers().forEach((value, k) => expect(value).toBeCloseTo(expected[k], 5));
  });
});

test('forward it stays one node, and its gradient is of the order of its steps', () => {
  const trace = new Trace();
  const [x, w, r] = inputsOf('GRU', 1, false).map((value, i) =>
    trace.input(`x${i}`, value.dtype, value.dims),
  );
  const y = layer('GRU')(x, w, r)[0];
  expect(trace.steps.map(({ node }) => node.op)).toEqual(['GRU']);
  gradients(trace, reduceSum(y), [w]);
  expect(trace.steps.length).toBeLessThan(60 * STEPS);
});

test('too long a sequence, an activation without a gradient: both run, and say why they stop gradients', () => {
  const trace = new Trace();
  const made = (steps: number, attributes: Attributes) => {
    const dims = [
      [steps, 1, IN],
      [1, WIDTH, IN],
      [1, WIDTH, WIDTH],
    ];
    const [x, w, r] = dims.map((each, i) => trace.input(trace.fresh(`x${i}`), 'float32', each));
    return { x, y: layer('RNN', attributes)(x, w, r)[0] };
  };
  const long = made(257, {});
  expect(() => gradients(trace, reduceSum(long.y), [long.x])).toThrowErrorMatchingInlineSnapshot(
    `[OpError: no gradient through the 257 steps of RNN at rnn_1: it is unrolled up to 256; feed shorter pieces, each beginning with the last state of the one before]`,
  );
  const other = made(3, { activations: ['Softsign'] });
  expect(() => gradients(trace, reduceSum(other.y), [other.x])).toThrowErrorMatchingInlineSnapshot(
    `[OpError: no gradient of RNN at rnn_3 with activation Softsign; expected Sigmoid, Tanh or Relu]`,
  );
});

// made by fixtures/recurrent.py
interface Reference {
  name: string;
  op: Kind;
  attributes: Record<string, number | string>;
  inputs: Record<'x' | 'w' | 'r' | 'b', { dims: number[]; data: number[] }>;
  y: number[];
  gradients: Record<'x' | 'w' | 'r' | 'b', number[]>;
}
const references = JSON.parse(
  readFileSync(new URL('./fixtures/recurrent.json', import.meta.url), 'utf8'),
) as Reference[];

test.each(references.map(reference => [reference.name, reference] as const))(
  'PyTorch: %s',
  async (_name, { op, attributes, inputs, y, gradients: expected }) => {
    const trace = new Trace();
    const values = Object.values(inputs).map(({ data, dims }) => tensor(data, dims));
    const vars = values.map((value, i) => trace.input(`x${i}`, 'float32', value.dims));
    const whole = Object.fromEntries(
      Object.entries(attributes).map(([key, value]) => [
        key,
        typeof value === 'number' ? BigInt(value) : value,
      ]),
    );
    const [all] = layer(op, whole)(...vars);
    const slopes = vjp(trace, [all], vars, [full(trace, all.dims, 1)]);
    const graph = trace.graph({ y: all, ...Object.fromEntries(slopes.map((slope, i) => [`d${i}`, slope])) });
    const made = await execute(graph, Object.fromEntries(values.map((value, i) => [`x${i}`, value])));
    const close = (received: Tensor, wanted: number[]) => {
      const scale = Math.max(...wanted.map(Math.abs));
      received
        .toNumbers()
        .forEach((value, i) => expect(Math.abs(value - wanted[i]) / scale).toBeLessThan(1e-5));
    };
    close(made.y, y);
    (['x', 'w', 'r', 'b'] as const).forEach((name, i) => close(made[`d${i}`], expected[name]));
  },
);

describe('taken apart', () => {
  const values = [...inputsOf('LSTM', 2).slice(0, 4), lengths];
  const graph: Graph = {
    name: 'lstm',
    opsets: { '': 21 },
    inputs: [
      { name: 'x0', dtype: 'float32', dims: [STEPS, 'batch', IN] },
      { name: 'x4', dtype: 'int32', dims: ['batch'] },
    ],
    outputs: [
      { name: 'y', dtype: 'float32' },
      { name: 'last', dtype: 'float32' },
    ],
    nodes: [
      {
        op: 'LSTM',
        domain: '',
        name: 'lstm',
        inputs: ['x0', 'x1', 'x2', 'x3', 'x4'],
        outputs: ['y', '', 'last'],
        attributes: { hidden_size: BigInt(WIDTH), direction: 'bidirectional' },
      },
    ],
    constants: new Map([1, 2, 3].map(i => [`x${i}`, values[i]])),
    values: new Map(),
    metadata: {},
  };

  test('only where it is asked for; its states have names, and it holds for any batch', async () => {
    expect(decompose(graph)).toBe(graph);
    const open = tap(decompose(graph, ['LSTM']), ['lstm.h.1', 'lstm.reverse.c.0']);
    const feeds = { x0: normal([STEPS, 3, IN], 'x'), x4: tensor(Int32Array.of(4, 1, 3)) };
    const [fused, made] = [await execute(graph, feeds), await execute(open, feeds)];
    for (const name of ['y', 'last']) {
      const expected = fused[name].toNumbers();
      made[name].toNumbers().forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
    }
    // step 1 of the first sequence, which goes on
    expect(made['lstm.h.1'].toNumbers()[0]).toBeCloseTo(fused.y.toNumbers()[2 * 3 * WIDTH], 5);
    expect(made['lstm.reverse.c.0'].dims).toEqual([3, WIDTH]);
  });

  test('not where the number of steps is open', () => {
    const [x, l] = graph.inputs;
    const open = {
      ...graph,
      inputs: [
        { ...x, dims: ['steps', 2, IN] },
        { ...l, dims: [2] },
      ],
    };
    expect(() => decompose(open, ['lstm'])).toThrowErrorMatchingInlineSnapshot(
      `[OpError: cannot decompose LSTM at lstm: it would hold for one size only, and the graph leaves steps open; fix the sizes of the inputs first]`,
    );
  });
});
