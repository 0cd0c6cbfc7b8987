/** The attentions of ONNX Runtime's domain in all their dresses: decomposition against fused kernel, gradients. */
import { expect, test } from 'vitest';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import { apply } from '../../functions.ts';
import { execute, normal } from '../../testing.ts';
import { Trace } from '../../trace.ts';
import { upgrade } from '../../upgrade.ts';
import { checkFused, fusedGraph, type FusedCase, type FusedOptions } from './testing.ts';

const ints = (dims: number[], ...values: number[]) => tensor(Int32Array.from(values), dims);
const [one, two] = [1n, 2n];

// ---- Attention: 2 sequences of 3, 2 heads of 4

const x = normal([2, 3, 5]);
const weights = normal([5, 24], 'w');
const bias = normal([24], 'b');
const heads = (more: object = {}): FusedOptions => ({ attributes: { num_heads: two, ...more } });

test.each<FusedCase>([
  ['Attention', 'Attention', [x, weights, bias], heads()],
  ['Attention, causal, scaled', 'Attention', [x, weights, bias], heads({ unidirectional: one, scale: 0.3 })],
  [
    'Attention, wider keys than values',
    'Attention',
    [x, normal([5, 20], 'w'), normal([20], 'b')],
    heads({ qkv_hidden_sizes: [8n, 8n, 4n] }),
  ],
  ['Attention, mask of keys', 'Attention', [x, weights, bias, ints([2, 3], 1, 1, 0, 1, 1, 1)], heads()],
  [
    'Attention, mask of pairs, another filter',
    'Attention',
    [x, weights, bias, ints([2, 3, 3], 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1)],
    heads({ mask_filter_value: -1 }),
  ],
  ['Attention, padded on the right', 'Attention', [x, weights, bias, ints([2], 2, 3)], heads()],
  ['Attention, padded on the left', 'Attention', [x, weights, bias, ints([4], 3, 3, 1, 0)], heads()],
  [
    'Attention, padded and causal, with a bias of the scores',
    'Attention',
    [x, weights, bias, ints([2, 3], 1, 1, 0, 1, 1, 1), undefined, normal([2, 2, 3, 3], 'a')],
    heads({ unidirectional: one }),
  ],
  [
    'Attention with a past',
    'Attention',
    [x, weights, bias, undefined, normal([2, 2, 2, 4, 4], 'p')],
    { ...heads({ unidirectional: one }), outputs: ['float32', 'float32'] },
  ],
])('%s', checkFused);

// ---- MultiHeadAttention: 2 sequences, 3 queries, 4 keys, 2 heads of 4

const [q, k, v] = [normal([2, 3, 8], 'q'), normal([2, 4, 8], 'k'), normal([2, 4, 8], 'v')];
const past = (seed: string) => normal([2, 2, 3, 4], seed);

test.each<FusedCase>([
  ['MultiHeadAttention', 'MultiHeadAttention', [q, k, v], heads()],
  [
    'MultiHeadAttention, biases and scale',
    'MultiHeadAttention',
    [q, k, v, normal([24], 'b')],
    heads({ scale: 0.2 }),
  ],
  [
    'MultiHeadAttention, values of another width',
    'MultiHeadAttention',
    [q, k, normal([2, 4, 4], 'v'), normal([20], 'b')],
    heads(),
  ],
  [
    'MultiHeadAttention, mask of keys',
    'MultiHeadAttention',
    [q, k, v, undefined, ints([2, 4], 1, 1, 1, 0, 0, 1, 1, 1)],
    heads(),
  ],
  [
    'MultiHeadAttention, keys padded on the right',
    'MultiHeadAttention',
    [q, k, v, undefined, ints([2], 3, 2)],
    heads(),
  ],
  [
    'MultiHeadAttention, mask of pairs',
    'MultiHeadAttention',
    [q, q, q, undefined, ints([2, 3, 3], 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1)],
    heads(),
  ],
  [
    'MultiHeadAttention, one bias of the scores for all',
    'MultiHeadAttention',
    [q, k, v, undefined, undefined, normal([1, 1, 3, 4], 'a')],
    heads(),
  ],
  [
    'MultiHeadAttention with a past, causal',
    'MultiHeadAttention',
    [q, q, normal([2, 3, 8], 'v'), undefined, undefined, undefined, past('pk'), past('pv')],
    { ...heads({ unidirectional: one }), outputs: ['float32', 'float32', 'float32'] },
  ],
  [
    'MultiHeadAttention, keys and values per head',
    'MultiHeadAttention',
    [q, normal([2, 2, 5, 4], 'k'), normal([2, 2, 5, 4], 'v')],
    heads(),
  ],
])('%s', checkFused);

// ---- RotaryEmbedding: tables of 8 positions

const table = (pairs: number, seed: string) => normal([8, pairs], seed);
const long = (dims: number[], ...values: number[]) => tensor(BigInt64Array.from(values, BigInt), dims);
const each = long([2, 3], 0, 1, 2, 4, 5, 7);

test.each<FusedCase>([
  ['RotaryEmbedding', 'RotaryEmbedding', [normal([2, 3, 16]), each, table(4, 'c'), table(4, 's')]],
  [
    'RotaryEmbedding of heads, from a position on',
    'RotaryEmbedding',
    [normal([2, 2, 3, 8]), long([1], 2), table(4, 'c'), table(4, 's')],
  ],
  [
    'RotaryEmbedding, interleaved',
    'RotaryEmbedding',
    [normal([2, 3, 16]), each, table(4, 'c'), table(4, 's')],
    { attributes: { interleaved: one } },
  ],
  [
    'RotaryEmbedding of half the features',
    'RotaryEmbedding',
    [normal([2, 3, 32]), each, table(4, 'c'), table(4, 's')],
    { attributes: { num_heads: two, rotary_embedding_dim: 8n } },
  ],
])('%s', checkFused);

