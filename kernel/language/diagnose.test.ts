/** Type errors over cells: what is right in a notebook passes, what is wrong has its place, whatever project it lies in. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createService } from './service.ts';

const inFolder = () => mkdtempSync(join(tmpdir(), 'diagnose-'));

/** A notebook: each cell is checked, then known. */
function notebook(folder: string) {
  const service = createService(folder);
  let count = 0;
  return (code: string): string[] => {
    const found = service
      .diagnose(code)
      .map(
        ({ code, line, column, severity, file }) => `${severity} ${code} at ${file ?? `${line}:${column}`}`,
      );
    service.addCell(code, ++count);
    return found;
  };
}

describe('in a folder without a project', () => {
  const run = notebook(inFolder());
  test.each([
    [
      'no type is asked for',
      ['function loose(a, b) { return a + b }', 'const f = x => x.y', 'let x; x = 5', 'x + 1'],
    ],
    ['lists that grow', ['const list = []; list.push(1)', 'list[0].toFixed()']],
    [
      'declared again from itself',
      ['const data = [1, 2]', 'const data = data.map(n => n * 2)', 'data.length'],
    ],
    [
      'assigned in a later cell',
      ['let word: string | null = null', 'word = "a"; word.length', 'word = null'],
    ],
    [
      'globals',
      [
        'globalThis.shared = 3; shared',
        'shared + 1',
        'declare global { interface Array<T> { mine(): T } }',
        '[1].mine()',
      ],
    ],
    ['errors that are caught', ['try { JSON.parse("{") } catch (error) { console.log(error.message) }']],
    ['an import by require', ['import fs = require("node:fs"); fs.existsSync("/")']],
    ['exports', ['export const e1 = 1', 'export default 5', 'export function e2() {}', 'e1; e2()']],
    [
      'resources',
      ['using r = { [Symbol.dispose]() {} }', 'await using s = { async [Symbol.asyncDispose]() {} }'],
    ],
    [
      'statements of all kinds',
      ['for (var i = 0; i < 3; i++);', 'i; 1, 2', '"text"', '(function () { return this })()'],
    ],
    [
      'names from Node and the session',
      [
        'process; Buffer; fetch; require("fs"); __dirname; import.meta.url',
        'display(1).update(2); clear(); progress(3)',
      ],
    ],
    [
      'switched off',
      ['// @ts-nocheck\nconst bad: string = 1', '// @ts-expect-error\nconst bad2: string = 1'],
    ],
    ['no TypeScript', ['const = 5', 'let a b']],
  ])('%s', (_, cells) => {
    for (const code of cells) expect([code, run(code)]).toEqual([code, []]);
  });
  test('what is wrong is found', () => {
    expect(run('const n: number = 1;\nconst s: string = n')).toEqual(['error 2322 at 2:7']);
    expect(run('n.nowhere')).toEqual(['error 2339 at 1:3']);
    expect(run('n = "text"; let free = 1')).toEqual([]);
    expect(run('free = "text"')).toEqual(['error 2322 at 1:1']);
    expect(run('import { x } from "./not-there"')).toEqual(['error 2307 at 1:19']);
    expect(run('missing')).toEqual(['error 2304 at 1:1']);
  });
  test('a name that a later cell may declare is a warning', () => {
    expect(run('function later() { return notYet }')).toEqual(['warning 2304 at 1:27']);
  });
});

test('in a project: its paths, its options, its JSX; what is wrong with its tsconfig is told once', () => {
  const folder = inFolder();
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/util.ts'), 'export const deep = { value: 1 };');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        paths: { '@lib/*': ['./src/*'] },
        lib: ['ES2020'],
        module: 'commonjs',
        bogus: 1,
      },
    }),
  );
  const run = notebook(folder);
  expect(run('import { deep } from "@lib/util"; deep.value')).toEqual(['warning 5023 at tsconfig.json']);
  expect(run('deep.nowhere')).toEqual(['error 2339 at 1:6']);
  expect(run('function f(a) { return a }')).toEqual(['error 7006 at 1:12']);
  expect(run('[1].toSorted()')).toEqual(['error 2550 at 1:5']);
});

test('a tsconfig that is no JSON is told of and left aside', () => {
  const folder = inFolder();
  writeFileSync(join(folder, 'tsconfig.json'), '{ "compilerOptions": { "strict": tru');
  const run = notebook(folder);
  expect(run('const s: string = 1')[0]).toMatch(/^warning \d+ at tsconfig\.json$/);
  expect(run('const s: string = 1')).toEqual(['error 2322 at 1:7']);
});

test('a package that is installed while the notebook is open is found', async () => {
  const folder = inFolder();
  const run = notebook(folder);
  expect(run('import { late } from "late"')).toEqual(['error 2307 at 1:22']);
  mkdirSync(join(folder, 'node_modules/late'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/late/package.json'), '{"name":"late","types":"i.d.ts"}');
  writeFileSync(join(folder, 'node_modules/late/i.d.ts'), 'export declare const late: number;');
  await new Promise(resolve => setTimeout(resolve, 2100));
  expect(run('import { late } from "late"; late.toFixed()')).toEqual([]);
});
