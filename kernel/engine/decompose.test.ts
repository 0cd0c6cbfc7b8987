/** Fused nodes taken apart: the same results at sizes that nobody traced, and every part readable and editable. */
import { describe, expect, test } from 'vitest';
import type { DType } from '../base/dtype.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import type { Attributes, Dim, Graph, Node } from '../onnx/graph.ts';
import { tap } from '../onnx/surgery.ts';
import { decompose } from './decompose.ts';
import { execute, normal } from './testing.ts';

const node = (
  op: string,
  inputs: string[],
  outputs: string[],
  attributes: Attributes = {},
  domain = 'com.microsoft',
): Node => ({
  op,
  domain,
  name: op === 'Shape' ? 'Shape' : 'fused',
  inputs,
  outputs,
  attributes,
});
const standard = (op: string, inputs: string[], output: string, attributes: Attributes = {}): Node => ({
  ...node(op, inputs, [output], attributes, ''),
  name: output,
});

interface Example {
  nodes: Node[];
  inputs: Record<string, readonly Dim[]>;
  outputs: readonly string[];
  dtypes?: Record<string, DType>;
  constants?: Record<string, Tensor>;
  /** Feeds at sizes of one's own. */
  feeds: Record<string, Tensor>[];
}

const graphOf = ({ nodes, inputs, outputs, dtypes = {}, constants = {} }: Example): Graph => ({
  name: 'fused',
  opsets: { '': 17, 'com.microsoft': 1 },
  inputs: Object.entries(inputs).map(([name, dims]) => ({ name, dtype: dtypes[name] ?? 'float32', dims })),
  outputs: outputs.map(name => ({ name, dtype: 'float32' })),
  nodes,
  constants: new Map(Object.entries(constants)),
  values: new Map(),
  metadata: {},
});

const ints = (dims: number[], ...values: number[]) => tensor(Int32Array.from(values), dims);
const long = (dims: number[], ...values: number[]) => tensor(BigInt64Array.from(values, BigInt), dims);
const ones = (...dims: number[]) =>
  ints(dims, ...Array.from({ length: dims.reduce((a, b) => a * b) }, () => 1));

const attentionFeeds = (batch: number, length: number, past: number) => ({
  x: normal([batch, length, 6]),
  past: normal([2, batch, 2, past, 4], 'p'),
  mask: ones(batch, length + past),
});
const groupedFeeds = (batch: number, length: number, past: number) => ({
  qkv: normal([batch, length, 8 * 16]),
  past_k: normal([batch, 2, past, 16], 'k'),
  past_v: normal([batch, 2, past, 16], 'v'),
  mask: long([batch, length + past], ...Array.from({ length: batch * (length + past) }, () => 1)),
});

const examples: Record<string, Example> = {
  'Attention with mask and past': {
    nodes: [
      node('Attention', ['x', 'w', 'b', 'mask', 'past'], ['y', 'present'], {
        num_heads: 2n,
        unidirectional: 1n,
      }),
    ],
    inputs: {
      x: ['batch', 'length', 6],
      past: [2, 'batch', 2, 'past_length', 4],
      mask: ['batch', 'total_length'],
    },
    dtypes: { mask: 'int32' },
    outputs: ['y', 'present'],
    constants: { w: normal([6, 24], 'w'), b: normal([24], 'b') },
    feeds: [attentionFeeds(1, 4, 3), attentionFeeds(3, 1, 9)],
  },
  'MultiHeadAttention across two sequences': {
    nodes: [
      node('MultiHeadAttention', ['q', 'k', 'v', 'b', '', 'bias'], ['y'], {
        num_heads: 2n,
        unidirectional: 0n,
      }),
    ],
    inputs: {
      q: ['batch', 'queries', 8],
      k: ['batch', 'keys', 8],
      v: ['batch', 'keys', 8],
      bias: [1, 2, 'queries', 'keys'],
    },
    outputs: ['y'],
    constants: { b: normal([24], 'b') },
    feeds: [
      [1, 3, 6],
      [4, 7, 2],
    ].map(([batch, queries, keys]) => ({
      q: normal([batch, queries, 8], 'q'),
      k: normal([batch, keys, 8], 'k'),
      v: normal([batch, keys, 8], 'v'),
      bias: normal([1, 2, queries, keys]),
    })),
  },
  // lengths from the mask, as exporters of language models write them
  'GroupQueryAttention with rotary positions and a cache': {
    nodes: [
      standard('ReduceSum', ['mask', 'one_axis'], 'real', { keepdims: 0n }),
      standard('Sub', ['real', 'one'], 'last'),
      standard('Cast', ['last'], 'seqlens', { to: 6n }),
      standard('Shape', ['mask'], 'mask_shape'),
      standard('Gather', ['mask_shape', 'one_index'], 'total'),
      standard('Cast', ['total'], 'total_length', { to: 6n }),
      node(
        'GroupQueryAttention',
        ['qkv', '', '', 'past_k', 'past_v', 'seqlens', 'total_length', 'cos', 'sin'],
        ['y', 'present_k', 'present_v'],
        { num_heads: 4n, kv_num_heads: 2n, do_rotary: 1n },
      ),
    ],
    inputs: {
      qkv: ['batch', 'sequence_length', 8 * 16],
      past_k: ['batch', 2, 'past_sequence_length', 16],
      past_v: ['batch', 2, 'past_sequence_length', 16],
      mask: ['batch', 'past_sequence_length + sequence_length'],
    },
    dtypes: { mask: 'int64' },
    outputs: ['y', 'present_k', 'present_v'],
    constants: {
      one_axis: long([1], 1),
      one: long([1], 1),
      one_index: long([], 1),
      cos: normal([32, 8], 'c'),
      sin: normal([32, 8], 's'),
    },
    feeds: [groupedFeeds(1, 4, 3), groupedFeeds(3, 1, 6), groupedFeeds(2, 3, 0)],
  },
  'RotaryEmbedding from a position on': {
    nodes: [node('RotaryEmbedding', ['x', 'at', 'cos', 'sin'], ['y'], { interleaved: 1n })],
    inputs: { x: ['batch', 'length', 16], at: [1] },
    dtypes: { at: 'int64' },
    outputs: ['y'],
    constants: { cos: normal([16, 4], 'c'), sin: normal([16, 4], 's') },
    feeds: [{ x: normal([3, 4, 16]), at: long([1], 2) }],
  },
  EmbedLayerNormalization: {
    nodes: [node('EmbedLayerNormalization', ['ids', '', 'words', 'positions', '', 'g', 'b'], ['y', ''])],
    inputs: { ids: ['batch', 'length'] },
    dtypes: { ids: 'int32' },
    outputs: ['y'],
    constants: {
      words: normal([5, 8], 'w'),
      positions: normal([12, 8], 'p'),
      g: normal([8], 'g'),
      b: normal([8], 'b'),
    },
    feeds: [{ ids: ints([3, 4], 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1) }],
  },
};

