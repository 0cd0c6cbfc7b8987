/**
 * How a made-up language is written: token by token, each with the probability that it had.
 *
 * A grammar is a program that calls `choose` and `say`. What was chosen since the last word becomes part of the
 * next word's probability:
 *
 *   log p(word | what stands before it) = Σ log p(choice),  over the choices since the word before
 *
 * That is exact where the next word tells every choice apart (the alternatives of a choice never begin with the
 * same word: the grammar is LL(1)) and where choices depend on nothing but the words so far. A language's test
 * checks both on samples.
 */
import type { Rng } from '../base/rng.ts';
import { Tensor } from '../base/tensor.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Sequences with what is known about them; `fit` takes it as a batch. */
export interface TokenBatch {
  /** int64, N×T: ids. */
  readonly tokens: Tensor;
  /** int64, N×T: at each place the token that comes next. */
  readonly label: Tensor;
  /** float32, N×T: 1 where the label counts for the task (everywhere, for running text). */
  readonly mask: Tensor;
  /** float32, N×T: natural logarithm of the label's probability, given all tokens up to here; NaN where unknown. */
  readonly logProbability: Tensor;
  /** So that a batch is one of `fit`'s. */
  readonly [entry: string]: Tensor;
}

/** What all languages here offer. */
export interface Language<Options = object> {
  readonly vocabulary: Vocabulary;
  /** Tokens in a sequence. */
  readonly length: number;
  /**
   * `count` sequences. The stream moves on: the next call gives new ones. The same stream gives the same sequences.
   */
  batch(rng: Rng, count: number, options?: Options): TokenBatch;
}

/** A continuation and how often it is taken, relative to the others. */
export type Way = readonly [weight: number, write: () => unknown];

export class Writer {
  readonly ids: number[] = [];
  readonly logs: number[] = [];
  readonly marks: number[] = [];
  private pending = 0;

  constructor(
    readonly rng: Rng,
    private readonly vocabulary: Vocabulary,
  ) {}

  /** Draws an index by weight. Its probability goes to the next word. */
  choose(weights: readonly number[]): number {
    let total = 0;
    for (const weight of weights) total += weight;
    let rest = this.rng.uniform() * total;
    let index = 0;
    // rounding can leave a sliver behind the last weight
    for (let i = 0; i < weights.length && rest >= 0; i++) if (weights[i] > 0) rest -= weights[(index = i)];
    this.pending += Math.log(weights[index] / total);
    return index;
  }

  /** One of the items, all equally likely. */
  pick<T>(items: readonly T[]): T {
    this.pending -= Math.log(items.length);
    return items[this.rng.integer(items.length)];
  }

  /** Goes on with one of several continuations, drawn by weight: `[[3, () => …], [1, () => …]]`. */
  either(...ways: readonly Way[]): void {
    ways[this.choose(ways.map(([weight]) => weight))][1]();
  }

  /** Writes words, parted by spaces. The first carries what was chosen; the others follow by necessity. */
  say(text: string): this {
    for (const word of text.split(' ')) this.put(this.vocabulary.id(word), 0);
    return this;
  }

  /** Writes words whose probability is not known: what a task gives and does not ask for. */
  given(text: string): this {
    for (const word of text.split(' ')) {
      this.pending = NaN;
      this.put(this.vocabulary.id(word), 0);
    }
    return this;
  }

  /** Writes one word that is the answer of a task; `mark` tells tasks apart. */
  answer(word: string, mark = 1): this {
    this.put(this.vocabulary.id(word), mark);
    return this;
  }

  private put(id: number, mark: number): void {
    this.ids.push(id);
    this.logs.push(this.pending);
    this.marks.push(mark);
    this.pending = 0;
  }
}

/**
 * A batch from sequences of T+1 tokens or more (what is beyond is cut).
 * @param masked whether only answers count; otherwise every label does
 * @returns tokens 0 … T−1 and, one place on, the labels; `task` holds the answers' marks, 0 elsewhere
 */
export function batchOf(count: number, length: number, masked: boolean, write: () => Writer): TokenBatch {
  const dims = [count, length];
  const tokens = new BigInt64Array(count * length);
  const label = new BigInt64Array(count * length);
  const task = new BigInt64Array(count * length);
  const mask = new Float32Array(count * length).fill(1);
  const logProbability = new Float32Array(count * length);
  for (let row = 0; row < count; row++) {
    const { ids, logs, marks } = write();
    for (let t = 0, at = row * length; t < length; t++, at++) {
      tokens[at] = BigInt(ids[t]);
      label[at] = BigInt(ids[t + 1]);
      task[at] = BigInt(marks[t + 1]);
      logProbability[at] = logs[t + 1];
      if (masked) mask[at] = marks[t + 1] ? 1 : 0;
    }
  }
  return {
    tokens: new Tensor('int64', dims, tokens),
    label: new Tensor('int64', dims, label),
    task: new Tensor('int64', dims, task),
    mask: new Tensor('float32', dims, mask),
    logProbability: new Tensor('float32', dims, logProbability),
  };
}

/**
 * The cross-entropy, in nats a token, that no network can go below: the mean of −log p over the labels that count.
 * Over many sequences it is the entropy rate of the language.
 * @example reachableLoss(stories.batch(rng(1), 500)) // what a perfect model of the grammar would score
 */
export function reachableLoss({ logProbability, mask }: Pick<TokenBatch, 'logProbability' | 'mask'>): number {
  const logs = logProbability.toFloat32OrWider();
  const weights = mask.toFloat32OrWider();
  let [sum, total] = [0, 0];
  for (let i = 0; i < logs.length; i++) {
    if (!weights[i]) continue;
    sum -= weights[i] * logs[i];
    total += weights[i];
  }
  return total ? sum / total : 0;
}
