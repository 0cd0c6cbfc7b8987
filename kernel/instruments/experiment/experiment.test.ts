/** Experiments: what is judged, what is kept, what goes on after an interrupt. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { setHost } from '../../base/host.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { experiment } from './experiment.ts';
import type { Mark } from './marks.ts';

const folder = mkdtempSync(`${tmpdir()}/neuronbook-experiment-`);
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => setHost(undefined));

/** Figures that are known: the method has 10 × seed, the control its seed. */
const plan = (ran: string[], marks: Record<string, Mark<'method' | 'control'>>) =>
  experiment({
    question: 'Is ten times more than once?',
    arms: { method: 'ten times the seed' },
    controls: { control: 'the seed' },
    marks,
    prepare: ({ seed }) => {
      ran.push(`prepare ${seed}`);
      return Number(seed);
    },
    run({ arm, seed, shared, scaled }) {
      ran.push(`${arm} ${seed}`);
      return { value: shared * (arm === 'method' ? 10 : 1), size: scaled(100, 1) };
    },
  });
const high = {
  of: (own: Readonly<Record<string, number>>) => own.value,
  atLeast: 9,
  control: 'control',
} as const;

test('each seed is prepared once, each arm run once, marks judged on all seeds', async () => {
  const ran: string[] = [];
  const report = await plan(ran, { high }).run({ live: false, scale: 'small' });
  expect(ran.slice(0, 4)).toEqual(['prepare 1', 'method 1', 'control 1', 'prepare 2']);
  expect(ran).toHaveLength(9);
  expect(report.of('method', 'value')).toEqual([10, 20, 30]);
  expect(report.of('control', 'size')).toEqual([1, 1, 1]);
  expect(report.met).toBe(true);
  expect(report.verdicts).toEqual([
    {
      claim: 'high',
      bound: 'at least 9',
      arm: 'method',
      values: [10, 20, 30],
      met: true,
      control: { arm: 'control', values: [1, 2, 3], fails: true },
    },
  ]);
  expect(report.paired('control', 'method', 'value')).toEqual({
    mean: -18,
    error: expect.closeTo(9 / Math.sqrt(3)) as number,
    smaller: 3,
    seeds: 3,
  });
});

describe('a mark is not reached', () => {
  const met = async (mark: Partial<Mark<'method' | 'control'>>, seeds: number) =>
    (await plan([], { high: { ...high, ...mark } }).run({ live: false, seeds })).met;
  test.each<[string, Partial<Mark<'method' | 'control'>>, number, boolean]>([
    ['where one seed misses it', { atLeast: 11 }, 3, false],
    ['but two of three may be enough', { atLeast: 11, seeds: 0.6 }, 3, true],
    ['where the control reaches it too', {}, 9, false],
    ['where the control does not miss it by enough', { margin: 7 }, 3, false],
    ['where the control misses by enough, it is', { margin: 6 }, 3, true],
    [
      'above the upper bound',
      { atLeast: undefined, atMost: 25, control: undefined, arm: 'method' },
      3,
      false,
    ],
    ['by what is no number', { of: () => Number.NaN, control: undefined }, 3, false],
  ])('%s', async (_, mark, seeds, expected) => {
    // a plan has to name its control somewhere
    const other: Mark<'method' | 'control'> = { of: () => 1, atLeast: 0, arm: 'control' };
    const judged = { high: { ...high, ...mark }, other };
    expect((await plan([], judged).run({ live: false, seeds })).met).toBe(expected);
  });
  test('by a control that is no number', async () => {
    const of = (own: Readonly<Record<string, number>>) => (own.value < 9 ? Number.NaN : 10);
    expect(await met({ of }, 3)).toBe(false);
  });
});

