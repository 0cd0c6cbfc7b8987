/** Completion and inspection where they are hard: arguments, keys, unions, imports, signatures, variables of earlier cells. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { createService } from './service.ts';
import { createTypedWord } from './typed-word.ts';

const folder = mkdtempSync(join(tmpdir(), 'complete-'));
mkdirSync(join(folder, 'node_modules/local-pkg'), { recursive: true });
writeFileSync(join(folder, 'node_modules/local-pkg/package.json'), '{"name":"local-pkg","types":"i.d.ts"}');
writeFileSync(join(folder, 'node_modules/local-pkg/i.d.ts'), 'export declare const lp: 1;');
writeFileSync(join(folder, 'helper.ts'), 'export const twice = (n: number) => n * 2;');
const service = createService(folder);
[
  'import { tensor } from "neuronbook";',
  '/** Adds.\n * @param b second */\nfunction add(a: number, b: number) { return a + b }\n/** Kept. */\nlet total = 3;\nconst konst = { alpha: 1, beta(n: string) { return 1 } };',
  'type Mode = "fast" | "slow"; function go(mode: Mode, options: { deep?: boolean; wide: number }) {}',
  'enum Color { Red }',
  'interface Shape { kind: "circle" | "square"; r: number }',
].forEach((code, i) => service.addCell(code, i + 1));

const complete = (marked: string) => service.complete(marked.replace('|', ''), [...marked].indexOf('|'));
const inspect = (marked: string, detail = 0) =>
  service.inspect(marked.replace('|', ''), [...marked].indexOf('|'), detail).data['text/plain'];

test.each<[string, string[]]>([
  ['go("|")', ['fast', 'slow']],
  ['go("fast", { | })', ['wide', 'deep']],
  ['const shape: Shape = { kind: "|', ['circle', 'square']],
  ['konst["|"]', ['alpha', 'beta']],
  ['konst?.a|', ['alpha']],
  ['[konst].map(({ al| }) => 1)', ['alpha']],
  ['import { ten| } from "neuronbook"', ['tensor', 'Tensor', 'TensorLike']],
  ['import x from "local|"', ['local-pkg']],
  ['import x from "neuron|"', ['neuronbook']],
  ['import "./he|"', ['helper']],
  ['await import("./he|")', ['helper']],
  ['`${konst.al|}`', ['alpha']],
  ['// konst.|', []],
  ['/* konst.| */', []],
  ['"konst.|"', []],
  ['`konst.|`', []],
  ['5.|', []],
  ['nowhere.|', []],
  ['%whoami|', []],
])('%s', (marked, matches) => {
  expect(complete(marked).matches).toEqual(matches);
});

test('of the names in scope those that begin so, in either case; without a beginning all of them', () => {
  expect(complete('KON|').matches).toEqual(['konst']);
  expect(complete('sha|').matches).toEqual(['SharedArrayBuffer']);
  expect(complete('let inner = 1; { const innermost = 2; inn|').matches).toEqual(['inner', 'innermost']);
  const all = complete('|').matches;
  expect(all.length).toBeGreaterThan(200);
  expect(all).toEqual(expect.arrayContaining(['konst', 'add', 'Color', 'total', 'Map', 'for']));
});

test('kinds and signatures, also of what was imported', () => {
  const described = (marked: string) => complete(marked).metadata._jupyter_types_experimental[0];
  expect(described('add|')).toEqual({
    start: 0,
    end: 3,
    text: 'add',
    type: 'function',
    signature: '(a: number, b: number): number',
  });
  expect(described('konst.b|')).toMatchObject({ type: 'method', signature: '(n: string): number' });
  expect(described('tenso|')).toMatchObject({ type: 'function' });
  expect(described('Colo|')).toMatchObject({ type: 'enum' });
  expect(described('let s: Shap|')).toMatchObject({ type: 'interface' });
  expect(described('displ|')).toMatchObject({ type: 'function' });
});

test('inside a call: its signature and the argument that the cursor is at', () => {
  expect(inspect('add(1, |')).toBe(
    'add(a: number, b: number): number\n\nAdds.\n\nargument 2: b: number\n\n@param b second',
  );
});

test('a variable of an earlier cell has its documentation and its place', () => {
  expect(inspect('total|')).toBe('let total: number\n\nKept.');
  expect(inspect('total|', 1)).toBe(
    'let total: number\n\nKept.\n\ndefined in cell 2, line 5:\nlet total = 3;',
  );
});

test('a type asked for alone', () => {
  expect(inspect('Mode|')).toBe('type Mode = "fast" | "slow"');
  expect(inspect('Sha|pe')).toBe('interface Shape');
});

test('a word typed letter by letter has at each letter what it has all at once', () => {
  const [typist, reader] = [createService(folder), createService(folder)];
  [
    'let fortune = 1; const format = { forward: 2 }; function former(f: number) { return f }',
    'const fo\u{1d4d0}r = "fo\u{1d4d0}";',
  ].forEach((code, i) => [typist, reader].forEach(service => service.addCell(code, i + 1)));
  const lines: [line: string, from: number, rest: string][] = [
    ['former(fortune + format.forw', 0, ''],
    ['for', 0, ' tail()'],
    ['const { forw', 8, ' } = format'],
    ['format["forw', 8, '"]'],
    ['import "./help', 8, '"'],
    ['"\u{1f600}"; fo\u{1d4d0}r', 0, '.length'],
    ['if (fort', 3, 'une > 1) {}'],
  ];
  for (const [line, from, rest] of lines)
    for (let at = from; at <= [...line].length; at++) {
      const code = [...line].slice(0, at).join('') + rest;
      reader.complete('', 0); // it forgets what it was asked before
      // signatures are worked out for as long as there is time
      const [typed, read] = [typist, reader].map(service => ({
        code,
        ...service.complete(code, at),
        metadata: {},
      }));
      expect(typed).toEqual(read);
    }
});

test('a cell that runs between two letters', () => {
  const typist = createService(folder);
  const names = (code: string) => typist.complete(code, code.length).matches;
  typist.addCell('const wide = 1; const width = "a"', 1);
  expect(names('wi')).toEqual(['wide', 'width', 'with']);
  typist.addCell('const wish = 2', 2);
  expect(names('wis')).toEqual(['wish']);
  typist.addCell('let wide = { high: 1 }', 3);
  expect(names('wide')).toEqual(['wide']);
  expect(names('wide.')).toEqual(['high']);
});

test('the first letters stand in for a name, not for a keyword or in a text', () => {
  const word = createTypedWord();
  const type = (before: string, name: string) => {
    const asked = word.standIn(before, name, '');
    word.note(ts.createSourceFile('cell.ts', before + asked, ts.ScriptTarget.ESNext, true), before.length);
    return asked;
  };
  expect(['f', 'fo', 'for', 'form', 'forma', 'fort'].map(name => type('', name))).toEqual([
    ...['f', 'f', 'for', 'form', 'form', 'fort'],
  ]);
  expect(['f', 'fo', ''].map(name => type('a.', name))).toEqual(['f', 'f', '']);
  expect(['f', 'fo'].map(name => type('import "./', name))).toEqual(['f', 'fo']);
});
