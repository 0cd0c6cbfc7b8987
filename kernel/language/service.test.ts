/** Completion, inspection and type errors over several cells, in the real TypeScript service. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { declarationsOf } from './declarations.ts';
import { pointsOf, unitsOf } from './points.ts';
import { createService } from './service.ts';

const folder = mkdtempSync(join(tmpdir(), 'language-'));
mkdirSync(join(folder, 'node_modules/only-exports'), { recursive: true });
writeFileSync(
  join(folder, 'node_modules/only-exports/package.json'),
  JSON.stringify({
    name: 'only-exports',
    type: 'module',
    exports: { '.': { types: './m.d.ts', import: './m.js' } },
  }),
);
writeFileSync(join(folder, 'node_modules/only-exports/m.d.ts'), 'export declare const only: { a: number };');
writeFileSync(
  join(folder, 'helper.ts'),
  '/** Twice as much. */\nexport const twice = (n: number): number => n * 2;',
);

const service = createService(folder);
let count = 0;
const cell = (code: string) => service.addCell(code, ++count);
/** `|` marks the cursor. */
const complete = (marked: string) => service.complete(marked.replace('|', ''), [...marked].indexOf('|'));
const inspect = (marked: string, detail = 0) =>
  service.inspect(marked.replace('|', ''), [...marked].indexOf('|'), detail);
const errors = (code: string) =>
  service
    .diagnose(code)
    .map(({ code: number, line, column, message }) => `${number} at ${line}:${column}: ${message}`);

cell(
  '/** A point.\n * @param x across\n * @returns both\n * @example\n * point(1)\n */\nfunction point(x: number, y = 0) {\n  return { x, y };\n}',
);
cell('const origin = point(0);\nlet total = 0;\ninterface Named { name: string }\nenum Color { Red, Green }');
cell('const origin2 = origin; class Box { size = 1; grow(by: number) { this.size += by } }');

describe('completion', () => {
  test('members of what an earlier cell declared, with kinds', () => {
    const reply = complete('origin.|');
    expect(reply).toEqual({
      status: 'ok',
      matches: ['x', 'y'],
      cursor_start: 7,
      cursor_end: 7,
      metadata: {
        _jupyter_types_experimental: [
          { start: 7, end: 7, text: 'x', type: 'property' },
          { start: 7, end: 7, text: 'y', type: 'property' },
        ],
      },
    });
  });
  test('names of cells come before globals of the same beginning', () => {
    expect(complete('const q = po|').matches[0]).toBe('point');
    expect(complete('ori|').matches).toEqual(['origin', 'origin2']);
  });
  test('the whole word is replaced', () => {
    expect(complete('ori|gin')).toMatchObject({ cursor_start: 0, cursor_end: 6 });
  });
  test('cursors count code points', () => {
    expect(complete("'𝑎𝑏'; origin.|")).toMatchObject({
      matches: ['x', 'y'],
      cursor_start: 13,
      cursor_end: 13,
    });
  });
  test('methods, keywords, modules', () => {
    const types = Object.fromEntries(
      complete('new Box().|').metadata._jupyter_types_experimental.map(({ text, type }) => [text, type]),
    );
    expect(types).toEqual({ size: 'property', grow: 'method' });
    expect(complete('awai|').matches).toContain('await');
    expect(complete("import fs from 'node:f|'").matches).toContain('node:fs');
    expect(complete("import { | } from './helper'").matches).toContain('twice');
  });
  test('Node and what the session gives are known in any folder', () => {
    expect(complete('process.ver|').matches).toEqual(['version', 'versions']);
    expect(complete('disp|').matches).toContain('display');
    expect(complete('console.lo|').matches).toEqual(['log']);
  });
  test('after a declaration has changed its type', () => {
    const own = createService(folder);
    own.addCell('const v = { first: 1 }', 1);
    own.addCell('const v = { second: 1 }', 2);
    expect(own.complete('v.', 2).matches).toEqual(['second']);
  });
  test('in an unfinished cell', () => {
    expect(
      complete('const a = { b: 1 };\nfunction f() {\n  for (const k of [a]) {\n    k.|').matches,
    ).toEqual(['b']);
  });
  test('nothing to offer', () => {
    expect(complete('"text|"').matches).toEqual([]);
  });
});

