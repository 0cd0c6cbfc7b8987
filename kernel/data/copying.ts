/**
 * `copying`: sequences that repeat themselves after a lag, the data behind `zoo:induction`.
 *
 *   <bos> k c f a k c f a k c …      lag 4: x[t] = x[t − 4]
 *
 * The letters of one period all differ, so from the second period on every token is known from the first: the last
 * time this letter stood here, what followed it? Which lag a sequence has only shows when the first letter returns.
 */
import { NeuronbookError } from '../base/errors.ts';
import type { Rng } from '../base/rng.ts';
import { Vocabulary } from './vocabulary.ts';
import { batchOf, Writer, type Language, type TokenBatch } from './writer.ts';

const LENGTH = 64;
const letters = Array.from(
  { length: 60 },
  (_, i) => `${'bcdfghjklmnprstvwxyz'[i % 20]}${'aio'[Math.floor(i / 20)]}`,
);
const range = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, i) => low + i);

export interface CopyingOptions {
  /** The lags that sequences may have, all equally likely. `copying.lags`, without the one held out, if left out. */
  lags?: readonly number[];
}

const HELD_OUT = 13;
const vocabulary = new Vocabulary(['<bos>', ...letters]);

/**
 * Letters that repeat after a lag. Labels count (`mask`) from the first repeated letter on, where they are certain.
 * @example const { tokens, label } = copying.batch(rng(1), 32, { lags: [copying.heldOut] })
 */
export const copying: Language<CopyingOptions> & { lags: readonly number[]; heldOut: number } = {
  vocabulary,
  length: LENGTH,
  /** The lags to train on: 4 … 24 without `heldOut`. */
  lags: range(4, 24).filter(lag => lag !== HELD_OUT),
  /** A lag that training never shows. A network that learned to copy, rather than to count, solves it. */
  heldOut: HELD_OUT,

  batch(rng: Rng, count: number, { lags = copying.lags }: CopyingOptions = {}): TokenBatch {
    const wrong = lags.find(lag => !Number.isInteger(lag) || lag < 1 || lag > letters.length);
    if (wrong !== undefined || !lags.length)
      throw new NeuronbookError(
        `lag: ${wrong ?? 'none'}; expected whole numbers from 1 to ${letters.length}, the number of letters`,
      );
    return batchOf(count, LENGTH, true, () => repeat(new Writer(rng, vocabulary), lags));
  },
};

function repeat(writer: Writer, lags: readonly number[]): Writer {
  writer.say('<bos>');
  const fresh = [...letters];
  const period: string[] = [];
  for (;;) {
    // does the period end here?  hazard = p(lag = t | lag ≥ t)
    const longer = lags.filter(lag => lag > period.length).length;
    const ends = lags.filter(lag => lag === period.length).length;
    if ((ends || !longer) && writer.choose([longer, ends]) === 1) break;
    const letter = writer.pick(fresh);
    fresh.splice(fresh.indexOf(letter), 1);
    period.push(letter);
    writer.say(letter);
  }
  // the first letter's return is a surprise; what follows it is not
  writer.say(period[0]);
  for (let t = 1; writer.ids.length <= LENGTH; t++) writer.answer(period[t % period.length]);
  return writer;
}
