/**
 * The sentences of `stories`. Every choice is between continuations that begin with different words, and depends on
 * the story so far alone (`tale.ts`), so that each word's probability is exact; `writer.ts` says why.
 */
import { act, going } from './acts.ts';
import * as lexicon from './lexicon.ts';
import type { Tale } from './tale.ts';

/** One story, to its `<end>`. */
export function story(tale: Tale): void {
  opening(tale);
  for (let count = 1; tale.writer.choose([1, count < 3 ? 0 : 0.15]) === 0; count++) sentence(tale);
  closing(tale);
}

function opening(tale: Tale): void {
  const { writer } = tale;
  const named = () => {
    const kind = writer.choose([1, 1]) ? 'girl' : 'boy';
    tale.say(kind).say('named');
    tale.hero = tale.last = { kind, name: tale.word(kind === 'girl' ? lexicon.girls : lexicon.boys) };
  };
  const ways: Record<string, () => void> = {
    // Once upon a time , there was a kind girl named Mia .
    once() {
      tale.say('Once upon a time , there was a').word(lexicon.traits);
      named();
    },
    // One day , a brave boy named Tim walked through the forest .
    one() {
      tale.say('One').word(lexicon.times);
      tale.say(', a').word(lexicon.traits);
      named();
      going(tale);
    },
    // Lily was a shy girl .
    plainly() {
      tale.hero = tale.last = tale.person();
      tale.say('was a').word(lexicon.traits);
      tale.say(tale.hero.kind);
    },
  };
  writer.either([4, ways.once], [2, ways.one], [2, ways.plainly]);
  tale.say('.');
}

function closing(tale: Tale): void {
  tale.say('They');
  tale.writer.either(
    [2, () => tale.say('all went home and lived happily ever after')],
    [1, () => tale.say('became very happy friends')],
    [1, () => tale.say('learned that friends always').word(lexicon.lessons)],
  );
  tale.say('.');
  tale.writer.either([1, () => tale.say('The end . <end>')], [1, () => tale.say('<end>')]);
}

function sentence(tale: Tale): void {
  const { friend, hero, last, writer } = tale;
  const person = friend && friend.kind !== 'animal';
  writer.either(
    // Mia found a shiny key .
    [3, () => act(tale.name(hero), hero)],
    // She was happy because she had a kite .
    [5, () => act(tale.say(tale.form(last, 'start')), last)],
    [person ? 1.2 : 0, () => act(tale.name(friend!), friend!)],
    [1, () => linked(tale)],
    [0.7, () => speech(tale)],
    [0.8, () => the(tale)],
    [0.3, () => chance(tale)],
    [0.3, () => weather(tale)],
  );
}

/** But she could not find her hat . */
function linked(tale: Tale): void {
  const { hero, last, friend, writer } = tale;
  tale.word(['Then', 'But', 'So']);
  writer.either(
    [1, () => act(tale.name(hero), hero)],
    [2, () => act(tale.say(tale.form(last, 'subject')), last)],
    [friend ? 1 : 0, () => act(tale.name(friend!), friend!)],
  );
}

/** The dog barked … where a friend is an animal; else The trees near the gate were tall . */
function the(tale: Tale): void {
  const { friend, writer } = tale.say('The');
  const animal = friend?.kind === 'animal';
  writer.either(
    [animal ? 2 : 0, () => act(tale.say(friend!.name), friend!)],
    [
      1,
      () => {
        // the verb agrees with the many, not with what they stand beside
        tale.word(lexicon.plurals);
        tale.word(['near', 'around', 'behind', 'beside']);
        tale.say('the').word(lexicon.landmarks);
        tale.say('were');
        writer.either([1, () => {}], [0.4, () => tale.say('very')]);
        tale.word(lexicon.looks);
        tale.say('.');
      },
    ],
  );
}

/** There was a fluffy kitten near the pond . */
function chance(tale: Tale): void {
  tale.say('There was').newThing('creature');
  tale.say('near').somewhere();
  tale.say('.');
}

/** One morning , it was cold . */
function weather(tale: Tale): void {
  tale.say('One').word(lexicon.times);
  tale.say(', it was').word(lexicon.weathers);
  tale.say('.');
}

/** " I like the red ball ! " said Tim . */
function speech(tale: Tale): void {
  const { writer, hero, friend } = tale.say('"');
  const thing = () => {
    tale.say('the');
    const { adjectives, nouns } = lexicon.things[tale.anyThing()];
    tale.described(adjectives, nouns);
  };
  const question = writer.choose([3, 2, 1.5, 1]);
  [
    () => tale.word(lexicon.exclamations),
    () => {
      tale.say('I');
      tale.word(['like', 'want', 'see', 'love', 'have']);
      thing();
    },
    () => {
      tale.say('can you');
      writer.either([1, () => tale.say('help me')], [1, () => (tale.say('see'), thing())]);
    },
    () => tale.say('we can').word(lexicon.lessons),
  ][question]();
  tale.say(question === 2 ? '? "' : '! "');
  tale.word(question === 2 ? ['asked', 'whispered'] : lexicon.speech);
  writer.either(
    [1, () => (tale.last = tale.name(hero).hero)],
    [friend ? 1 : 0, () => (tale.last = tale.name(friend!).friend!)],
  );
  tale.say('.');
}
