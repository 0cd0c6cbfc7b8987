/** One small payload of every view that the library makes, to be broken in ways that its type forbids. */
import { tensor, view } from 'neuronbook';

export type Bundle = Record<string, unknown>;

const bundleOf = (value: object): Bundle =>
  JSON.parse(
    JSON.stringify((value as Record<symbol, () => Bundle>)[Symbol.for('Jupyter.display')]()),
  ) as Bundle;

const grey = tensor(new Float32Array(3 * 64).fill(0.5), [1, 3, 8, 8]);
const top = [[[{ token: 'a', probability: 0.5 }]], [[{ token: 'b', probability: 0.9 }]]];

export const everyView = (): Record<string, Bundle> => {
  const nodes = [
    { id: 'a', layer: 0, note: 'first' },
    { id: 'b', layer: 1 },
  ];
  const made: Record<string, object> = {
    tokens: view.tokens(['a', 'b'], [1, 2], { labels: ['text'], notes: [['x', 'y']] }),
    attention: view.attention(tensor([1, 0, 0.5, 0.5], [1, 2, 2]), ['a', 'b']),
    matrix: view.matrix(tensor([1, 2, 3, 4], [2, 2])),
    circuit: view.circuit({ nodes, edges: [{ from: 'a', to: 'b', weight: 1 }] }),
    'activation-map': view.activationMap(grey, tensor([1, 2, 3, 4], [1, 2, 2])),
    atlas: view.atlas([grey, grey], {
      places: [
        [0, 1],
        [1, 0],
      ],
      notes: ['x', 'y'],
    }),
    lens: view.lens({ layers: ['one', 'two'], positions: ['a'], top, next: ['b'] }),
    features: view.features([
      {
        feature: 7,
        label: 'one',
        density: 0.02,
        largest: 3.5,
        mean: 1.25,
        token: 'a',
        histogram: { top: 4, counts: [3, 1] },
        examples: [{ place: 'text 0', value: 3.5, tokens: ['a', 'b'], values: [3.5, 0], at: 0 }],
        nearest: [{ feature: 9, label: 'two', cosine: 0.5 }],
        reads: [{ name: 'channel 1', value: 0.5 }],
        writes: [{ name: 'channel 2', value: -0.5 }],
        raises: [{ name: 'c', value: 1 }],
        lowers: [{ name: 'd', value: -1 }],
      },
    ]),
    patching: view.patching(tensor([0, 1], [2, 1]), ['a'], { prompt: ['a'], source: ['b'] }),
    ridgeline: view.ridgeline({ one: [1, 2, 3] }),
    sparsity: view.sparsity(
      { one: { active: 0.25, units: [0.5, 0], course: [0.5, 0.25] } },
      { steps: [0, 9] },
    ),
    training: view.training({ loss: [3, 2, 1] }),
    quantization: view.quantization([{ name: 'one', bits: 4, error: 0.1, outliers: 0, bytes: 8 }]),
    diff: view.diff(view.matrix(tensor([1, 2], [2])), view.matrix(tensor([1, 3], [2]))),
  };
  return Object.fromEntries(Object.entries(made).map(([name, value]) => [name, bundleOf(value)]));
};
