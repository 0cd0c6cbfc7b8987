/** Makers of views: what they make of numbers, and what they say of mistakes. */
import { describe, expect, test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import type { Displayable } from '../bundle.ts';
import { thinned } from '../heat.ts';
import { pack, packBytes, packedProblem, unpack, type Packed } from '../packed.ts';
import * as attention from './attention.ts';
import * as activationMap from './activation-map.ts';
import * as atlas from './atlas.ts';
import * as circuit from './circuit.ts';
import * as diff from './diff.ts';
import * as lens from './lens.ts';
import * as matrix from './matrix.ts';
import * as patching from './patching.ts';
import * as quantization from './quantization.ts';
import * as ridgeline from './ridgeline.ts';
import * as tokens from './tokens.ts';
import * as training from './training.ts';
import { pattern, words } from './testing-views.ts';

describe('a difference', () => {
  const dataOf = (one: Displayable, other: Displayable) => diff.diff(one, other).data;

  test('of tensors is second − first', () => {
    const { views } = dataOf(matrix.matrix(tensor([1, 2], [2])), matrix.matrix(tensor([4, 0], [2])));
    expect([...unpack((views[2].data as { values: Packed }).values)]).toEqual([3, -2]);
  });

  test('of circuits joins edges by the names of their ends', () => {
    const nodes = ['a', 'b', 'c'].map((id, layer) => ({ id, layer }));
    const one = circuit.circuit({ nodes, edges: [{ from: 'a', to: 'b', weight: 1 }] });
    const other = circuit.circuit({
      nodes,
      edges: [
        { from: 'a', to: 'b', weight: 0.25 },
        { from: 'b', to: 'c', weight: 2 },
      ],
    });
    const { edges } = dataOf(one, other).views[2].data as { edges: { weight: number }[] };
    expect(edges.map(({ weight }) => weight)).toEqual([-0.75, 2]);
  });

  test('of other tokens, or other shapes, is told not to be there', () => {
    const [one, other] = [tokens.tokens(['a'], [1]), tokens.tokens(['b'], [1])];
    expect([dataOf(one, other).views.length, dataOf(one, other).note]).toEqual([2, 'other tokens']);
    const shapes = dataOf(matrix.matrix(tensor([1], [1])), matrix.matrix(tensor([1, 2], [2])));
    expect(shapes.note).toBe('1 and 2');
  });

  test('of two kinds, or of differences, is refused', () => {
    const one = matrix.matrix(tensor([1], [1]));
    expect(() => diff.diff(one, tokens.tokens(['a'], [1]))).toThrow(/views of matrix and tokens/);
    const twice = diff.diff(one, one);
    expect(() => diff.diff(twice, twice)).toThrow(/is a diff, which is not compared/);
  });
});

test('bins hold what was counted, and many zeros stand apart', () => {
  const { counts, notes } = ridgeline.ridgeline({ a: [0, 1, 2, 4], b: [0, 0, 4, 3] }, { bins: 4 }).data;
  expect([...unpack(counts)]).toEqual([0, 1, 1, 1, 0, 0, 0, 2]);
  expect(notes[1]).toBe('4 values, mean 1.75, 50 % zero, not drawn');
});

test('a mean of bits weighs layers by their weights', () => {
  const layer = { name: '', error: 0, outliers: 0 };
  expect(
    quantization.meanBits([
      { ...layer, bits: 8, bytes: 100 },
      { ...layer, bits: 4, bytes: 150 },
    ]),
  ).toBe(5);
});

test('packed numbers come back: floats exactly, bytes to a part in 255', () => {
  const data = Float32Array.from([0, -1.5, 3e38, NaN, 0.1]);
  expect(unpack(pack(data, [5]))).toEqual(data);
  const shares = Float32Array.from({ length: 7 }, (_, i) => i / 7);
  const packed = packBytes(shares, [7], [0, 1]);
  expect(packedProblem(packed)).toBeUndefined();
  unpack(packed).forEach((value, i) => expect(Math.abs(value - shares[i])).toBeLessThan(1 / 500));
});

test('a bright number survives thinning', () => {
  const data = new Float32Array(1000 * 1000);
  data[123 * 1000 + 456] = -9;
  const small = thinned(data, { width: 1000, height: 1000 }, 200);
  expect([small.width, small.height, Math.min(...(small.data as Float32Array))]).toEqual([200, 200, -9]);
});

test('colour is nothing at zero and shows sign', () => {
  expect([-1, 0, 0.5, 2].map(value => tokens.strength(value, [-1, 2]))).toEqual([-0.5, 0, 0.25, 1]);
  expect([1, 3].map(value => tokens.strength(value, [1, 3]))).toEqual([0, 1]);
  expect([-3, -1].map(value => tokens.strength(value, [-3, -1]))).toEqual([-1, 0]);
  expect(tokens.strength(null, [0, 1])).toBe(0);
  expect(tokens.strength(5, [0, 0])).toBe(0);
});

describe('mistakes are named', () => {
  const cases: [string, () => unknown, RegExp][] = [
    ['tokens and values', () => tokens.tokens(['a', 'b'], [1]), /text 0 has 2 tokens and 1 values/],
    ['texts and lists', () => tokens.tokens([['a'], ['b']], [[1]]), /1 lists of values; expected 2/],
    [
      'a batch of patterns',
      () => attention.attention(tensor(new Float32Array(32), [2, 1, 4, 4]), words),
      /`\.at\(0\)`/,
    ],
    ['tokens of a pattern', () => attention.attention(pattern, ['a']), /from 4 to 4 tokens, and 1 and 1/],
    ['names of dims', () => matrix.matrix(tensor([1], [1]), { axes: [] }), /0 names of dims; expected 1/],
    ['uneven rows', () => matrix.matrix([[1, 2], [3]]), /row 1 has 1 numbers; expected 2/],
    [
      'activations of a batch',
      () =>
        activationMap.activationMap(tensor(new Float32Array(12), [3, 2, 2]), tensor([1, 2], [2, 1, 1, 1])),
      /`\.at\(0\)`/,
    ],
    [
      'pictures of two sizes',
      () => atlas.atlas([tensor(new Float32Array(12), [3, 2, 2]), tensor(new Float32Array(3), [3, 1, 1])]),
      /picture 1 has 1×1 pixels; expected 2×2/,
    ],
    [
      'places too few',
      () => atlas.atlas([tensor(new Float32Array(12), [3, 2, 2])], { places: [] }),
      /places of 0×2; expected 1×2/,
    ],
    [
      'an edge to nowhere',
      () =>
        circuit.circuit({
          nodes: [{ id: 'head 3', layer: 0 }],
          edges: [{ from: 'head 3', to: 'head 4', weight: 1 }],
        }),
      /head 4.*head 3/s,
    ],
    [
      'a node outside its layers',
      () => circuit.circuit({ nodes: [{ id: 'a', layer: 2 }], edges: [], layers: ['one'] }),
      /stands in layer 2, position 0; expected less than 1 and 1/,
    ],
    ['positions of a map', () => patching.patching(tensor([1, 2], [1, 2]), ['a']), /1 positions; expected 2/],
    [
      'a lens with a cell too few',
      () => lens.lens({ layers: ['a'], positions: ['b', 'c'], top: [[[{ token: 'x', probability: 1 }]]] }),
      /expected 1 of 2 positions each/,
    ],
    [
      'a negative error',
      () => quantization.quantization([{ name: 'a', bits: 4, error: -1, outliers: 0, bytes: 1 }]),
      /layers\[0\]\.error/,
    ],
    ['no layers', () => ridgeline.ridgeline({}), /histograms of 0 layers/],
    [
      'steps of a curve',
      () => training.training({ loss: { steps: [1], values: [1, 2] } }),
      /the curve loss has 1 steps and 2 values/,
    ],
    ['nothing', () => matrix.matrix(tensor([], [0])), /0 numbers; expected 1 to/],
  ];
  test.each(cases)('%s', (_, make, message) => expect(make).toThrow(message));
});
