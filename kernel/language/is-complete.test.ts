/** Enter runs the cell, or opens a line. */
import { expect, test } from 'vitest';
import { isComplete } from './is-complete.ts';

test.each([
  '1 + 1',
  '',
  'const x = 1',
  'function f() {}',
  'await fetch("x")',
  'for (;;) {}',
  'type A = 1',
  '// c',
  'a\n.b()',
  'class A { x = 1 }',
  '`${a}`',
  'x!',
  'import a from "b"',
  'export const a = 1',
  'for await (const x of y) z',
  'using f = open()',
  'const f = <T,>(x: T) => x',
  '%time f()',
  '!ls -la | head',
  'const a = 1\n%who\na',
  '%%html\n<b>\n',
  '{ a: 1, b: 2 }',
  'Math.max?',
  '??console',
  'const el = <div>text</div>',
  'const f = <T,>(a: T) => <b>{a}</b>',
])('complete: %s', code => {
  expect(isComplete(code)).toEqual({ status: 'complete' });
});

test.each([
  ['function f() {', '  '],
  ['  if (a) {', '    '],
  ['if (a)', '  '],
  ['for (const x of y)', '  '],
  ['const', ''],
  ['const x =', ''],
  ['const x = [1,', ''],
  ['const x = {', '  '],
  ['f(1,', ''],
  ['f(', '  '],
  ['`abc', ''],
  ['`abc\n', ''],
  ['`a ${b', ''],
  ['`a ${b} c', ''],
  ['/* x', ''],
  ['class A {\n  x = 1', '  '],
  ['type A =', ''],
  ['interface A {', '  '],
  ['a ? b :', ''],
  ['x +', ''],
  ['a.', ''],
  ['const f = async () =>', '  '],
  ['const f = (a, b) =>\n', '  '],
  ['xs.map((x) =>', '  '],
  ['const f = (a: number, b = 2): string => // next line', ''],
  ['const f = <T,>(a: T) =>', '  '],
  ['a?.', ''],
  ['f(a?.\n', ''],
  ['const el = <div>', ''],
  ['const el = <div><b>text</b>', ''],
  ['const el = <div title=', ''],
  ['try {} ', ''],
  ['try {\n  a()\n}', ''],
  ['do {', '  '],
  ['if (a) b\nelse', '  '],
  ['import {', '  '],
  ['import { a } from', ''],
  ['switch (x) {\n  case 1:', '  '],
  ['await', ''],
  ['%%html', ''],
  ['%%html\n<b>', ''],
  ['%cd x\nfunction f() {', '  '],
])('incomplete: %j', (code, indent) => {
  expect(isComplete(code)).toEqual({ status: 'incomplete', indent });
});

test.each([
  'let a b',
  'let a b =>',
  'a?.)',
  'const el = <div>text</b>',
  '}',
  'const x = ;',
  '"abc',
  "'abc\n",
  'a b c',
  '1 +* 2',
  'f(]',
  'let 1 = 2',
  'if (a) }',
  'return 5',
  '/abc',
  'const const = 1',
  'x = ) + {',
])('invalid: %s', code => {
  expect(isComplete(code)).toEqual({ status: 'invalid' });
});

test.each(['(', '[', '{', '`${', 'A<', 'a=', 'a=>', 'if(a);else '])(
  'nothing is said of %s, 50 000 times',
  text => {
    expect(isComplete(text.repeat(50_000))).toEqual({ status: 'unknown' });
  },
);