describe('what is kept', () => {
  const to = `${folder}/kept.json`;
  test('an interrupted run goes on where it stood, and keeps what was run', async () => {
    const ran: string[] = [];
    let interrupted = false;
    setHost({
      display() {},
      clear() {},
      get interrupted() {
        return interrupted;
      },
      enterNative() {},
      leaveNative() {},
    });
    const counting = plan(ran, { high: { ...high, of: own => own.value } });
    const stopping = experiment({
      question: counting.question,
      arms: counting.arms,
      controls: counting.controls,
      marks: counting.marks,
      run({ arm, seed }) {
        ran.push(`${arm} ${seed}`);
        interrupted = ran.length === 4;
        return { value: Number(seed) * (arm === 'method' ? 10 : 1) };
      },
    });
    const first = await stopping.run({ to, live: false, commit: 'abc' });
    // the fourth was running when it was cut short
    expect(first.trials.map(({ arm, seed }) => `${arm} ${seed}`)).toEqual([
      'method 1',
      'control 1',
      'method 2',
    ]);
    expect([first.complete, first.met]).toEqual([false, false]);
    expect(String(first.marks())).toContain('3 of 6 runs so far');
    interrupted = false;
    ran.length = 0;
    ran.push('', '', '', '', '');
    const second = await stopping.run({ to, live: false });
    expect(ran.slice(5)).toEqual(['control 2', 'method 3', 'control 3']);
    expect(second.met).toBe(true);
    expect(second.trials[0].commit).toBe('abc');
    const kept = JSON.parse(readFileSync(to, 'utf8')) as Record<string, unknown>;
    expect(Object.keys(kept)).toEqual(
      expect.arrayContaining(['version', 'key', 'scale', 'question', 'trials', 'verdicts', 'met']),
    );
    expect(second.trials[0]).toEqual({
      arm: 'method',
      seed: 1,
      figures: { value: 10 },
      seconds: expect.any(Number) as number,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      commit: 'abc',
    });
  });

  test('more seeds are added, another scale or key is run anew', async () => {
    const path = `${folder}/more.json`;
    const ran: string[] = [];
    const made = plan(ran, { high });
    const count = async (options: Parameters<typeof made.run>[0]) => {
      ran.length = 0;
      await made.run({ to: path, live: false, ...options });
      return ran.filter(line => !line.startsWith('prepare')).length;
    };
    expect(await count({ scale: 'small' })).toBe(6);
    expect(await count({ scale: 'small' })).toBe(0);
    expect(await count({ scale: 'small', seeds: 5 })).toBe(4);
    expect(await count({ scale: 'full' })).toBe(6);
    expect(await count({ scale: 'full', key: 'other' })).toBe(6);
  });

  test('what is no number stays so', async () => {
    const path = `${folder}/nan.json`;
    const made = experiment({
      question: 'Is nothing a number?',
      arms: { method: 'nothing' },
      controls: {},
      marks: { 'a number': { of: own => own.value, atLeast: 0 } },
      run: () => ({ value: Number.NaN }),
    });
    await made.run({ to: path, live: false });
    expect((await made.run({ to: path, live: false })).of('method', 'value')).toEqual([NaN, NaN, NaN]);
  });

  test('a file that is something else is left alone', async () => {
    const path = `${folder}/other.json`;
    writeFileSync(path, '{"my":"data"}');
    await expect(plan([], { high }).run({ to: path, live: false })).rejects.toThrow(
      `${path} is no report of an experiment; give \`to\` another name or delete it`,
    );
    expect(readFileSync(path, 'utf8')).toBe('{"my":"data"}');
  });
});

describe('a plan that could not fail is refused', () => {
  test.each<[string, Record<string, Mark<'method' | 'control'>>, string]>([
    ['no marks', {}, 'an experiment without marks; expected at least one'],
    ['no bound', { high: { of: own => own.value } }, 'the mark "high" has no bound; give atLeast or atMost'],
    [
      'an idle control',
      { high: { of: own => own.value, atLeast: 9 } },
      'the control control is named by no mark; expected one that it has to fail',
    ],
    [
      'an arm that is not there',
      { high: { ...high, arm: 'methods' as 'method' } },
      'the mark "high" names methods; the arms are method, control',
    ],
    [
      'a share of no seeds',
      { high: { ...high, seeds: 0 } },
      'seeds of the mark "high": 0; expected a share above 0, up to 1',
    ],
  ])('%s', (_, marks, said) => expect(() => plan([], marks)).toThrow(said));
  test('no seeds', () =>
    expect(plan([], { high }).run({ seeds: 0 })).rejects.toThrow(
      'seeds: 0; expected a whole number from 1, or a list',
    ));
});

test('a mark of a figure that is not measured says which are', async () => {
  const marks = { high: { ...high, of: (own: Readonly<Record<string, number>>) => own.vlaue } };
  await expect(plan([], marks).run({ live: false })).rejects.toThrow(
    'the mark "high" gives undefined; expected a number: the figures of method are value, size',
  );
});

test('it shows itself: the question, the marks and the arms', async () => {
  const report = await plan([], { high }).run({ live: false, scale: 'small' });
  expect(String(report)).toMatchInlineSnapshot(`
    "Is ten times more than once?

    claim  mark        arm     each seed   control that has to fail  reached
    high   at least 9  method  10, 20, 30  control: 1, 2, 3          yes
    1 of 1 marks, 3 seeds

    arm                value    size
    method             20 ± 10  1 ± 0
    control (control)  2 ± 1    1 ± 0
    mean ± standard deviation over seeds"
  `);
  const bundle = report[displaySymbol]();
  expect(bundle['text/html']).toContain('<td style="text-align: left">control: 1, 2, 3</td>');
});
