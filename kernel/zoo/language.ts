/** What the zoo's language networks share: their vocabulary in the file, the answers as labels, and their score. */
import { reachableLoss, rng, Tensor, type Language, type Model, type nn, type TokenBatch } from '../index.ts';
import type { Figures } from './recipe.ts';

type Graph = ReturnType<typeof nn.network>;

/** A label that does not count. */
export const IGNORED = -1;

/**
 * The graph with what `model.tokenizer` and `generate` read: words parted by spaces, `<bos>` before them, an end.
 * @see https://huggingface.co/docs/tokenizers/api/models for the fields of a tokenizer.json
 */
export function speaking(graph: Graph, name: string, description: string, { vocabulary }: Language): Graph {
  const { words } = vocabulary;
  const special = words.filter(word => /^<.*>$/.test(word));
  const around = [{ SpecialToken: { id: '<bos>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }];
  const bos = { id: '<bos>', ids: [vocabulary.id('<bos>')], tokens: ['<bos>'] };
  const tokenizer = {
    version: '1.0',
    added_tokens: special.map(content => ({ id: vocabulary.id(content), content, special: true })),
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: {
      type: 'TemplateProcessing',
      single: around,
      pair: around,
      special_tokens: { '<bos>': bos },
    },
    model: { type: 'WordLevel', vocab: Object.fromEntries(words.map((word, id) => [word, id])) },
  };
  const ends = special.filter(word => word === '<end>').map(word => vocabulary.id(word));
  return {
    ...graph,
    metadata: {
      ...graph.metadata,
      'neuronbook.model': `zoo:${name}`,
      'neuronbook.tokenizer': JSON.stringify(tokenizer),
      'neuronbook.stop': JSON.stringify(ends),
      licence: 'MIT',
      description,
    },
  };
}

/** The batch with one more entry, `answer`: the labels where they count for the task, `IGNORED` elsewhere. */
export function withAnswers(batch: TokenBatch): TokenBatch {
  const mask = batch.mask.toNumbers();
  const answer = batch.label.toNumbers().map((label, i) => BigInt(mask[i] ? label : IGNORED));
  return { ...batch, answer: new Tensor('int64', batch.label.dims, BigInt64Array.from(answer)) };
}

/** The same batch where every label counts. */
export const everyWord = (batch: TokenBatch): TokenBatch => ({
  ...batch,
  mask: new Tensor('float32', batch.mask.dims, new Float32Array(batch.mask.size).fill(1)),
});

/** The labels that count, dealt out anew among their places; the others stay. */
export function shuffled(batch: TokenBatch, seed: string): TokenBatch {
  const labels = batch.label.data.slice() as BigInt64Array;
  const places = batch.mask.toNumbers().flatMap((counts, i) => (counts ? [i] : []));
  const order = rng(`${seed}/shuffled`).permutation(places.length);
  order.forEach((from, i) => (labels[places[i]] = (batch.label.data as BigInt64Array)[places[from]]));
  return { ...batch, label: new Tensor('int64', batch.label.dims, labels) };
}

/** What the network says at the labels that count. */
export interface Answers {
  /** −log p of each label, in nats. */
  losses: Float64Array;
  /** Whether the label is the likeliest token. */
  right: boolean[];
  labels: number[];
  /** Where each label lies in the flattened batch. */
  places: number[];
}

export async function answersOf(model: Model, { tokens, label, mask }: TokenBatch): Promise<Answers> {
  const [rows, length] = tokens.dims;
  const weights = mask.toNumbers();
  const wanted = label.toNumbers();
  const places = weights.flatMap((counts, i) => (counts ? [i] : []));
  const losses: number[] = [];
  const right: boolean[] = [];
  // a few rows at a time: logits are large
  for (let row = 0; row < rows; row += CHUNK) {
    const end = Math.min(rows, row + CHUNK);
    const ids = (tokens.data as BigInt64Array).slice(row * length, end * length);
    const { outputs } = await model.run({ tokens: new Tensor('int64', [end - row, length], ids) });
    const logits = outputs.logits.toFloat32OrWider();
    const size = outputs.logits.dims[2];
    for (let at = row * length; at < end * length; at++) {
      if (!weights[at]) continue;
      const scores = Array.from(logits.subarray((at - row * length) * size, (at - row * length + 1) * size));
      const top = Math.max(...scores);
      // −log softmax(x)_k = max x + log Σ exp(x − max x) − x_k
      const total = scores.reduce((sum, x) => sum + Math.exp(x - top), 0);
      losses.push(top + Math.log(total) - scores[wanted[at]]);
      right.push(scores[wanted[at]] === top);
    }
  }
  return { losses: Float64Array.from(losses), right, labels: places.map(at => wanted[at]), places };
}
const CHUNK = 32;

/**
 * How near the network is to the best that the grammar allows, in nats a word:
 *
 *   reached = (unigram − loss) / (unigram − entropy)
 *
 * 0 for words drawn by their frequency alone, 1 for the grammar itself. `entropy` is −log p of these very words.
 */
export async function likelihood(model: Model, batch: TokenBatch): Promise<Figures> {
  const { losses, right, labels } = await answersOf(model, batch);
  const loss = mean(losses);
  const entropy = reachableLoss(batch);
  const unigram = entropyOf(labels);
  return {
    loss,
    entropy,
    'loss − entropy': loss - entropy,
    unigram,
    'unigram − entropy': unigram - entropy,
    'top word right': mean(right.map(Number)),
    reached: (unigram - loss) / (unigram - entropy),
  };
}

/** −Σ p log p of how often each label occurs: what the best network without context loses. */
function entropyOf(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()].reduce((sum, n) => sum - (n / labels.length) * Math.log(n / labels.length), 0);
}

export const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
