/** Every view of a real network's numbers, as the library makes it: what the specs open and people look at. */
import { copying, load, rng, tensor, view } from 'neuronbook';
import { cell, notebook } from './notebooks.ts';

type Bundle = Record<string, unknown>;

const bundleOf = (value: object): Bundle =>
  (value as Record<symbol, () => Bundle>)[Symbol.for('Jupyter.display')]();

/** One letter sequence that repeats, as the induction network reads it. */
async function induction() {
  const model = await load('zoo:induction');
  const batch = copying.batch(rng('gallery'), 1, { lags: [copying.heldOut] });
  const read = ['blocks.0.attn.pattern', 'blocks.1.attn.pattern', 'blocks.1.attn.q'];
  const { outputs, sites } = await model.run({ tokens: batch.tokens }, { read });
  const words = batch.tokens
    .at(0)
    .toNumbers()
    .map(id => copying.vocabulary.words[id]);
  const wanted = batch.label.at(0).toNumbers();
  const right = wanted.map((id, t) => {
    const scores = outputs.logits.at(0).at(t).toNumbers();
    const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
    return Math.exp(scores[id]) / sum;
  });
  return { words, right, sites };
}

export async function gallery() {
  const { words, right, sites } = await induction();
  const [first, second, queries] = Object.values(sites);
  const views: Record<string, object> = {
    tokens: view.tokens(
      words.map(word => `${word} `),
      right,
      { title: 'How sure the network is of the next letter', unit: 'probability', range: [0, 1] },
    ),
    signed: view.tokens(
      [
        ['The', ' quick', ' brown', ' fox', '\n', 'jumps', ' over'],
        ['a', ' lazy', ' dog', '.'],
      ],
      [
        [0.4, -1.2, 2.1, 0, 0, -0.3, 0.9],
        [0.1, -2, 1.4, 0],
      ],
      {
        title: 'A direction’s projection',
        labels: ['text 1', 'text 2'],
        notes: [
          ['article', 'adjective', 'colour', 'animal', 'new line', 'verb', 'preposition'],
          ['article', 'adjective', 'animal', 'stop'],
        ],
      },
    ),
    attention: view.attention(second, words, { title: 'Attention of layer 1' }),
    one: view.attention(first.at(0).at(0), words, { title: 'One head of layer 0', heads: ['0.0'] }),
    matrix: view.matrix(queries, {
      title: 'Queries of layer 1',
      axes: ['text', 'position', 'head', 'feature'],
    }),
    small: view.matrix(tensor([0.2, 0.8, 0.5, 0.1], [2, 2]), { title: 'Two by two' }),
  };
  return notebook(...Object.entries(views).map(([name, made]) => cell(`view.${name}`, bundleOf(made))));
}
