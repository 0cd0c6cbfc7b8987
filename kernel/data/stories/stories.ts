/**
 * `stories`: small made-up stories of more than 500 words, the data behind `zoo:stories` and `zoo:gated`.
 *
 *   Once upon a time , there was a kind girl named Mia . She wore a warm coat and met a clever fox . Mia put her
 *   coat in the wooden box . The trees near the gate were tall . Then the fox laughed . Mia looked into the box …
 *
 * There is something to learn at every distance: which adjectives suit which things, which verb takes which; the
 * pronoun that suits a name; a verb that agrees across a phrase; who was met, what is owned, lost, wanted, and in
 * which box it lies. The probability of every word is known, so it is known how far from perfect a network is.
 */
import type { Rng } from '../../base/rng.ts';
import { Vocabulary } from '../vocabulary.ts';
import { batchOf, Writer, type Language, type TokenBatch } from '../writer.ts';
import { story } from './grammar.ts';
import { words } from './lexicon.ts';
import { Tale } from './tale.ts';

const vocabulary = new Vocabulary(words);

export interface StoriesOptions {
  /** Tokens in a sequence. */
  length?: number;
}

/**
 * Stories, one after another. Every label counts.
 * @example
 * stories.vocabulary.decode(stories.batch(rng(1), 1).tokens)
 * reachableLoss(stories.batch(rng(1), 500)) // nats a word, the least that any network can have
 */
export const stories: Language<StoriesOptions> = {
  vocabulary,
  length: 128,

  batch(rng: Rng, count: number, { length = stories.length }: StoriesOptions = {}): TokenBatch {
    return batchOf(count, length, false, () => {
      const writer = new Writer(rng, vocabulary).say('<bos>');
      while (writer.ids.length <= length) story(new Tale(writer));
      return writer;
    });
  },
};
