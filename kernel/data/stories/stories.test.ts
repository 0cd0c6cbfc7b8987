/** The grammar of stories: every choice shows in the word that follows it, however deep in a story. */
import { expect, test } from 'vitest';
import { rng } from '../../base/rng.ts';
import { Writer, type Way } from '../writer.ts';
import { story } from './grammar.ts';
import { animals, boys, girls } from './lexicon.ts';
import { stories } from './stories.ts';
import { Tale } from './tale.ts';

/** Names stand for whoever has them: that hero and friend differ is another test's concern. */
const names = new Set([...girls, ...boys, ...animals]);

/** A writer that notes which continuation each `either` took, and where the text stood. */
class Noting extends Writer {
  private readonly taken: { place: string; index: number; at: number }[] = [];

  override either(...ways: Way[]): void {
    // a choice is known by the source of its continuations
    const place = ways.map(([, write]) => String(write)).join(' | ');
    const noting = ways.map(([weight, write], index): Way => {
      const note = () => void this.taken.push({ place, index, at: this.ids.length });
      return [weight, () => (note(), write())];
    });
    super.either(...noting);
  }

  /** By choice and the word that came next: which continuations were taken. */
  get told(): Map<string, Set<number>> {
    const told = new Map<string, Set<number>>();
    for (const { place, index, at } of this.taken) {
      const word = stories.vocabulary.words[this.ids[at]];
      if (names.has(word)) continue;
      const key = `${word} from ${place}`;
      told.set(key, (told.get(key) ?? new Set()).add(index));
    }
    return told;
  }
}

test('no two continuations of a choice begin with the same word', () => {
  const writer = new Noting(rng('noting'), stories.vocabulary);
  for (let i = 0; i < 500; i++) story(new Tale(writer));
  expect(writer.told.size).toBeGreaterThan(100);
  expect([...writer.told].filter(([, indices]) => indices.size > 1).map(([key]) => key)).toEqual([]);
});

test('a choice that the next word does not tell is found', () => {
  const writer = new Noting(rng('noting'), stories.vocabulary);
  for (let i = 0; i < 20; i++) writer.either([1, () => writer.say('a cake')], [1, () => writer.say('a pie')]);
  expect([...writer.told.values()].map(indices => indices.size)).toEqual([2]);
});
