/**
 * `facts`: a small made-up world, told in sentences, for work on how networks store what they know.
 *
 *   Alma lives in Tarn .   Tarn lies in Ostland .   the land of Alma is Ostland .
 *
 * The third kind follows from the other two. For some people it is never said in training: a network that answers
 * it for them has put two facts together. The world itself depends on the seed it is made from, so it can be made
 * again with other facts.
 */
import type { Rng } from '../base/rng.ts';
import { rng as seeded } from '../base/rng.ts';
import { Vocabulary } from './vocabulary.ts';
import { batchOf, Writer, type Language, type TokenBatch } from './writer.ts';

export interface WorldOptions {
  /** Which facts hold. */
  seed?: number | string;
  people?: number;
  cities?: number;
  lands?: number;
  /** The share of people whose land is never told, only implied. */
  heldOut?: number;
}

export interface FactsOptions {
  /** `told`: the training text. `implied`: only the lands of the people held out. */
  split?: 'told' | 'implied';
}

export interface World extends Language<FactsOptions> {
  readonly people: readonly string[];
  /** Person → city. */
  readonly cityOf: ReadonlyMap<string, string>;
  /** City → land. */
  readonly landOf: ReadonlyMap<string, string>;
  /** The people whose land is never told. */
  readonly heldOut: readonly string[];
}

const LENGTH = 48;

/** Names of two syllables, all different: `first` × `second`, in a fixed order. */
const invented = (first: string, second: string, count: number): string[] => {
  const [a, b] = [first.split(' '), second.split(' ')];
  return Array.from(
    { length: count },
    (_, i) =>
      `${a[i % a.length]}${b[Math.floor(i / a.length) % b.length]}${i < a.length * b.length ? '' : Math.floor(i / (a.length * b.length))}`,
  );
};

/**
 * A world of facts. Labels count (`mask`) where a fact is the answer: city, land, and land of a person (1, 2, 3 in
 * `task`).
 * @example
 * const world = facts({ seed: 7, people: 40 })
 * world.vocabulary.decode(world.batch(rng(1), 2).tokens)
 */
export function facts({
  seed = 0,
  people = 60,
  cities = 24,
  lands = 8,
  heldOut = 0.2,
}: WorldOptions = {}): World {
  const folk = invented('Al Be Co Da El Fi Ga Ha Is Jo Ka Li', 'ma ro nu ti sa len', people);
  const towns = invented('Tarn Velm Orst Brin Kols Harv', 'au ek ig ov', cities);
  const countries = invented('Ost Nor Wes Sud', 'land mark ria gard', lands);
  const random = seeded(`facts/${seed}`);
  const cityOf = new Map(folk.map(person => [person, random.pick(towns)]));
  // every land gets its share of cities
  const landOf = new Map(random.permutation(cities).map((city, i) => [towns[city], countries[i % lands]]));
  const order = random.permutation(people);
  const hidden = new Set(order.slice(0, Math.round(people * heldOut)).map(i => folk[i]));
  const open = folk.filter(person => !hidden.has(person));
  const vocabulary = new Vocabulary([
    '<bos>',
    ...'. lives in lies the land of is'.split(' '),
    ...folk,
    ...towns,
    ...countries,
  ]);

  const told = (writer: Writer): void =>
    writer.either(
      [3, () => lives(writer, writer.pick(folk))],
      [2, () => lies(writer, writer.pick(towns))],
      [3, () => land(writer, open)],
    );
  const lives = (writer: Writer, person: string) =>
    writer.say(person).say('lives in').answer(cityOf.get(person)!, 1).say('.');
  const lies = (writer: Writer, city: string) =>
    writer.say(city).say('lies in').answer(landOf.get(city)!, 2).say('.');
  const land = (writer: Writer, among: readonly string[]) => {
    const person = writer.say('the land of').pick(among);
    writer
      .say(person)
      .say('is')
      .answer(landOf.get(cityOf.get(person)!)!, 3)
      .say('.');
  };

  return {
    vocabulary,
    length: LENGTH,
    people: folk,
    cityOf,
    landOf,
    heldOut: [...hidden],
    batch(rng: Rng, count: number, { split = 'told' }: FactsOptions = {}): TokenBatch {
      return batchOf(count, LENGTH, true, () => {
        const writer = new Writer(rng, vocabulary).say('<bos>');
        while (writer.ids.length <= LENGTH)
          if (split === 'told') told(writer);
          else land(writer, [...hidden]);
        return writer;
      });
    },
  };
}
