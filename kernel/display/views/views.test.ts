/** Views: every maker's payload passes its own validator and carries forms for those without the extension. */
import { describe, expect, test } from 'vitest';
import { fromBase64, toBase64 } from '../../base/base64.ts';
import { decodePng } from '../../base/png.ts';
import { tensor } from '../../base/tensor.ts';
import { displaySymbol, type Displayable } from '../bundle.ts';
import { thinned } from '../heat.ts';
import { pack, packBytes, packedProblem, unpack, type Packed } from '../packed.ts';
import { envelopeProblem, isPng, NEURONBOOK_MIME, type ViewPayload } from '../payload.ts';
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

const hostile = '<img src=x onerror=alert(1)>"\'&';
const bundle = (view: Displayable) => view[displaySymbol]() as Record<string, string>;
const payload = (view: Displayable) =>
  (bundle(view) as Record<string, unknown>)[NEURONBOOK_MIME] as ViewPayload<string, Record<string, unknown>>;

const words = ['Once', ' upon', '\n', hostile];
const pattern = tensor(
  Float32Array.from({ length: 2 * 16 }, (_, i) => (i % 16) / 40),
  [2, 4, 4],
);
const made: Record<string, { view: Displayable; problem(data: unknown): string | undefined }> = {
  tokens: { view: tokens.tokens(words, [0, -1, NaN, 2], { title: hostile }), problem: tokens.problem },
  texts: {
    view: tokens.tokens([['a'], ['b', 'c']], [[1], [2, 3]], { notes: [['n'], ['x', 'y']] }),
    problem: tokens.problem,
  },
  attention: { view: attention.attention(pattern, words, { title: hostile }), problem: attention.problem },
  'attention of a thousand tokens': {
    view: attention.attention(
      tensor(new Float32Array(2 ** 20).fill(1 / 1024), [1, 1, 1024, 1024]),
      Array(1024).fill('x'),
    ),
    problem: attention.problem,
  },
  matrix: { view: matrix.matrix(tensor([1, -2, 3, NaN, 5, 6], [1, 2, 3])), problem: matrix.problem },
  rows: {
    view: matrix.matrix(
      [
        [1, 2],
        [3, 4],
      ],
      { title: hostile },
    ),
    problem: matrix.problem,
  },
  'activation map': {
    view: activationMap.activationMap(
      tensor(new Float32Array(3 * 48 * 48).fill(0.5), [1, 3, 48, 48]),
      tensor(
        Float32Array.from({ length: 2 * 9 }, (_, i) => i - 4),
        [1, 2, 3, 3],
      ),
      { title: hostile, channels: [hostile, 'two'] },
    ),
    problem: activationMap.problem,
  },
  atlas: {
    view: atlas.atlas(tensor(new Float32Array(5 * 3 * 64).fill(0.5), [5, 3, 8, 8]), {
      labels: [hostile, 'b', 'c', 'd', 'e'],
      columns: 3,
    }),
    problem: atlas.problem,
  },
  'atlas of places': {
    view: atlas.atlas(tensor(new Float32Array(2 * 3 * 64), [2, 3, 8, 8]), {
      places: [
        [1, 5],
        [3, 5],
      ],
      notes: ['n', hostile],
    }),
    problem: atlas.problem,
  },
  circuit: {
    view: circuit.circuit(
      {
        nodes: [
          { id: 'a', label: hostile, layer: 0, value: NaN },
          { id: 'b', layer: 1, note: hostile },
        ],
        edges: [{ from: 'a', to: 'b', weight: -0.5 }],
        layers: ['in', hostile],
      },
      { title: hostile },
    ),
    problem: circuit.problem,
  },
  'circuit of nothing': { view: circuit.circuit({ nodes: [], edges: [] }), problem: circuit.problem },
  patching: {
    view: patching.patching(tensor([0, 0.5, -1, NaN], [2, 2]), [hostile, 'b'], {
      title: hostile,
      prompt: ['a', hostile],
    }),
    problem: patching.problem,
  },
  'patching of heads': {
    view: patching.patching(tensor(new Float32Array(24).fill(0.2), [2, 4, 3]), words, {
      parts: [hostile, 'b', 'c'],
    }),
    problem: patching.problem,
  },
  lens: {
    view: lens.lens(
      {
        layers: ['embed', hostile],
        positions: [hostile, 'b'],
        top: [0.2, 0.7].map(probability => [
          [{ token: hostile, probability }],
          [{ token: 'x', probability }],
        ]),
        next: ['b', 'x'],
      },
      { title: hostile },
    ),
    problem: lens.problem,
  },
  ridgeline: {
    view: ridgeline.ridgeline({ [hostile]: [0, 1, 2, NaN], two: [1, 1, 1] }, { title: hostile, bins: 8 }),
    problem: ridgeline.problem,
  },
  training: {
    view: training.training(
      { [hostile]: [3, NaN, 1], rate: { steps: [0, 9], values: [1, 2] } },
      { title: hostile, state: 'running', total: 20 },
    ),
    problem: training.problem,
  },
  quantization: {
    view: quantization.quantization([{ name: hostile, bits: 4, error: 0.1, outliers: 0, bytes: 9 }], {
      title: hostile,
    }),
    problem: quantization.problem,
  },
  diff: {
    view: diff.diff(matrix.matrix(tensor([1, 2], [1, 2])), matrix.matrix(tensor([2, 0], [1, 2])), {
      title: hostile,
      names: [hostile, 'b'],
    }),
    problem: diff.problem,
  },
  scalar: { view: matrix.matrix(tensor([4], [])), problem: matrix.problem },
};

