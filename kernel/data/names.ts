/**
 * `names`: three tasks of the circuits literature in one grammar with one vocabulary, the data behind `zoo:names`.
 *
 *   indirect   Then , Mary and John went to the store . John gave a drink to Mary .
 *   colored    Mary painted the cup red , the pen blue and the hat green . What color is the pen ? It is blue .
 *   greater    The siege lasted from the year 17 32 to the year 17 45 .
 *
 * A sequence is passages one after another. `prompts` gives single passages that stop before their answer, line up
 * word by word, and come with a corrupted twin.
 * @see https://arxiv.org/abs/2211.00593 (indirect objects)
 * @see https://arxiv.org/abs/2310.08744 (colored objects)
 * @see https://arxiv.org/abs/2305.00586 (greater-than)
 */
import { NameError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Rng } from '../base/rng.ts';
import { Tensor } from '../base/tensor.ts';
import { firstYear, numbers, passages, tasks, words, type Drawn, type NamesTask } from './names-grammar.ts';
import { Vocabulary } from './vocabulary.ts';
import { batchOf, Writer, type Language, type TokenBatch } from './writer.ts';

export type { NamesTask } from './names-grammar.ts';

const LENGTH = 64;
const vocabulary = new Vocabulary(words);

export interface NamesOptions {
  /** Only passages of this task; all three in equal shares where left out. */
  task?: NamesTask;
  /** How many questions follow the things of a colored passage; 1 where left out. */
  questions?: number;
}

/** Prompts of one task that line up word by word. */
export interface Prompts {
  /** int64, N×T: up to, and without, the answer. */
  readonly tokens: Tensor;
  /** int64, N×T: the same words but for the one that decides, so that `wrong` becomes right or nothing is. */
  readonly corrupted: Tensor;
  /** bool, N×V: the words that answer the prompt. */
  readonly right: Tensor;
  /** bool, N×V: the words that answer it wrongly: the giver, the other things' colors, the years too early. */
  readonly wrong: Tensor;
}

function checked(task: string | undefined): void {
  if (task !== undefined && !(tasks as readonly string[]).includes(task))
    throw new NameError('task of names', task, nearest(task, tasks));
}

/**
 * Three tasks in one language. Labels count (`mask`) at the answers; `task` says which: 1, 2, 3 in `names.tasks`' order.
 * @example names.vocabulary.decode(names.prompts(rng(1), 2, 'indirect').tokens)
 */
export const names: Language<NamesOptions> & {
  tasks: readonly NamesTask[];
  prompts(rng: Rng, count: number, task: NamesTask): Prompts;
} = {
  vocabulary,
  length: LENGTH,
  tasks,

  batch(rng: Rng, count: number, { task, questions }: NamesOptions = {}): TokenBatch {
    checked(task);
    return batchOf(count, LENGTH, true, () => {
      const writer = new Writer(rng, vocabulary).say('<bos>');
      while (writer.ids.length <= LENGTH) passages[task ?? writer.pick(tasks)](writer, { questions });
      return writer;
    });
  },

  /** @throws NameError on an unknown task */
  prompts(rng: Rng, count: number, task: NamesTask): Prompts {
    checked(task);
    const rows = Array.from({ length: count }, () => {
      const writer = new Writer(rng, vocabulary).say('<bos>');
      const drawn = passages[task](writer, { plain: true });
      const end = writer.marks.findIndex(mark => mark > 0);
      return { ids: writer.ids.slice(0, end), ...twins[task](drawn) };
    });
    const sequences = (turn: (ids: number[], row: (typeof rows)[number]) => number[]) =>
      new Tensor(
        'int64',
        [count, rows[0]?.ids.length ?? 0],
        BigInt64Array.from(
          rows.flatMap(row => turn(row.ids, row)),
          BigInt,
        ),
      );
    const among = (of: (row: (typeof rows)[number]) => readonly string[]) => {
      const flags = new Uint8Array(count * vocabulary.size);
      rows.forEach((row, i) =>
        of(row).forEach(word => (flags[i * vocabulary.size + vocabulary.id(word)] = 1)),
      );
      return new Tensor('bool', [count, vocabulary.size], flags);
    };
    return {
      tokens: sequences(ids => ids),
      corrupted: sequences((ids, { at, becomes }) => ids.with(at, vocabulary.id(becomes))),
      right: among(row => row.right),
      wrong: among(row => row.wrong),
    };
  },
};

interface Twin {
  right: readonly string[];
  wrong: readonly string[];
  /** Where the word that decides stands, from the end of the prompt, and what it becomes in the corrupted twin. */
  at: number;
  becomes: string;
}

/** What answers each prompt, and the change of one word that takes the answer away. */
const twins: Readonly<Record<NamesTask, (drawn: Drawn) => Twin>> = {
  // … [giver] gave a ring to: the other one gives, and the wrong answer becomes right
  indirect: ({ giver, taker }) => ({ right: [taker], wrong: [giver], at: -5, becomes: taker }),
  // … the [asked] ? It is: another thing is asked for
  colored: ({ other, color, first, second, third }) => {
    const wrong = [first, second, third].filter(word => word !== color);
    return { right: [color], wrong, at: -4, becomes: other };
  },
  // … 17 [start] to the year 17: it begins in the year 01, and every later year is right
  greater: ({ start }) => {
    const years = numbers.slice(firstYear);
    return {
      right: years.filter(year => year > start),
      wrong: years.filter(year => year <= start),
      at: -5,
      becomes: '01',
    };
  },
};
