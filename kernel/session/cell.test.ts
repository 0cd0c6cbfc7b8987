/** What a cell becomes, as code; how it behaves is in `evaluate.test.ts`. */
import { readdirSync, readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { rewriteCell } from './cell.ts';

/** The statements between the wrapper's first and last line. */
const body = (source: string): string =>
  rewriteCell(source, 1).code.split('\n').slice(1, -1).join('\n').trim();

test('the wrapper', () => {
  expect(rewriteCell('f()\nfunction f() {}', 1).code).toBe(
    [
      "(async (__scope, __check, __import, __bind, __meta, __constant) => { 'use strict'; __scope.f = f;",
      '(0, __scope.f)();',
      'function f() {}',
      '',
      '})',
    ].join('\n'),
  );
});

test.each([
  ['const x: number = 1', '__scope.x = 1;'],
  ['let y', '__scope.y = undefined;'],
  [
    'const { a, b: [c = a], ...d } = e',
    '({ a: __scope.a, b: [__scope.c = __scope.a], ...__scope.d } = __scope.e);',
  ],
  ['const f = () => 1', '__scope.f = ({ f: () => 1 }).f;'],
  ['class A {}', '__scope.A = class A {};'],
  ['x.y(z)', 'return [await (__scope.x.y(__scope.z))];'],
  ['typeof x', 'return [await (typeof ("x" in __scope ? __scope.x : undefined))];'],
  ['while (x) x--', 'while (__scope.x) { __check(); __scope.x--; }'],
  ['for (const i of x) i', 'for (const i of __scope.x) { __check(); i; }'],
  ['const v = await x; v', '__scope.v = await __scope.x; __check();\nreturn [await (__scope.v)];'],
  ["import d, { a as b } from 'm'", '__bind(await __import("m"), "m", [["d","default"],["b","a"]]);'],
  ["import type { T } from 'm'", ''],
  ['Math.max(console, x)', 'return [await (Math.max(console, __scope.x))];'],
  ['const c = 1; c = 2;', '__scope.c = 1;\nreturn [await (__constant("c").x = 2)];'],
])('%s', (source, code) => {
  expect(body(source)).toBe(code);
});

test('positions lead back to the TypeScript', () => {
  const { code, map } = rewriteCell(
    'interface A { a: 1 }\n\nconst first: A = call(1);\nwhile (true) second();',
    1,
  );
  const at = (text: string) => {
    const before = code.slice(0, code.indexOf(text));
    return map.original(before.split('\n').length, before.length - before.lastIndexOf('\n'));
  };
  expect([at('(0, __scope.call)'), at('(0, __scope.second)')]).toEqual([
    { line: 3, column: 18 },
    { line: 4, column: 14 },
  ]);
});

describe('every source of this package is a cell that compiles', () => {
  const root = new URL('../', import.meta.url);
  const folders = ['base', 'display', 'engine', 'language', 'model', 'onnx', 'session', 'train', 'wire'];
  const paths = folders.flatMap(folder =>
    readdirSync(new URL(`${folder}/`, root), { recursive: true })
      .map(path => `${folder}/${String(path)}`)
      .filter(path => path.endsWith('.ts')),
  );
  test('they are found', () => expect(paths.length).toBeGreaterThan(80));
  test.each(paths)('%s', path => {
    const { code } = rewriteCell(readFileSync(new URL(path, root), 'utf8'), 1);
    expect(new Script(code, { filename: path })).toBeInstanceOf(Script);
  });
});
