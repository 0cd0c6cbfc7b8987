/**
 * How `zoo:arithmetic` came about: two layers that add two numbers of two digits and write the sum from its first digit
 * on, so that a carry has to be foreseen. One sum in ten is never trained: who learned the table by heart fails there.
 * @see https://arxiv.org/abs/2301.05217 for what networks make of such tasks
 */
import { arithmetic as sums, crossEntropy, nn, rng } from '../../index.ts';
import { answersOf, IGNORED, likelihood, shuffled, speaking, withAnswers } from '../language.ts';
import { recipe } from '../recipe.ts';

const EXAMPLES = 1000;

export const arithmetic = recipe({
  name: 'arithmetic',
  about: `
A transformer of two layers (GPT-2 with ReLU, width 64, 4 heads, 256 units in each MLP) that adds two numbers of two
digits: \`<bos> 3 4 + 5 8 = 0 9 2 <end>\`. The sum is written from its first digit on, so a carry has to be foreseen. One
sum in ten of the 10,000 was never trained; all figures are of these.

- input \`tokens\`: int64, batch×position (at most 10); words by \`model.tokenizer\` or \`arithmetic.vocabulary\`
- output \`logits\`: batch×position×14; only those at \`=\` and the first two digits of the sum were trained
- sites \`blocks.0.attn.pattern\`, \`blocks.0.mlp.post\`, … as of every GPT-2

The sum is certain, so the entropy is 0. What it cannot do: numbers of other lengths, other orders, anything but the sum.`,
  seed: 'arithmetic 1',
  steps: 2000,
  batch: 128,
  network: () =>
    speaking(
      nn.gpt2(
        {
          vocabulary: sums.vocabulary.size,
          context: sums.length,
          width: 64,
          layers: 2,
          heads: 4,
          activation: 'relu',
        },
        { name: 'arithmetic', seed: 'arithmetic 1' },
      ),
      'arithmetic',
      'Adds two numbers of two digits, digit by digit.',
      sums,
    ),
  data: (stream, count) => withAnswers(sums.batch(stream, count)),
  loss: crossEntropy({ label: 'answer', ignore: IGNORED }),
  lr: 2e-3,
  decay: 0.1,

  async score(model, drawn, { shuffle = false, share = 1 } = {}) {
    const fresh = sums.batch(rng(drawn), Math.ceil(EXAMPLES * share), { split: 'test' });
    const batch = shuffle ? shuffled(fresh, drawn) : fresh;
    const { reached, 'top word right': right, ...figures } = await likelihood(model, batch);
    const whole = new Map<number, boolean>();
    const answers = await answersOf(model, batch);
    answers.places.forEach((at, i) => {
      const row = Math.floor(at / sums.length);
      whole.set(row, (whole.get(row) ?? true) && answers.right[i]);
    });
    const exact = [...whole.values()].filter(Boolean).length / whole.size;
    return { ...figures, 'digits right': right, reached, 'reached: whole sums right': exact };
  },
});