// ---- GroupQueryAttention: 4 heads of 16, 2 of keys

const group = (more: object = {}, options: FusedOptions = {}): FusedOptions => ({
  attributes: { num_heads: 4n, kv_num_heads: two, ...more },
  outputs: ['float32', 'float32', 'float32'],
  constants: [6],
  ...options,
});
const width = 16;
const Q = normal([2, 3, 4 * width], 'q');
const [K, V] = ['k', 'v'].map(seed => normal([2, 3, 2 * width], seed));
const cache = (length: number, seed: string) => normal([2, 2, length, width], seed);
const scalar = (value: number) => ints([1], value);
const prompt = [Q, K, V, undefined, undefined, ints([2], 2, 2), scalar(3)];
// ONNX Runtime takes several new tokens after a past for one sequence only
const first = (all: Tensor) => tensor(all.toNumbers().slice(0, all.size / 2), [1, ...all.dims.slice(1)]);
const [Q1, K1, V1] = [Q, K, V].map(first);
const later = [Q1, K1, V1, first(cache(4, 'pk')), first(cache(4, 'pv')), ints([1], 6), scalar(7)];
const [cos, sin] = [table(width / 2, 'c'), table(width / 2, 's')];
const unchecked = { gradient: false };

test.each<FusedCase>([
  ['GroupQueryAttention of a prompt', 'GroupQueryAttention', prompt, group()],
  [
    'GroupQueryAttention, packed',
    'GroupQueryAttention',
    [normal([2, 3, 8 * width], 'qkv'), undefined, undefined, ...prompt.slice(3)],
    group({ scale: 0.1 }, unchecked),
  ],
  [
    'GroupQueryAttention, turned',
    'GroupQueryAttention',
    [...prompt, cos, sin],
    group({ do_rotary: one }, unchecked),
  ],
  [
    'GroupQueryAttention, turned, interleaved, after a past',
    'GroupQueryAttention',
    [...later, cos, sin],
    group({ do_rotary: one, rotary_interleaved: one }, unchecked),
  ],
  ['GroupQueryAttention after a past', 'GroupQueryAttention', later, group()],
  [
    'GroupQueryAttention after pasts of unequal length',
    'GroupQueryAttention',
    [
      ...[Q, K, V].map(all => tensor(all.toNumbers().slice(0, all.size / 3), [2, 1, all.dims[2]])),
      cache(4, 'pk'),
      cache(4, 'pv'),
      ints([2], 4, 2),
      scalar(5),
      cos,
      sin,
    ],
    group({ do_rotary: one }, unchecked),
  ],
  [
    'GroupQueryAttention with a buffer longer than what it holds',
    'GroupQueryAttention',
    [Q1, K1, V1, first(cache(10, 'pk')), first(cache(10, 'pv')), ints([1], 6), scalar(7)],
    group({}, unchecked),
  ],
  [
    'GroupQueryAttention of prompts padded on the right',
    'GroupQueryAttention',
    [...prompt.slice(0, 5), ints([2], 2, 1), scalar(3)],
    // the last query of the second prompt is padding
    group({}, { gradient: false, counts: i => i < 5 * 4 * width }),
  ],
  [
    'GroupQueryAttention, a window of 2',
    'GroupQueryAttention',
    later,
    group({ local_window_size: two }, unchecked),
  ],
  ['GroupQueryAttention, softcap', 'GroupQueryAttention', prompt, group({ softcap: 0.7 })],
  [
    'GroupQueryAttention, smooth softmax',
    'GroupQueryAttention',
    prompt,
    group({ smooth_softmax: one }, unchecked),
  ],
  [
    'GroupQueryAttention, given positions and a bias of the scores',
    'GroupQueryAttention',
    [...prompt, cos, sin, long([2, 3], 0, 1, 2, 0, 1, 2), normal([1, 4, 3, 3], 'a')],
    group({ do_rotary: one }, unchecked),
  ],
  [
    'GroupQueryAttention, a sink per head',
    'GroupQueryAttention',
    [...prompt, undefined, undefined, undefined, undefined, normal([4], 'sink')],
    group(),
  ],
])('%s', checkFused);

test('Attention without a bias, on which ONNX Runtime 1.30 crashes, is given one of zeros on loading', async () => {
  const bare = fusedGraph('Attention', [x], heads());
  const nodes = bare.nodes.map(node => ({ ...node, inputs: ['x0', 'w'] }));
  const graph = upgrade({ ...bare, nodes, constants: new Map([['w', weights]]) });
  const feeds = { x0: x };
  const loaded = await execute(graph, feeds);
  const trace = new Trace();
  const [given, w] = [trace.input('x0', 'float32', x.dims), trace.constant(weights)];
  const y = apply('Attention', [given, w], { num_heads: two }, 'com.microsoft');
  const ours = await execute(trace.graph({ y }), feeds);
  expect(maxDifference(ours.y, loaded.y0)).toBeLessThan(1e-5);
});

const maxDifference = (a: Tensor, b: Tensor) => {
  const other = b.toNumbers();
  return Math.max(...a.toNumbers().map((value, i) => Math.abs(value - other[i])));
};

test('what is not covered is said, with the site', () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [1, 2, 4]);
  const w = trace.input('w', 'float32', [4, 12]);
  expect(() =>
    apply('Attention', [x, w], { num_heads: 1n, do_rotary: 1n }, 'com.microsoft'),
  ).toThrowErrorMatchingInlineSnapshot(
    `[OpError: Attention at Attention: the attribute do_rotary is not covered; the node runs and can be read around]`,
  );
});
