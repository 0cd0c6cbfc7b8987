/**
 * How `zoo:gated` came about: the stories of `zoo:stories`, told by a small Llama: root-mean-square norms, rotary
 * positions and gated MLPs (SwiGLU), so that what holds for ReLUs can be asked of gates.
 */
import { nn, stories as language } from '../../index.ts';
import { speaking } from '../language.ts';
import { recipe } from '../recipe.ts';
import { stories } from '../stories/recipe.ts';

export const gated = recipe({
  // the data, the loss and the score are the same
  ...stories,
  name: 'gated',
  about: `
A language model of three layers (Llama: root-mean-square norms, rotary positions, gated MLPs of 256 units with SiLU, width
96, 4 heads) of the made-up stories of \`stories\`: ${language.vocabulary.size} words, sentences that remember who was met, what is
owned, lost or hidden, and where. The same language as \`zoo:stories\`, which has ReLUs.

- input \`tokens\`: int64, batch×position (at most ${language.length}); words by \`model.tokenizer\` or \`stories.vocabulary\`
- output \`logits\`: batch×position×${language.vocabulary.size}
- sites \`blocks.0.mlp.pre\` (the gate), \`blocks.0.mlp.up\`, \`blocks.0.mlp.post\`, … as of every Llama

*Entropy* is −log p of these very words by the grammar that drew them: no network can do better but by luck. *Unigram* is
what is lost by words drawn by their frequency alone. What it cannot do: any story of another grammar.`,
  seed: 'gated 1',
  steps: 1600,
  lr: 2e-3,
  network: () =>
    speaking(
      nn.llama(
        {
          vocabulary: language.vocabulary.size,
          context: language.length,
          width: 96,
          layers: 3,
          heads: 4,
          hidden: 256,
          tied: true,
        },
        { name: 'gated', seed: 'gated 1' },
      ),
      'gated',
      'Tells made-up stories; a language model with gated MLPs.',
      language,
    ),
});