describe('inspection', () => {
  test('signature and documentation', () => {
    expect(inspect('poi|nt(1)')).toEqual({
      status: 'ok',
      found: true,
      data: {
        'text/plain':
          'point(x: number, y?: number): {\n    x: number;\n    y: number;\n}\n\nA point.\n\n@param x across\n@returns both\n@example point(1)',
        'text/markdown':
          '```typescript\npoint(x: number, y?: number): {\n    x: number;\n    y: number;\n}\n```\n\nA point.\n\n**x** — across\n\n**returns** both\n\n**example**\n\n```typescript\npoint(1)\n```',
      },
      metadata: {},
    });
  });
  test('the kernel’s own library, in a folder that has not installed it', () => {
    expect(inspect('display(|').data['text/plain']).toMatch(/^const display: \(value: unknown/);
    expect(complete("import { tensor } from 'neuronbook'; tensor([1]).di|").matches).toEqual(['dims']);
    expect(errors("import { tensor } from 'neuronbook'; tensor([1]).nowhere")).toHaveLength(1);
  });
  test('behind a name and inside a call', () => {
    expect(inspect('total|').data['text/plain']).toBe('let total: number');
    expect(inspect('point(|').data['text/plain']).toMatch(/^point\(x: number, y\?: number\)/);
  });
  test('more detail shows the definition', () => {
    expect(inspect('point|', 1).data['text/plain']).toContain(
      'defined in cell 1, line 7:\nfunction point(x: number, y = 0) {\n  return { x, y };\n}',
    );
    expect(inspect('point|', 0).data['text/plain']).not.toContain('defined in');
  });
  test('nothing there', () => {
    for (const code of ['  |  ', 'nowhere|'])
      expect(inspect(code)).toEqual({ status: 'ok', found: false, data: {}, metadata: {} });
  });
});

describe('type errors', () => {
  test('have the place in the cell', () => {
    expect(errors('const a = 1;\nconst b: string = total;')).toEqual([
      "2322 at 2:7: Type 'number' is not assignable to type 'string'.",
    ]);
    expect(errors('origin.z')).toEqual([
      "2339 at 1:8: Property 'z' does not exist on type '{ x: number; y: number; }'.",
    ]);
  });
  test('cells that do run are clean', () => {
    for (const code of [
      'total = 5; total++',
      'const origin = "another type"; origin.length',
      'await Promise.resolve(1)',
      'for await (const x of (async function* () { yield 1 })()) x.toFixed()',
      "import { only } from 'only-exports'; only.a",
      "import { twice } from './helper.ts'; twice(2)",
      "const n: Named = { name: 'n' }; Color.Red; new Box().grow(2)",
      'import.meta.url; __dirname; require("fs"); Buffer.from("x"); structuredClone({})',
      "import { readFile } from 'node:fs/promises'; await readFile('x', 'utf8')",
      'using x = { [Symbol.dispose]() {} }',
    ])
      expect([code, errors(code)]).toEqual([code, []]);
  });
  test('a local file that changes is read again', () => {
    expect(errors("import { later } from './helper'; later")).toHaveLength(1);
    writeFileSync(
      join(folder, 'helper.ts'),
      'export const twice = (n: number): number => n * 2; export const later = 1;',
    );
    expect(errors("import { later } from './helper'; later")).toEqual([]);
  });
});

test('names that a cell declares', () => {
  const names = (code: string) => [...declarationsOf(code).keys()];
  expect(
    names(
      'import d, { a as b, type T } from "x"; import * as n from "y"; const { p, q: [r] } = d; for (var i = 0;;) { let no; var j } function f() { var no } class C {} type A = 1; interface I {} enum E {} namespace N { const no = 1 } export const x = 1; declare global {}',
    ),
  ).toEqual(
    expect.arrayContaining(['d', 'b', 'T', 'n', 'p', 'r', 'i', 'j', 'f', 'C', 'A', 'I', 'E', 'N', 'x']),
  );
  expect(names('for (const no of []) {} { let no2 } (() => { var no3 })()')).toEqual([]);
});

test('code points and UTF-16 units', () => {
  expect([unitsOf('𝑎b', 1), unitsOf('𝑎b', 2), pointsOf('𝑎b', 2), pointsOf('𝑎b', 3)]).toEqual([2, 3, 1, 2]);
});

test('magics and object literals are no mistakes; code that a magic runs is checked', () => {
  expect(errors('%cd x\nconst made = 1\n!ls -la\nmade')).toEqual([]);
  expect(errors('%%html\n<b>')).toEqual([]);
  expect(errors('{ a: 1, b: 2 }')).toEqual([]);
  expect(errors('%time "a".nowhere')[0]).toMatch(/^2339 at 1:11: /);
  cell('%time const timed = { first: 1 }');
  expect(complete('timed.|').matches).toEqual(['first']);
  expect(complete('%time timed.|').matches).toEqual(['first']);
});

test('tslab is typed wherever the notebook lies', () => {
  expect(
    errors(
      `import { display, newDisplay } from 'tslab'; display.html(5); newDisplay().png(new Uint8Array())`,
    ),
  ).toEqual(["2345 at 1:59: Argument of type 'number' is not assignable to parameter of type 'string'."]);
});
