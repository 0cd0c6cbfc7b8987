/**
 * How `zoo:induction` came about: attention alone, twice, on letters that repeat after a lag. A head of the first layer
 * looks at the token before; one of the second looks for where that was the token of now, and copies what it finds.
 * One lag is held out of training: who counts positions fails there.
 *
 * Positions are rotary. With learned positions (the GPT-2 of this size, 2000 steps) the task was solved as well, held-out
 * lag included, but not by induction: no head of the last layer paid more than 6 % to what followed the same letter
 * wherever it stood before.
 * @see https://transformer-circuits.pub/2022/in-context-learning-and-induction-heads
 */
import { copying, crossEntropy, nn, rng, type Model, type Tensor } from '../../index.ts';
import { IGNORED, likelihood, shuffled, speaking, withAnswers } from '../language.ts';
import { recipe, type Figures } from '../recipe.ts';

const LAYERS = 2;
const SEQUENCES = 100;

export const induction = recipe({
  name: 'induction',
  about: `
Two layers of attention and nothing else (GPT-NeoX without MLPs: width 64, 4 heads each, rotary positions), which finish
sequences of letters that repeat after a lag: \`<bos> ka co fi ba ka co fi ba ka …\`. Lags from 4 to 24 were trained, all but
13, which is held out: a network that copies by position fails there, one with induction heads does not.

- input \`tokens\`: int64, batch×position (at most 64); words by \`model.tokenizer\` or \`copying.vocabulary\`
- output \`logits\`: batch×position×61
- sites \`blocks.0.attn.pattern\`, \`blocks.1.attn.pattern\`, … as of every GPT-NeoX

*Prefix matching* is the attention that the best head of the last layer pays, on average, from a letter to what followed
the same letter before; *previous token* what the best head of the first pays to the letter just before. What is asked is
certain, so the entropy is 0. What it cannot do: anything but copy; letters that
return within a period never occurred.`,
  seed: 'induction 1',
  steps: 1000,
  batch: 32,
  network: () =>
    speaking(
      nn.neox(
        {
          vocabulary: copying.vocabulary.size,
          context: copying.length,
          width: 64,
          layers: LAYERS,
          heads: 4,
          hidden: 0,
          rotary: 1,
        },
        { name: 'induction', seed: 'induction 1' },
      ),
      'induction',
      'Finishes sequences of letters that repeat after a lag, by attention alone.',
      copying,
    ),
  data: (stream, count) => withAnswers(copying.batch(stream, count)),
  loss: crossEntropy({ label: 'answer', ignore: IGNORED }),
  lr: 3e-3,
  decay: 0.01,

  async score(model, drawn, { shuffle = false, share = 1 } = {}) {
    const stream = rng(drawn);
    const count = Math.ceil(SEQUENCES * share);
    const draw = (lags?: readonly number[]) => {
      const batch = copying.batch(stream, count, { lags });
      return shuffle ? shuffled(batch, drawn) : batch;
    };
    const { reached, 'top word right': right, ...figures } = await likelihood(model, draw(copying.lags));
    const heldOut = await likelihood(model, draw([copying.heldOut]));
    return {
      ...figures,
      'next letter right': right,
      'next letter right, held-out lag': heldOut['top word right'],
      'loss, held-out lag': heldOut.loss,
      // shuffled targets change nothing about where the heads look
      ...(!shuffle && (await matching(model, draw([copying.heldOut]).tokens, copying.heldOut))),
      reached,
      'reached, held-out lag': heldOut.reached,
    };
  },
});

/** How much the best head of each layer attends to where its kind looks, on sequences of one lag. */
async function matching(model: Model, tokens: Tensor, lag: number): Promise<Figures> {
  const names = ['blocks.0.attn.pattern', `blocks.${LAYERS - 1}.attn.pattern`];
  const { sites } = await model.run({ tokens }, { read: names, outputs: [] });
  const [first, last] = names.map(name => sites[name]);
  return {
    // after the letter's earlier places, t − lag, t − 2·lag, …
    'prefix matching, held-out lag': bestHead(
      last,
      lag + 1,
      (t, s) => s > 1 && s < t && (t + 1 - s) % lag === 0,
    ),
    'previous token': bestHead(first, lag + 1, (t, s) => s === t - 1),
  };
}

/** The attention from t to all wanted s, averaged over rows and t from `begin` on; of the head that pays most. */
function bestHead({ data, dims }: Tensor, begin: number, wanted: (t: number, s: number) => boolean): number {
  const [rows, heads, length] = dims;
  const pattern = data as Float32Array; // b·h·t·s
  const pairs: number[] = [];
  for (let t = begin; t < length; t++)
    for (let s = 0; s <= t; s++) if (wanted(t, s)) pairs.push(t * length + s);
  const paid = Array.from({ length: heads }, (_, head) => {
    let sum = 0;
    for (let row = 0; row < rows; row++)
      for (const pair of pairs) sum += pattern[(row * heads + head) * length * length + pair];
    return sum / (rows * (length - begin));
  });
  return Math.max(...paid);
}