describe.each(Object.entries(made))('%s', (_, { view, problem }) => {
  test('makes what its validator takes', () => {
    const sent = JSON.parse(JSON.stringify(payload(view))) as ViewPayload<string, unknown>;
    expect(envelopeProblem(sent)).toBeUndefined();
    expect(problem(sent.data)).toBeUndefined();
  });

  test('carries a picture, words, and no markup of others', () => {
    const {
      'image/png': png,
      'image/svg+xml': svg,
      'text/html': html = '',
      'text/plain': text,
    } = bundle(view);
    if (png) expect(decodePng(fromBase64(png)).width).toBeGreaterThan(20);
    else expect(svg).toMatch(/^<svg xmlns/);
    for (const markup of [svg ?? '', html]) expect(markup).not.toMatch(/<img src=x|NaN|undefined|<script/);
    expect(text.length).toBeGreaterThan(0);
    if (png) expect(png.length).toBeLessThan(400_000);
  });

  test.each([undefined, null, 3, [], {}, { title: 'x' }])('refuses %j', data =>
    expect(problem(data)).toMatch(/^data\./),
  );
});

describe('the validators name the fault', () => {
  const cases: [string, (data: unknown) => string | undefined, Displayable, object, RegExp][] = [
    [
      'a value missing',
      tokens.problem,
      made.texts.view,
      { texts: [{ label: '', tokens: ['a'], values: [] }] },
      /one number a token/,
    ],
    [
      'too many tokens',
      tokens.problem,
      made.texts.view,
      { texts: [{ label: '', tokens: Array(20001).fill('a'), values: Array(20001).fill(0) }] },
      /20001 tokens/,
    ],
    ['a range of words', tokens.problem, made.texts.view, { range: ['a', 'b'] }, /two numbers in order/],
    ['heads too few', attention.problem, made.attention.view, { heads: ['one'] }, /is 2×4×4; expected 1×4×4/],
    [
      'bytes cut off',
      attention.problem,
      made.attention.view,
      { pattern: { ...pack(new Float32Array(32), [2, 4, 4]), bytes: 'AAAA' } },
      /has 3 bytes; expected 128/,
    ],
    [
      '10⁹ numbers',
      matrix.problem,
      made.matrix.view,
      { values: { dtype: 'float32', dims: [1e9], bytes: '' } },
      /at most 16777216/,
    ],
    [
      'negative dims',
      matrix.problem,
      made.matrix.view,
      { values: { dtype: 'float32', dims: [-1, -1], bytes: 'AAAAAA==' } },
      /no sizes/,
    ],
  ];
  test.each(cases)('%s', (_, problem, view, change, message) =>
    expect(problem({ ...payload(view).data, ...change })).toMatch(message),
  );
});

/** A payload with one leaf changed, for each leaf and each of these. */
function* wounded(data: unknown): Generator<unknown> {
  const poison = [null, -1, 1e9, 0.5, 'x', [], {}, Infinity, [[[[]]]]];
  const copy = structuredClone(data) as Record<string, unknown>;
  function* visit(node: Record<string, unknown>, depth: number): Generator<unknown> {
    for (const key of Object.keys(node).slice(0, 3)) {
      const kept = node[key];
      for (const bad of poison) {
        node[key] = bad;
        yield copy;
      }
      node[key] = kept;
      if (typeof kept === 'object' && kept !== null && depth < 4)
        yield* visit(kept as Record<string, unknown>, depth + 1);
    }
  }
  yield* visit(copy, 0);
}

test.each(Object.entries(made))(
  '%s: a wounded payload is refused in a sentence or is as good as it was',
  (_, one) => {
    let refused = 0;
    for (const data of wounded(payload(one.view).data)) {
      const said = one.problem(data);
      if (said === undefined) continue;
      refused++;
      expect(said).toMatch(/^(data|there)\b.{3,200}$/s);
    }
    expect(refused).toBeGreaterThan(8);
  },
);

test('a PNG whose header claims to be huge is none', () => {
  const { data } = payload(made.atlas.view) as unknown as { data: { sprite: string } };
  const bytes = fromBase64(data.sprite).slice();
  new DataView(bytes.buffer).setUint32(16, 60_000);
  expect(isPng(data.sprite)).toBe(true);
  expect(isPng(toBase64(bytes))).toBe(false);
});

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
