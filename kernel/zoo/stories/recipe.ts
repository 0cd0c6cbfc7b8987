/**
 * How `zoo:stories` came about: a small GPT-NeoX with ReLUs on made-up stories. Their grammar knows the probability of every
 * word, so it is known how much is left to learn. ReLU, since its units are silent for most words: what transcoders and
 * measures of sparsity look at.
 */
import { crossEntropy, nn, rng, stories as language } from '../../index.ts';
import { likelihood, shuffled, speaking } from '../language.ts';
import { recipe } from '../recipe.ts';

const SEQUENCES = 60;

export const stories = recipe({
  name: 'stories',
  about: `
A language model of three layers (GPT-NeoX, one part of a block after the other; width 96, 4 heads, 384 units with
ReLU in each MLP, rotary positions) of the made-up stories of
\`stories\`: ${language.vocabulary.size} words, sentences that remember who was met, what is owned, lost or hidden, and where.

- input \`tokens\`: int64, batch×position (at most ${language.length}); words by \`model.tokenizer\` or \`stories.vocabulary\`
- output \`logits\`: batch×position×${language.vocabulary.size}
- sites \`blocks.0.attn.pattern\`, \`blocks.0.mlp.pre\`, \`blocks.0.mlp.post\`, … as of every GPT-NeoX

*Entropy* is −log p of these very words by the grammar that drew them: no network can do better but by luck. *Unigram* is
what is lost by words drawn by their frequency alone. What it cannot do: any story of another grammar.`,
  seed: 'stories 1',
  steps: 1700,
  batch: 8,
  network: () =>
    speaking(
      nn.neox(
        {
          vocabulary: language.vocabulary.size,
          context: language.length,
          width: 96,
          layers: 3,
          heads: 4,
          activation: 'relu',
          rotary: 1,
          parallel: false,
          tied: true,
        },
        { name: 'stories', seed: 'stories 1' },
      ),
      'stories',
      'Tells made-up stories; a language model with ReLUs.',
      language,
    ),
  data: (stream, count) => language.batch(stream, count),
  loss: crossEntropy(),
  lr: 3e-3,
  decay: 0.01,
  clip: 1,

  score(model, drawn, { shuffle = false, share = 1 } = {}) {
    const fresh = language.batch(rng(drawn), Math.ceil(SEQUENCES * share));
    return likelihood(model, shuffle ? shuffled(fresh, drawn) : fresh);
  },
});
