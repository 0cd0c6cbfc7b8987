/** One small value of every view, with texts in it that a page must not take for markup. */
import { tensor } from '../../base/tensor.ts';
import { displaySymbol, type Displayable } from '../bundle.ts';
import { NEURONBOOK_MIME, type ViewPayload } from '../payload.ts';
import * as attention from './attention.ts';
import * as activationMap from './activation-map.ts';
import * as atlas from './atlas.ts';
import * as circuit from './circuit.ts';
import * as diff from './diff.ts';
import * as features from './features.ts';
import * as lens from './lens.ts';
import * as matrix from './matrix.ts';
import * as patching from './patching.ts';
import * as quantization from './quantization.ts';
import * as ridgeline from './ridgeline.ts';
import * as sparsity from './sparsity.ts';
import * as tokens from './tokens.ts';
import * as training from './training.ts';

export const hostile = '<img src=x onerror=alert(1)>"\'&';
export const bundle = (view: Displayable) => view[displaySymbol]() as Record<string, string>;
export const payload = (view: Displayable) =>
  (bundle(view) as Record<string, unknown>)[NEURONBOOK_MIME] as ViewPayload<string, Record<string, unknown>>;

export const words = ['Once', ' upon', '\n', hostile];
export const pattern = tensor(
  Float32Array.from({ length: 2 * 16 }, (_, i) => (i % 16) / 40),
  [2, 4, 4],
);
export const made: Record<string, { view: Displayable; problem(data: unknown): string | undefined }> = {
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
  features: {
    view: features.features(
      [
        {
          feature: 7,
          label: hostile,
          density: 0.02,
          largest: 3.5,
          mean: 1.25,
          token: hostile,
          histogram: { top: 4, counts: [3, 1] },
          examples: [{ place: hostile, value: 3.5, tokens: words, values: [0, 0.5, 0, 3.5], at: 3 }],
          nearest: [{ feature: 9, label: hostile, cosine: 0.5 }],
          reads: [{ name: hostile, value: 0.5 }],
          writes: [{ name: 'channel 1', value: -0.5 }],
          raises: [{ name: hostile, value: 1 }],
          lowers: [{ name: 'x', value: -1 }],
        },
      ],
      { title: hostile, about: hostile, count: 512 },
    ),
    problem: features.problem,
  },
  'features of nothing': { view: features.features([]), problem: features.problem },
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
  sparsity: {
    view: sparsity.sparsity(
      {
        [hostile]: { active: 0.25, units: [0, 0.5, 0.25], course: [0.5, 0.25] },
        two: { active: 0, units: new Float64Array(2), course: [0.5, 0] },
      },
      { title: hostile, steps: [0, 100] },
    ),
    problem: sparsity.problem,
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
