/** What a story has said so far, and the small phrases that sentences are made of. */
import type { Writer } from '../writer.ts';
import {
  animals,
  boys,
  girls,
  placeAdjectives,
  places,
  things,
  traits,
  type Feeling,
  type Thing,
} from './lexicon.ts';

export interface Character {
  readonly name: string;
  readonly kind: 'girl' | 'boy' | 'animal';
  feeling?: Feeling;
}

export interface Item {
  readonly noun: string;
  readonly thing: Thing;
}

const pronouns = {
  girl: { subject: 'she', start: 'She', possessive: 'her' },
  boy: { subject: 'he', start: 'He', possessive: 'his' },
  animal: { subject: 'it', start: 'It', possessive: 'its' },
} as const;

/** Weights 1 / (k + 3) of a list's words, by the list's length: Zipf's law, as words have it. */
const ranks = Array.from({ length: 64 }, (_, length) => Array.from({ length }, (_, k) => 1 / (k + 3)));
const thingKinds = Object.keys(things) as Thing[];

export class Tale {
  hero!: Character;
  friend?: Character;
  /** Whom a pronoun means. */
  last!: Character;
  place?: string;
  /** What the hero has, has lost and where, has put away and where, wants to do. */
  own?: Item;
  lost?: { item: Item; place?: string };
  stored?: { item: Item; container: string };
  goal?: { thing: Thing; action: number };
  /** What happens once in a story. */
  readonly said = new Set<string>();

  constructor(readonly writer: Writer) {}

  say(text: string): this {
    this.writer.say(text);
    return this;
  }

  /** Draws a word of a list by Zipf's law, without writing it. */
  draw<T>(list: readonly T[]): T {
    return list[this.writer.choose(ranks[list.length])];
  }

  /** Writes a word of a list. */
  word(list: readonly string[]): string {
    const word = this.draw(list);
    this.say(word);
    return word;
  }

  /** Sometimes an adjective, then a noun. */
  described(adjectives: readonly string[], nouns: readonly string[], often = 1): string {
    if (this.writer.choose([1, often])) this.word(adjectives);
    return this.word(nouns);
  }

  /** A new thing of a class: “a red ball”. The article is written, too. */
  newThing(thing: Thing): Item {
    this.say('a');
    return { thing, noun: this.described(things[thing].adjectives, things[thing].nouns) };
  }

  anyThing(): Thing {
    return this.draw(thingKinds);
  }

  /** “the quiet forest” */
  somewhere(): void {
    this.say('the');
    this.place = this.described(placeAdjectives, places, 0.5);
  }

  /** Somebody new, and how they are called: a person by name. */
  person(): Character {
    const kind = this.writer.choose([1, 1]) ? 'girl' : 'boy';
    const name = this.draw((kind === 'girl' ? girls : boys).filter(known => known !== this.hero?.name));
    this.say(name);
    return { name, kind };
  }

  animal(): Character {
    return { name: this.described(traits, animals), kind: 'animal' };
  }

  /** “Tim”, “the dog”. */
  name({ name, kind }: Character): this {
    return this.say(kind === 'animal' ? `the ${name}` : name);
  }

  /** “she”, “her”. */
  form({ kind }: Character, form: keyof (typeof pronouns)['girl']): string {
    return pronouns[kind][form];
  }
}