describe.each(Object.entries(examples))('%s', (_name, example) => {
  const graph = graphOf(example);
  const open = decompose(graph, ['fused']);

  test('gives what the fused node gives, at sizes that nobody traced', async () => {
    expect(open.nodes.every(({ domain }) => domain === '')).toBe(true);
    for (const feeds of example.feeds) {
      const [fused, ours] = [await execute(graph, feeds), await execute(open, feeds)];
      for (const name of example.outputs) {
        expect(ours[name].dims).toEqual(fused[name].dims);
        const expected = fused[name].toNumbers();
        ours[name]
          .toNumbers()
          .forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-4));
      }
    }
  });
});

test('the parts have the names that the rule documents', async () => {
  const example = examples['Attention with mask and past'];
  const open = tap(
    decompose(graphOf(example)),
    ['q', 'k', 'v', 'scores', 'masked', 'pattern', 'z'].map(part => `fused.${part}`),
  );
  const results = await execute(open, example.feeds[0]);
  expect(Object.entries(results).map(([name, { dims }]) => `${name} ${dims.join('×')}`))
    .toMatchInlineSnapshot(`
      [
        "y 1×4×8",
        "present 2×1×2×7×4",
        "fused.q 1×2×4×4",
        "fused.k 1×2×7×4",
        "fused.v 1×2×7×4",
        "fused.scores 1×2×4×7",
        "fused.masked 1×2×4×7",
        "fused.pattern 1×2×4×7",
        "fused.z 1×2×4×4",
      ]
    `);
  const rows = results['fused.pattern'].toNumbers();
  for (let row = 0; row < rows.length; row += 7)
    expect(rows.slice(row, row + 7).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
});

test('nothing to take apart: the same graph', () => {
  const graph = graphOf({
    ...examples.EmbedLayerNormalization,
    nodes: [standard('Cast', ['ids'], 'y', { to: 1n })],
  });
  expect(decompose(graph)).toBe(graph);
});

test('what cannot be taken apart stays whole, or is said where it was named', () => {
  const turned = examples['Attention with mask and past'];
  const nodes = turned.nodes.map(each => ({ ...each, attributes: { ...each.attributes, do_rotary: 1n } }));
  const whole = graphOf({ ...turned, nodes });
  expect(decompose(whole).nodes).toEqual(whole.nodes);
  expect(() => decompose(whole, ['fused'])).toThrowErrorMatchingInlineSnapshot(
    `[OpError: Attention at fused: the attribute do_rotary is not covered; the node runs and can be read around]`,
  );

  const graph = graphOf({
    nodes: [standard('Relu', ['x'], 'relu'), standard('LSTM', ['relu', 'w', 'r'], 'y', { hidden_size: 2n })],
    inputs: { x: ['length', 1, 3] },
    outputs: ['y'],
    constants: { w: normal([1, 8, 3]), r: normal([1, 8, 2]) },
    feeds: [],
  });
  expect(() => decompose(graph, ['Rely'])).toThrowErrorMatchingInlineSnapshot(
    `[NameError: unknown op or node: Rely; nearest: Relu, relu, y; nothing to decompose]`,
  );
  expect(() => decompose(graph, ['relu'])).toThrowErrorMatchingInlineSnapshot(
    `[OpError: no decomposition of Relu at relu; read or edit before and behind it]`,
  );
});

test('an operator that is made of others only with some attributes says so', () => {
  const graph = graphOf({
    nodes: [standard('Mod', ['x', 'b'], 'rest', { fmod: 1n })],
    inputs: { x: [3], b: [3] },
    outputs: ['rest'],
    feeds: [],
  });
  expect(() => decompose(graph, ['Mod'])).toThrowErrorMatchingInlineSnapshot(
    `[OpError: no decomposition of this Mod at rest: it is one operation; read or edit before and behind it]`,
  );
});
