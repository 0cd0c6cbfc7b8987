/**
 * Every function of the front door has an example; each is type-checked and run. A line `expression // → text` also
 * says what comes out. `test-examples-scenes.ts` holds what examples take for granted.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { setHost } from './base/host.ts';
import { entry, programOf, publicOf, sceneOf, typeErrors } from './test-examples.ts';
import * as scenes from './test-examples-scenes.ts';
import { blocksOf, runSnippet } from './test-snippets.ts';

/** Functions that have no example yet: this list may only shrink. */
const without: string[] = [];

const program = programOf();
const all = publicOf(program, entry);
const examples = all.flatMap(({ name, file, examples }) => examples.map(code => ({ name, file, code })));

const home = process.cwd();
const folder = mkdtempSync(`${tmpdir()}/neuronbook-examples-`);
process.chdir(folder);
setHost({
  display() {},
  clear() {},
  input: async () => 'Ada',
  interrupted: false,
  enterNative() {},
  leaveNative() {},
});
afterAll(() => {
  setHost(undefined);
  process.chdir(home);
  rmSync(folder, { recursive: true });
});
const everywhere = await scenes.everywhere();

const run = (
  { file, code }: { file: string; code: string },
  seen: (value: unknown, shown: string) => void,
) => {
  const scene = sceneOf(file);
  const checked = code.replace(
    /^(.+?);? \/\/ → (.+)$/gm,
    (_, expression, shown) => `seen(${expression}, ${JSON.stringify(shown)});`,
  );
  // a block of its own, in which an example may declare a name that it could have had
  return runSnippet(`{${checked}\n}`, {
    ...everywhere,
    ...(scene && scenes[scene]()),
    ...scenes.short,
    seen,
  });
};

test('every function of the front door has an example', () => {
  const lacking = all.filter(({ kind, examples }) => kind === 'function' && !examples.length);
  expect(lacking.map(({ name }) => name)).toEqual(without);
});

test('a function without one is found', () => {
  const seeded = 'export const bare = () => 1;\n/** Two. @example told() */\nexport const told = () => 2;';
  const found = publicOf(programOf({ 'seeded.ts': seeded }, program), entry.replace('index.ts', 'seeded.ts'));
  expect(found.map(({ name, kind, examples }) => [name, kind, ...examples])).toEqual([
    ['bare', 'function'],
    ['told', 'function', 'told()'],
  ]);
});

describe('what the compiler says of them', () => {
  const names = {
    everywhere: Object.keys(everywhere),
    engine: Object.keys(scenes.engine()),
    layers: Object.keys(scenes.layers()),
  };
  test('nothing', () => expect(typeErrors(examples, names, program)).toEqual([]));
  test('something, of one that passes a number for a site', () =>
    expect(
      typeErrors([{ name: 'wrong', file: 'model/edits.ts', code: 'ablate(3)' }], names, program),
    ).toEqual(["wrong: Argument of type 'number' is not assignable to parameter of type 'string'."]));
});

test.each(examples.map(example => [example.name, example] as const))('%s', async (_, example) => {
  await run(example, (value, shown) => expect(String(value)).toBe(shown));
});

test('the tours of the README, and what the second says is written', async () => {
  const [first, second, ...more] = blocksOf(readFileSync(new URL('../README.md', import.meta.url), 'utf8'));
  expect(more).toEqual([]);
  await runSnippet(first, scenes.short);
  const goesOn = (model: string) =>
    `(await generate(${model}, text, { tokens: 4 })).split(' ').slice(-4).join(' ')`;
  const results = `return [${goesOn('gpt')}, ${goesOn("gpt.edit(ablate('blocks.0.attn.out'))")}];`;
  const [whole, edited] = (await runSnippet(`${second}\n${results}`, scenes.short)) as string[];
  expect(second).toContain(`// goes on: ${whole}\n`);
  expect(edited).not.toBe(whole);
});

test('one that shows another value than comes out fails', async () => {
  const wrong = { file: 'base/tensor.ts', code: 'tensor([1, 2]).dims // → 3' };
  await expect(run(wrong, (value, shown) => expect(String(value)).toBe(shown))).rejects.toThrow(
    "expected '2' to be '3'",
  );
});
