/** The words of `names`, and how its three kinds of passage are written. */
import type { Writer } from './writer.ts';

const people =
  'Mary John Anna Peter Laura Paul Emma Mark Sarah Tom Alice Jack Helen David Julia Simon Clara Martin Rosa Oscar Nina Felix Ida Hugo Eva Leo Maria Max Sophie Ben Lucy Adam Olga Carl Vera Ivan Ruth Noah Greta Sam'.split(
    ' ',
  );
const places = 'store park school office garden station market library museum cafe beach hospital'.split(' ');
const gifts = 'drink book ball letter ring key map coat phone ticket basket camera'.split(' ');
const verbs = 'gave handed passed offered'.split(' ');
const things = 'cup pen bag hat plate pencil box bottle scarf lamp spoon vase'.split(' ');
const colors = 'red blue green yellow black white brown purple orange pink'.split(' ');
const events = 'war trip siege project drought voyage festival reign truce strike'.split(' ');
/** `00` … `99`: years after the century, and centuries. */
export const numbers = Array.from({ length: 100 }, (_, i) => String(i).padStart(2, '0'));
const centuries = numbers.slice(11, 20);
export const firstYear = 2;
const lastYear = 97;

export const words = [
  '<bos> When Then Afterwards , . ? and went to the gave a painted is What color It The lasted from year'.split(
    ' ',
  ),
  [...people, ...places, ...gifts, ...verbs, ...things, ...colors, ...events, ...numbers],
].flat();

/** What a passage is about, in the order of their marks: 1, 2, 3. */
export const tasks = ['indirect', 'colored', 'greater'] as const;
export type NamesTask = (typeof tasks)[number];

/** One of the items that was not drawn yet. */
const another = (writer: Writer, items: readonly string[], drawn: readonly string[]): string =>
  writer.pick(items.filter(item => !drawn.includes(item)));

/** What was drawn, so that a prompt's answer and its corrupted twin can be told. */
export type Drawn = Readonly<Record<string, string>>;

/** How a passage is written. */
export interface Style {
  /** Always the same template and order, so that prompts line up. */
  plain?: boolean;
  /** How many questions follow the things of a colored passage. */
  questions?: number;
}

/** One passage. */
export const passages: Readonly<Record<NamesTask, (writer: Writer, style?: Style) => Drawn>> = {
  // Then , A and B went to the park . B gave a ring to A .
  indirect(writer, { plain = false } = {}) {
    const when = !plain && writer.choose([1, 1]) === 0;
    if (when) writer.say('When');
    else writer.say(plain || writer.choose([1, 1]) ? 'Then' : 'Afterwards').say(',');
    const a = writer.pick(people);
    writer.say(a).say('and');
    const b = another(writer, people, [a]);
    writer.say(b).say('went to the');
    writer.say(writer.pick(places)).say(when ? ',' : '.');
    const [giver, taker] = writer.choose([1, 1]) ? [a, b] : [b, a];
    writer.say(giver);
    writer.say(writer.pick(verbs)).say('a');
    writer.say(writer.pick(gifts)).say('to');
    writer.answer(taker, 1).say('.');
    return { a, b, giver, taker };
  },

  // Mary painted the cup red , the pen blue and the hat green . What color is the pen ? It is blue .
  colored(writer, { questions = 1 } = {}) {
    const drawn: string[] = [];
    writer.say(writer.pick(people)).say('painted the');
    for (const next of [', the', 'and the', '.']) {
      for (const list of [things, colors]) {
        const word = another(writer, list, drawn);
        drawn.push(word);
        writer.say(word);
      }
      writer.say(next);
    }
    let asked = 0;
    for (let question = 0; question < questions; question++) {
      writer.say('What color is the');
      asked = writer.choose([1, 1, 1]);
      writer.say(drawn[2 * asked]).say('? It is');
      writer.answer(drawn[2 * asked + 1], 2).say('.');
    }
    const [first, second, third] = [drawn[1], drawn[3], drawn[5]];
    return { first, second, third, color: drawn[2 * asked + 1], other: drawn[2 * ((asked + 1) % 3)] };
  },

  // The siege lasted from the year 17 32 to the year 17 45 .
  greater(writer) {
    writer.say('The').say(writer.pick(events)).say('lasted from the year');
    const century = writer.pick(centuries);
    writer.say(century);
    const start = firstYear + writer.pick(numbers.slice(firstYear, lastYear + 1).map((_, i) => i));
    writer.say(numbers[start]).say('to the year').say(century);
    writer.answer(writer.pick(numbers.slice(start + 1)), 3).say('.');
    return { start: numbers[start] };
  },
};
