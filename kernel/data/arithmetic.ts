/**
 * `arithmetic`: two-digit additions digit by digit, the data behind `zoo:arithmetic`.
 *
 *   <bos> 3 4 + 5 8 = 0 9 2 <end>
 *
 * One in ten of the 10⁴ sums is never in the training split, so that a network which learned to carry can be told
 * from one that learned the table.
 */
import type { Rng } from '../base/rng.ts';
import { rng as seeded } from '../base/rng.ts';
import { Vocabulary } from './vocabulary.ts';
import { batchOf, Writer, type Language, type TokenBatch } from './writer.ts';

export type ArithmeticSplit = 'train' | 'test' | 'all';

export interface ArithmeticOptions {
  /** Which sums. */
  split?: ArithmeticSplit;
}

const PAIRS = 10_000;
const digits = [...'0123456789'];
const vocabulary = new Vocabulary(['<bos>', '<end>', '+', '=', ...digits]);

/** Sums of the test split, by 100·a + b: the first tenth of a fixed order. */
const held = new Set(
  seeded('arithmetic/test')
    .permutation(PAIRS)
    .slice(0, PAIRS / 10),
);
const member: Readonly<Record<ArithmeticSplit, (pair: number) => boolean>> = {
  train: pair => !held.has(pair),
  test: pair => held.has(pair),
  all: () => true,
};

/** How many sums of a split begin with the digits so far: counts[k][prefix], k digits known. */
const countsOf = (split: ArithmeticSplit): readonly Float64Array[] => {
  const counts = [1, 10, 100, 1000, 10_000].map(size => new Float64Array(size));
  for (let pair = 0; pair < PAIRS; pair++)
    if (member[split](pair)) counts.forEach((count, k) => count[Math.floor(pair / 10 ** (4 - k))]++);
  return counts;
};
const counts: Partial<Record<ArithmeticSplit, readonly Float64Array[]>> = {};

/**
 * Additions. Labels count (`mask`) at the three digits of the sum.
 * @example arithmetic.vocabulary.decode(arithmetic.batch(rng(1), 4, { split: 'test' }).tokens)
 */
export const arithmetic: Language<ArithmeticOptions> & { isTest(a: number, b: number): boolean } = {
  vocabulary,
  length: 10,
  /** Whether a + b is held out of training. */
  isTest: (a, b) => held.has(100 * a + b),

  batch(rng: Rng, count: number, { split = 'train' }: ArithmeticOptions = {}): TokenBatch {
    const known = (counts[split] ??= countsOf(split));
    return batchOf(count, arithmetic.length, true, () => add(new Writer(rng, vocabulary), known));
  },
};

function add(writer: Writer, counts: readonly Float64Array[]): Writer {
  writer.say('<bos>');
  let pair = 0;
  for (let k = 1; k <= 4; k++) {
    // p(digit | digits so far) = sums of the split that go on with it / sums that got here
    const digit = writer.choose(Array.from(counts[k].subarray(10 * pair, 10 * pair + 10)));
    pair = 10 * pair + digit;
    writer.say(digits[digit]);
    if (k === 2) writer.say('+');
  }
  writer.say('=');
  const sum = Math.floor(pair / 100) + (pair % 100);
  for (const digit of String(sum).padStart(3, '0')) writer.answer(digit);
  return writer.say('<end>');
}
