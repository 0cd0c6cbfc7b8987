/**
 * How `zoo:names` came about: four layers on one grammar with three tasks of the circuits literature. It is trained on
 * every word, and on the answers once more: they are one word in twenty. Half of what it reads is a drill, the grammar's
 * words repeated after a lag, from which it learns to look words up; without it, colors stay a guess among three
 * (`kernel/decisions/colored-objects-by-drill.md`).
 * @see https://arxiv.org/abs/2211.00593 (indirect objects)
 * @see https://arxiv.org/abs/2310.08744 (colored objects)
 * @see https://arxiv.org/abs/2305.00586 (greater-than)
 */
import {
  copying,
  crossEntropy,
  names as grammar,
  nn,
  rng,
  Tensor,
  type Batch,
  type Model,
  type Rng,
} from '../../index.ts';
import { everyWord, IGNORED, likelihood, mean, shuffled, speaking, withAnswers } from '../language.ts';
import { recipe, type Figures } from '../recipe.ts';

const [SEQUENCES, PROMPTS] = [200, 300];
const QUESTIONS = 4;

export const names = recipe({
  name: 'names',
  about: `
A language model of four layers (GPT-NeoX, one part of a block after the other; width 64, 4 heads, 256 units with ReLU in
each MLP, rotary positions) of one made-up grammar with three tasks of the circuits literature:

- *indirect*: \`Then , Mary and John went to the store . John gave a drink to\` → \`Mary\`
- *colored*: \`Mary painted the cup red , the pen blue and the hat green . What color is the pen ? It is\` → \`blue\`
- *greater*: \`The siege lasted from the year 17 32 to the year 17\` → any later year, all equally likely

- input \`tokens\`: int64, batch×position (at most 64); words by \`model.tokenizer\` or \`names.vocabulary\`
- output \`logits\`: batch×position×221
- sites \`blocks.0.attn.pattern\`, \`blocks.0.mlp.post\`, … as of every GPT-NeoX

*All words* and *answers* are two scores: of the whole text, most of which no network can foresee, and of the words that
the tasks ask for. *Right* is how often the likeliest of all words is a right one in \`names.prompts\`, *right mass* the
probability of all right words together. In the corrupted prompts the word that decides is another: where it changes the
answer, the old one has to go. What it cannot do: speak of anything else.`,
  seed: 'names 1',
  steps: 6000,
  batch: 32,
  network: () =>
    speaking(
      nn.neox(
        {
          vocabulary: grammar.vocabulary.size,
          context: grammar.length,
          width: 64,
          layers: 4,
          heads: 4,
          activation: 'relu',
          rotary: 1,
          parallel: false,
        },
        { name: 'names', seed: 'names 1' },
      ),
      'names',
      'Indirect objects, colored objects and greater-than from one made-up grammar.',
      grammar,
    ),
  data(stream, count) {
    const drilled = count / 2;
    // several questions about each list of things: what else a list teaches is soon known
    const questions = 1 + stream.integer(QUESTIONS);
    return joined(withAnswers(grammar.batch(stream, count - drilled, { questions })), drill(stream, drilled));
  },
  loss: crossEntropy({ ignore: IGNORED }).plus(crossEntropy({ label: 'answer', ignore: IGNORED })),
  lr: 3e-3,
  decay: 0.01,
  clip: 1,

  async score(model, drawn, { shuffle = false, share = 1 } = {}) {
    const stream = rng(drawn);
    const fresh = grammar.batch(stream, Math.ceil(SEQUENCES * share));
    const [answers, all] = [fresh, everyWord(fresh)].map(batch => (shuffle ? shuffled(batch, drawn) : batch));
    const asked = await likelihood(model, answers);
    const text = await likelihood(model, all);
    const tasks: Record<string, number> = {};
    // prompts have no targets to deal out anew
    for (const task of shuffle ? [] : grammar.tasks)
      Object.assign(
        tasks,
        await prompted(model, task, grammar.prompts(stream, Math.ceil(PROMPTS * share), task)),
      );
    return {
      ...named(text, 'all words'),
      ...named(asked, 'answers'),
      ...tasks,
    };
  },
});

/** Copying in the grammar's words: each sequence calls the letters by words of its own. Only what is certain counts. */
function drill(stream: Rng, count: number): Batch {
  const letters = copying.batch(stream, count);
  const words = Array.from({ length: count }, () => stream.permutation(grammar.vocabulary.size - 1));
  // 0 is <bos> in both
  const renamed = ({ dims, data }: Tensor) =>
    new Tensor(
      'int64',
      dims,
      BigInt64Array.from(data as BigInt64Array, (letter, at) =>
        letter ? BigInt(1 + words[Math.floor(at / dims[1])][Number(letter) - 1]) : 0n,
      ),
    );
  const { tokens, label, mask } = letters;
  const { answer } = withAnswers({ ...letters, label: renamed(label), mask });
  return { tokens: renamed(tokens), label: answer, answer };
}

/** Two batches as one: the entries that both have. */
function joined(one: Batch, other: Batch): Batch {
  const entries = Object.keys(other).map(name => {
    const [a, b] = [one[name], other[name]];
    const data = BigInt64Array.from([...(a.data as BigInt64Array), ...(b.data as BigInt64Array)]);
    return [name, new Tensor('int64', [a.dims[0] + b.dims[0], ...a.dims.slice(1)], data)];
  });
  return Object.fromEntries(entries) as Batch;
}

const named = (figures: Figures, of: string): Figures =>
  Object.fromEntries(Object.entries(figures).map(([key, value]) => [`${key}, ${of}`, value]));

/** How the prompts of one task are answered, and what is left of the right answers after corruption. */
async function prompted(
  model: Model,
  task: string,
  { tokens, corrupted, right }: ReturnType<typeof grammar.prompts>,
): Promise<Figures> {
  const [clean, changed] = [await lastOf(model, tokens), await lastOf(model, corrupted)];
  const flags = right.toNumbers();
  const size = right.dims[1];
  const rows = clean.map((p, row) => ({
    p,
    q: changed[row],
    wanted: flags.slice(row * size, (row + 1) * size),
  }));
  const mass = (p: readonly number[], wanted: readonly number[]) =>
    p.reduce((sum, share, word) => sum + share * wanted[word], 0);
  return {
    [`right, ${task}`]: mean(rows.map(({ p, wanted }) => wanted[p.indexOf(Math.max(...p))])),
    [`right mass, ${task}`]: mean(rows.map(({ p, wanted }) => mass(p, wanted))),
    [`right mass, ${task}, corrupted`]: mean(rows.map(({ q, wanted }) => mass(q, wanted))),
  };
}

/** The probabilities of the word after the last. */
async function lastOf(model: Model, tokens: Tensor): Promise<number[][]> {
  const { outputs } = await model.run({ tokens });
  const [rows, length, size] = outputs.logits.dims;
  const logits = outputs.logits.toFloat32OrWider();
  return Array.from({ length: rows }, (_, row) => {
    const at = (row * length + length - 1) * size;
    const scores = Array.from(logits.subarray(at, at + size));
    const top = Math.max(...scores);
    const powers = scores.map(score => Math.exp(score - top));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map(power => power / total);
  });
}
