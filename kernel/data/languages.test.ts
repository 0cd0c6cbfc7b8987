/** The made-up languages: the same for the same seed, readable, and as probable as they say. */
import { describe, expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { tensor } from '../base/tensor.ts';
import { arithmetic } from './arithmetic.ts';
import { chains } from './chains.ts';
import { copying } from './copying.ts';
import { facts } from './facts.ts';
import { names } from './names.ts';
import { stories } from './stories/stories.ts';
import { batchOf, reachableLoss, Writer, type Language, type TokenBatch } from './writer.ts';
import { Vocabulary } from './vocabulary.ts';

const world = facts({ seed: 1 });
const languages: Record<string, Language> = { copying, names, arithmetic, world, chains, stories };

/** Sequences with their labels' probabilities: words 1 … T of each, `<bos>` left out. */
const rows = (batch: TokenBatch) =>
  Array.from({ length: batch.label.dims[0] }, (_, i) => ({
    label: batch.label.at(i).toNumbers(),
    log: batch.logProbability.at(i).toNumbers(),
    mask: batch.mask.at(i).toNumbers(),
    task: batch.task.at(i).toNumbers(),
  }));

/**
 * What is wrong with the probabilities of sampled text. After the same words, a word must always have the same
 * probability; the probabilities of what was seen to follow add up to at most 1, and to nearly 1 where much was seen;
 * and each word comes about as often as it says.
 */
function incoherent(batch: TokenBatch, vocabulary: Vocabulary): string[] {
  const seen = new Map<string, Map<number, { p: number; times: number }>>();
  const problems: string[] = [];
  for (const { label, log } of rows(batch)) {
    let past = '';
    label.forEach((word, t) => {
      const p = Math.exp(log[t]);
      const next = seen.get(past) ?? new Map<number, { p: number; times: number }>();
      seen.set(past, next);
      const known = next.get(word);
      if (known && Math.abs(known.p - p) > 1e-5 * p)
        problems.push(`${past}| ${vocabulary.words[word]} has ${known.p.toFixed(4)} and ${p.toFixed(4)}`);
      next.set(word, { p, times: (known?.times ?? 0) + 1 });
      past += `${vocabulary.words[word]} `;
    });
  }
  for (const [past, next] of seen) {
    const total = [...next.values()].reduce((sum, { times }) => sum + times, 0);
    const mass = [...next.values()].reduce((sum, { p }) => sum + p, 0);
    if (mass > 1 + 1e-4) problems.push(`${past}| sums to ${mass}`);
    // what was never seen in n draws has a probability of about 3 / n at most, per word that could come
    if (total > 1000 && mass < 0.97) problems.push(`${past}| sums to only ${mass} in ${total}`);
    for (const [word, { p, times }] of next)
      if (total > 400 && Math.abs(times - p * total) > 5 * Math.sqrt(total * p * (1 - p)) + 3)
        problems.push(`${past}| ${vocabulary.words[word]}: ${times} of ${total}, expected ${p * total}`);
  }
  return problems;
}

describe.each(Object.entries(languages))('%s', (_, language) => {
  test('a seed gives the same sequences, and the stream moves on', () => {
    const text = (seed: number) => language.vocabulary.decode(language.batch(rng(seed), 3).tokens);
    expect(text(1)).toBe(text(1));
    expect(text(1)).not.toBe(text(2));
    const stream = rng(1);
    expect(language.vocabulary.decode(language.batch(stream, 3).tokens)).not.toBe(
      language.vocabulary.decode(language.batch(stream, 3).tokens),
    );
  });

  test('labels are the tokens one place on, and the text reads back', () => {
    const { tokens, label, mask, logProbability } = language.batch(rng(3), 2);
    expect(tokens.dims).toEqual([2, language.length]);
    expect(tokens.at(1).toNumbers().slice(1)).toEqual(label.at(1).toNumbers().slice(0, -1));
    expect(language.vocabulary.encode(language.vocabulary.decode(tokens.at(0)))).toEqual(
      tokens.at(0).toNumbers(),
    );
    expect([mask.dtype, logProbability.dtype, label.dtype]).toEqual(['float32', 'float32', 'int64']);
    expect(Math.max(...mask.toNumbers())).toBe(1);
  });
});

describe('probabilities are those of the words given all words before', () => {
  test.each([
    ['copying, few letters deep', copying, 1500],
    ['names', names, 1500],
    ['arithmetic', arithmetic, 4000],
    ['facts', world, 1500],
    ['stories', stories, 1800],
  ] as const)('%s', (_, language, count) => {
    const batch = (language as Language<{ length?: number }>).batch(rng(5), count, { length: 48 });
    expect(incoherent(batch, language.vocabulary)).toEqual([]);
  });

  test('a grammar whose choices the next word does not tell apart is found out', () => {
    const vocabulary = new Vocabulary(['<bos>', 'the', 'cat', 'dog', '.']);
    const stream = rng('ambiguous');
    const batch = batchOf(600, 2, false, () => {
      const writer = new Writer(stream, vocabulary).say('<bos>');
      writer.either([3, () => writer.say('the cat')], [1, () => writer.say('the dog')]);
      return writer;
    });
    expect(incoherent(batch, vocabulary)[0]).toMatch(/^\| the has 0\.(75|25)00 and/);
  });
});

describe('stories', () => {
  const many = stories.batch(rng(9), 1500);

  test('use every word of a vocabulary of more than 500', () => {
    const used = new Set(many.label.toNumbers());
    const unused = stories.vocabulary.words.filter((_, id) => id && !used.has(id));
    expect(unused).toEqual([]);
    expect(stories.vocabulary.size).toBeGreaterThan(500);
  });

  test('read like this', () => {
    expect(stories.vocabulary.decode(stories.batch(rng(2), 2, { length: 60 }).tokens)).toMatchInlineSnapshot(`
      "<bos> One day , a young boy named Tim danced in the river carefully . He wanted to share a shiny balloon . Tim walked through the lake . He met Lucy . Lucy was very happy because she had a little balloon . She watched a kitten . Lucy giggled . Tim wanted to polish a magic map .
      <bos> Once upon a time , there was a brave boy named Leo . He met Dan . Dan used a useful brush carefully . " Oh ! " said Leo . Then Dan shared a shiny kite . Leo danced in the bakery and wanted to discover a golden key . Leo went to the quiet beach . They"
    `);
  });

  test('remember: what is put away is found in the same place', () => {
    const text = stories.vocabulary.decode(many.tokens);
    const found = [...text.matchAll(/looked into the (\w+) and found (?:his|her) (\w+)/g)];
    expect(found.length).toBeGreaterThan(20);
    // in the same line, the same thing was put into the same container; nothing else can precede it
    for (const line of text.split('\n'))
      for (const { 1: container, 2: noun, index } of line.matchAll(
        /looked into the (\w+) and found (?:his|her) (\w+)/g,
      ))
        expect(line.slice(0, index)).toMatch(
          new RegExp(`put (his|her) ${noun} in the (\\w+ )?${container} `),
        );
  });
});

describe('copying', () => {
  test('the held-out lag is never trained on, and every answer is the token one lag before', () => {
    expect(copying.lags).not.toContain(copying.heldOut);
    for (const { label, mask } of rows(copying.batch(rng(1), 200))) {
      const lag = label.indexOf(label[0], 1);
      expect(lag).not.toBe(copying.heldOut);
      expect(label.filter((letter, t) => mask[t] && letter !== label[t - lag])).toEqual([]);
      expect(mask.filter(Boolean).length).toBe(copying.length - lag - 1);
    }
    const held = rows(copying.batch(rng(1), 5, { lags: [copying.heldOut] }));
    expect(held.map(({ label }) => label.indexOf(label[0], 1))).toEqual([13, 13, 13, 13, 13]);
    expect(() => copying.batch(rng(1), 1, { lags: [61] })).toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: lag: 61; expected whole numbers from 1 to 60, the number of letters]`,
    );
  });
});

describe('arithmetic', () => {
  test('sums are right, and the two splits share none', () => {
    const sums = (split: 'train' | 'test') =>
      arithmetic.vocabulary
        .decode(arithmetic.batch(rng(1), 800, { split }).label)
        .split('\n')
        .map(line => line.split(' '))
        .map(([a1, a0, , b1, b0, , ...sum]) => [+(a1 + a0), +(b1 + b0), +sum.slice(0, 3).join('')]);
    for (const split of ['train', 'test'] as const)
      for (const [a, b, sum] of sums(split)) {
        expect(a + b).toBe(sum);
        expect(arithmetic.isTest(a, b)).toBe(split === 'test');
      }
  });
});

describe('names', () => {
  test('three tasks, each marked by its answers', () => {
    const marks = rows(names.batch(rng(4), 300)).flatMap(({ task }) => task.filter(Boolean));
    for (const mark of [1, 2, 3]) expect(marks.filter(value => value === mark).length).toBeGreaterThan(150);
    expect(new Set(marks).size).toBe(3);
  });

  test('several questions about the same things, each answered by what stands behind its thing', () => {
    const { tokens, task, logProbability } = names.batch(rng(5), 20, { task: 'colored', questions: 5 });
    const thing = /* What color is the */ 4;
    for (let row = 0; row < 20; row++) {
      const words = names.vocabulary.decode(tokens.at(row)).split(' ');
      const answers = task
        .at(row)
        .toNumbers()
        .flatMap((mark, at) => (mark ? [at + 1] : []));
      expect(answers.length).toBeGreaterThan(3);
      const asked = answers.filter(at => at < words.length);
      for (const at of asked) expect(words[at]).toBe(words[words.indexOf(words[at - thing]) + 1]);
      // one thing of three is asked for: the choice shows in the thing
      for (const at of asked)
        expect(logProbability.at(row).toNumbers()[at - thing - 1]).toBeCloseTo(-Math.log(3), 6);
    }
  });

  test('prompts line up, and their twin differs in one word that takes the answer away', () => {
    for (const task of names.tasks) {
      const { tokens, corrupted, right, wrong } = names.prompts(rng(1), 30, task);
      for (let i = 0; i < 30; i++) {
        const [clean, broken] = [tokens.at(i).toNumbers(), corrupted.at(i).toNumbers()];
        expect(clean.filter((id, t) => id !== broken[t]).length).toBe(1);
        const both = right
          .at(i)
          .toNumbers()
          .filter((flag, id) => flag && wrong.at(i).toNumbers()[id]);
        expect(both).toEqual([]);
      }
    }
    const { tokens, corrupted } = names.prompts(rng(1), 1, 'indirect');
    expect(names.vocabulary.decode(tokens)).toMatchInlineSnapshot(
      `"<bos> Then , Rosa and Anna went to the cafe . Rosa gave a ring to"`,
    );
    expect(names.vocabulary.decode(corrupted)).toMatchInlineSnapshot(
      `"<bos> Then , Rosa and Anna went to the cafe . Anna gave a ring to"`,
    );
    expect(() => names.prompts(rng(1), 1, 'direct' as 'indirect')).toThrowErrorMatchingInlineSnapshot(
      `[NameError: unknown task of names: direct; nearest: indirect, greater, colored]`,
    );
  });
});

describe('facts', () => {
  test('lands of the people held out are implied and never told', () => {
    const told = world.vocabulary.decode(world.batch(rng(1), 400).tokens);
    for (const person of world.heldOut) {
      expect(told).not.toContain(`the land of ${person} `);
      expect(told).toContain(`${person} lives in ${world.cityOf.get(person)}`);
    }
    const implied = world.vocabulary.decode(world.batch(rng(1), 4, { split: 'implied' }).tokens);
    const [, person, land] = /the land of (\w+) is (\w+) \./.exec(implied)!;
    expect(world.heldOut).toContain(person);
    expect(land).toBe(world.landOf.get(world.cityOf.get(person)!));
    expect(facts({ seed: 2 }).cityOf).not.toEqual(world.cityOf);
  });
});

describe('chains', () => {
  test('the answer is where the links lead', () => {
    for (const line of chains.vocabulary.decode(chains.batch(rng(1), 60).tokens).split('\n')) {
      const links = new Map([...line.matchAll(/(\w) → (\w)/g)].map(([, from, to]) => [from, to]));
      const [, asked, answer] = /(\w) \? ([\w ]+) ;/.exec(line)!;
      let at = asked;
      expect(answer.split(' ')).toEqual(answer.split(' ').map(() => (at = links.get(at)!)));
      expect(links.has(at)).toBe(false);
    }
    expect(() => chains.batch(rng(1), 1, { links: 9, chains: 2 })).toThrowErrorMatchingInlineSnapshot(
      `[NeuronbookError: chains: 2 of 9 links; expected at least one of each and at most 9 links in all]`,
    );
  });
});

describe('reachable loss', () => {
  test('is the entropy where it can be told by hand', () => {
    // four digits drawn from 9000 sums, then three that follow and the end: ln 9000 nats in ten labels
    const { logProbability } = arithmetic.batch(rng(1), 3000);
    const mask = tensor(new Float32Array(30_000).fill(1), [3000, 10]);
    expect(reachableLoss({ logProbability, mask }) * 10).toBeCloseTo(Math.log(9000), 2);
    // a year after the start, uniform: the mean of ln(99 − start) over starts 02 … 97
    const years = Array.from({ length: 96 }, (_, i) => Math.log(99 - (i + 2)));
    expect(reachableLoss(names.batch(rng(1), 1500, { task: 'greater' }))).toBeCloseTo(
      years.reduce((sum, value) => sum + value) / 96,
      1,
    );
    expect(reachableLoss(stories.batch(rng(1), 400))).toBeCloseTo(
      reachableLoss(stories.batch(rng(2), 400)),
      1,
    );
  });
});

test('a word that a language does not have is named, with its nearest', () => {
  expect(() => stories.vocabulary.encode('the kat')).toThrowErrorMatchingInlineSnapshot(
    `[NameError: unknown word: kat; nearest: Kate, at, a; the vocabulary has 545 words]`,
  );
  expect(String(copying.vocabulary)).toMatchInlineSnapshot(
    `"vocabulary of 61 words: <bos> ba ca da fa ga ha ja ka la ma na pa ra sa ta va wa xa ya za bi ci di …"`,
  );
});
