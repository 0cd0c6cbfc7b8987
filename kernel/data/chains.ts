/**
 * `chains`: letters that point at letters, given in mixed order; a question follows them to the end.
 *
 *   <bos> c → a ; k → c ; a → 7 ; k ? c a 7 ;        three links from k to its number
 *
 * All there is to know stands in the sequence: the task is to look up, and to look up what was found.
 */
import { NeuronbookError } from '../base/errors.ts';
import type { Rng } from '../base/rng.ts';
import { Vocabulary } from './vocabulary.ts';
import { batchOf, Writer, type Language, type TokenBatch } from './writer.ts';

export interface ChainsOptions {
  /** Links from the letter that is asked for to its number. */
  links?: number;
  /** Chains side by side, of which one is asked for. */
  chains?: number;
  /** Whether the letters on the way are part of the answer; else only the number is: all links in one step. */
  steps?: boolean;
}

const letters = [...'abcdefghijklmnopqrstuvwxyz'];
const digits = [...'0123456789'];
const vocabulary = new Vocabulary(['<bos>', '<pad>', '→', ';', '?', ...letters, ...digits]);
const LENGTH = 48;

/**
 * Chains to follow. Labels count (`mask`) in the answer.
 * @example chains.vocabulary.decode(chains.batch(rng(1), 2, { links: 2, chains: 2 }).tokens)
 */
export const chains: Language<ChainsOptions> = {
  vocabulary,
  length: LENGTH,

  /** @throws NeuronbookError where the links do not fit into a sequence, or there are not enough letters */
  batch(
    rng: Rng,
    count: number,
    { links = 3, chains: side = 2, steps = true }: ChainsOptions = {},
  ): TokenBatch {
    const most = Math.floor((LENGTH - links - 3) / 4);
    if (!(links >= 1 && side >= 1 && links * side <= Math.min(most, letters.length)))
      throw new NeuronbookError(
        `chains: ${side} of ${links} links; expected at least one of each and at most ${Math.min(most, letters.length)} links in all`,
      );
    return batchOf(count, LENGTH, true, () => follow(new Writer(rng, vocabulary), links, side, steps));
  },
};

function follow(writer: Writer, links: number, side: number, steps: boolean): Writer {
  const { rng } = writer;
  const names = rng.permutation(letters.length).map(i => letters[i]);
  const ways = Array.from({ length: side }, (_, i) => [
    ...names.slice(i * links, (i + 1) * links),
    rng.pick(digits),
  ]);
  const pairs = ways.flatMap(way => way.slice(1).map((to, i) => [way[i], to]));
  const asked = rng.pick(ways);
  writer.say('<bos>');
  for (const i of rng.permutation(pairs.length)) writer.given(`${pairs[i][0]} → ${pairs[i][1]} ;`);
  writer.given(`${asked[0]} ?`);
  for (const step of steps ? asked.slice(1) : asked.slice(-1)) writer.answer(step);
  writer.say(';');
  while (writer.ids.length <= LENGTH) writer.say('<pad>');
  return writer;
}
