/**
 * What somebody does in a story: the part of a sentence behind its subject, one verb and what belongs to it. Each way
 * begins with a word of its own. What happens is remembered: what is put away is found where it was put, what is lost
 * is looked for, what is wanted is done.
 */
import * as lexicon from './lexicon.ts';
import type { Feeling, Thing } from './lexicon.ts';
import type { Way } from '../writer.ts';
import type { Character, Item, Tale } from './tale.ts';

const feelings = Object.keys(lexicon.feelings) as Feeling[];
/** Whose things can be kept. */
const keepable: readonly Thing[] = ['toy', 'clothing', 'tool', 'treasure'];

/** The rest of a sentence whose subject has been written, with its full stop. */
export function act(tale: Tale, who: Character): void {
  tale.last = who;
  deed(tale, who);
  tale.writer.either(
    [3, () => tale.say('.')],
    [
      0.7,
      () => {
        tale.say('and');
        deed(tale, who);
        tale.say('.');
      },
    ],
  );
}

/** One verb with its objects. */
function deed(tale: Tale, who: Character): void {
  const { own, lost, stored, friend, hero, writer } = tale;
  const mine = who === hero;
  const ways: Way[] = [
    [1.5, () => going(tale)],
    [2.5, () => handle(tale, who)],
    [1.2, () => feel(tale, who)],
    [who.feeling ? 2 : 0, () => react(tale, who)],
    [mine ? 0.8 : 0, () => want(tale)],
    [mine && !friend ? 0.8 : 0, () => meet(tale)],
    [tale.said.has('relative') ? 0 : 0.3, () => ask(tale, who)],
    [mine && own ? 1 : 0, () => put(tale, who)],
    [mine && own ? 0.6 : 0, () => lose(tale, who)],
    [mine && own && friend ? 0.8 : 0, () => give(tale, who)],
    [mine && stored ? 2 : 0, () => look(tale, who)],
    [mine && lost ? 2 : 0, () => find(tale, who)],
  ];
  writer.either(...ways);
}

/** … walked through the quiet forest */
export function going(tale: Tale): void {
  const [verb, preposition] = tale.draw(lexicon.motions);
  tale.say(`${verb} ${preposition}`).somewhere();
  manner(tale);
}

/** … quickly, sometimes */
const manner = (tale: Tale): void => tale.writer.either([4, () => {}], [1, () => tale.word(lexicon.adverbs)]);

const actions = Object.entries(lexicon.actions).flatMap(([thing, list], kind) =>
  list.map(([past], action) => ({
    thing: thing as Thing,
    action,
    past,
    usual: 1 / ((kind + 3) * (action + 3)),
  })),
);
const usual = actions.map(action => action.usual);

/** … threw a red ball · … threw her ball: the verb says what kind of thing it takes */
function handle(tale: Tale, who: Character): void {
  const { own, hero, writer } = tale;
  const goal = who === hero ? tale.goal : undefined;
  // what was wanted is likely done now
  const wanted =
    goal && actions.findIndex(({ thing, action }) => thing === goal.thing && action === goal.action);
  const { thing, past } = actions[writer.choose(wanted === undefined ? usual : usual.with(wanted, 4))];
  tale.say(past);
  if (who === hero) tale.goal = undefined;
  const known = who === hero && own?.thing === thing;
  writer.either(
    [known ? 3 : 0, () => possess(tale, who, own!)],
    [
      1,
      () => {
        const item = tale.newThing(thing);
        if (who === hero && keepable.includes(thing)) tale.own = item;
      },
    ],
  );
  manner(tale);
}

/** … was sad because she lost her key */
function feel(tale: Tale, who: Character): void {
  const { own, lost, hero, writer } = tale;
  tale.word(['was', 'felt']);
  writer.either([3, () => {}], [1, () => tale.say('very')]);
  who.feeling = tale.draw(feelings);
  tale.say(who.feeling);
  const subject = tale.form(who, 'subject');
  const reasons: Partial<Record<Feeling, () => void>> = {
    happy: () => tale.say(`because ${subject} had`).newThing('toy'),
    proud: () => tale.say(`because ${subject} made`).newThing('food'),
    tired: () => going(tale.say(`because ${subject}`)),
    scared: () => tale.say('because there was a').animal(),
    ...(who === hero && own && { happy: () => possess(tale.say(`because ${subject} had`), who, own) }),
    ...(who === hero && lost && { sad: () => possess(tale.say(`because ${subject} lost`), who, lost.item) }),
    ...(who === hero &&
      lost && { angry: () => possess(tale.say(`because ${subject} could not see`), who, lost.item) }),
  };
  const reason = reasons[who.feeling];
  writer.either([1, () => {}], [reason ? 1 : 0, () => reason!()]);
}

/** … cried: what one does follows from how one feels */
function react(tale: Tale, who: Character): void {
  tale.word(lexicon.feelings[who.feeling!]);
  who.feeling = undefined;
  manner(tale);
}

/** … wanted to bake a pie */
function want(tale: Tale): void {
  const thing = tale.say('wanted to').anyThing();
  const action = tale.draw(lexicon.actions[thing].map((_, k) => k));
  tale.say(lexicon.actions[thing][action][1]);
  tale.newThing(thing);
  tale.goal = { thing, action };
}

/** … met a clever fox · … met Ben */
function meet(tale: Tale): void {
  tale.say('met');
  tale.writer.either(
    [1, () => (tale.friend = tale.say('a').animal())],
    [1, () => (tale.friend = tale.person())],
  );
}

/** … asked his mom for help, once in a story */
function ask(tale: Tale, who: Character): void {
  tale.said.add('relative');
  tale.say(`asked ${tale.form(who, 'possessive')}`).word(lexicon.relatives);
  tale.say('for help');
}

/** … put his ball in the wooden box */
function put(tale: Tale, who: Character): void {
  const item = tale.own!;
  possess(tale.say('put'), who, item);
  tale.say('in the');
  tale.stored = { item, container: tale.described(lexicon.containerAdjectives, lexicon.containers, 0.5) };
  tale.own = undefined;
}

/** … looked into the box and found his ball: where it was put */
function look(tale: Tale, who: Character): void {
  const { item, container } = tale.stored!;
  possess(tale.say(`looked into the ${container} and found`), who, item);
  tale.own = item;
  tale.stored = undefined;
}

/** … lost her key */
function lose(tale: Tale, who: Character): void {
  possess(tale.say('lost'), who, tale.own!);
  tale.lost = { item: tale.own!, place: tale.place };
  tale.own = undefined;
}

/** … found her key at the park: where she was when it was lost */
function find(tale: Tale, who: Character): void {
  const { item, place } = tale.lost!;
  possess(tale.say('found'), who, item);
  tale.say('at the');
  if (place) tale.say(place);
  else tale.place = tale.word(lexicon.places);
  tale.own = item;
  tale.lost = undefined;
}

/** … gave her coin to the dog */
function give(tale: Tale, who: Character): void {
  possess(tale.say('gave'), who, tale.own!);
  tale.name(tale.say('to').friend!);
  tale.own = undefined;
}

/** “her key” */
function possess(tale: Tale, who: Character, { noun }: Item): void {
  tale.say(`${tale.form(who, 'possessive')} ${noun}`);
}
