/** Errors as a person sees them: positions in their own TypeScript. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createEvaluator } from './evaluate.ts';

const cwd = mkdtempSync(join(tmpdir(), 'stack-'));
const escapes = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');

/** What the last of some cells shows, without colours. */
async function shown(
  ...cells: string[]
): Promise<{ ename: string; evalue: string; text: string; traceback: string[] }> {
  const evaluator = createEvaluator({ cwd, check() {} });
  for (const [i, cell] of cells.entries())
    try {
      await evaluator.run(cell, i + 1);
    } catch (error) {
      const formatted = evaluator.formatError(error);
      return { ...formatted, text: formatted.traceback.join('\n').replace(escapes, '') };
    }
  throw new Error('no cell failed');
}

/** The lines of a template, without its indentation. */
const lines = (text: string): string => text.replace(/^\n|\n *$/g, '').replace(/^ {4}/gm, '');

test('a call through two cells', async () => {
  const { ename, evalue, text } = await shown(
    `interface Point {\n  x: number;\n}\n\nfunction half(p: Point): number {\n  if (p.x < 0) throw new RangeError('negative: ' + p.x);\n  return p.x / 2;\n}`,
    `const points: Point[] = [{ x: 4 }, { x: -1 }];\npoints.map(p => half(p))`,
  );
  expect([ename, evalue]).toEqual(['RangeError', 'negative: -1']);
  expect(text).toBe(
    lines(`
    RangeError: negative: -1
    Cell 1, line 6, column 22, in half
          4
          5 function half(p: Point): number {
     ---> 6   if (p.x < 0) throw new RangeError('negative: ' + p.x);
                                 ^
          7   return p.x / 2;
          8 }
    Cell 2, line 2, column 17
          1 const points: Point[] = [{ x: 4 }, { x: -1 }];
     ---> 2 points.map(p => half(p))
                            ^
    Cell 2, line 2, column 8
          1 const points: Point[] = [{ x: 4 }, { x: -1 }];
     ---> 2 points.map(p => half(p))
                   ^
    `),
  );
});

test('colours stand where IPython has them', async () => {
  const { traceback } = await shown('const a = 1\nnull!.x');
  expect(traceback[0]).toBe("\u001b[1;31mTypeError\u001b[0m: Cannot read properties of null (reading 'x')");
  expect(traceback).toContain('\u001b[1;32m ---> 2\u001b[0m null!.x');
});

test('names are the user’s own', async () => {
  expect((await shown('const f = 5', 'f()')).evalue).toBe('f is not a function');
  expect((await shown('const f = { g: 5 }', 'f.g()')).evalue).toBe('f.g is not a function');
  expect((await shown('let u: any', 'u.x.y')).evalue).toBe(
    "Cannot read properties of undefined (reading 'x')",
  );
});

test('an error is of the class that was thrown, as Node prints it', async () => {
  for (const [thrown, ename] of [
    ['class TooHot extends Error {}; throw new TooHot("100")', 'TooHot'],
    ['class Own extends TypeError { override name = "Mine" }; throw new Own("x")', 'Mine'],
    ['throw new (class extends RangeError {})("x")', 'RangeError'],
    ['throw Object.assign(new Error("x"), { name: "Named" })', 'Named'],
    ['structuredClone(() => 1)', 'DataCloneError'],
    ['require("node:fs").readFileSync({})', 'TypeError'],
  ])
    expect((await shown(thrown)).ename).toBe(ename);
});

test('after an await, with a cause', async () => {
  const { text } = await shown(
    `async function read(path: string) {\n  try {\n    await (await import('node:fs/promises')).readFile(path);\n  } catch (cause) {\n    throw new Error('no file', { cause });\n  }\n}`,
    `await read('/nowhere/at/all')`,
  );
  expect(text).toBe(
    lines(`
    Error: no file
    Cell 1, line 5, column 11, in read
          3     await (await import('node:fs/promises')).readFile(path);
          4   } catch (cause) {
     ---> 5     throw new Error('no file', { cause });
                      ^
          6   }
          7 }
    Cell 2, line 1, column 1
     ---> 1 await read('/nowhere/at/all')
            ^

    caused by:
    Error: ENOENT: no such file or directory, open '/nowhere/at/all'
    { errno: -2, code: 'ENOENT', syscall: 'open', path: '/nowhere/at/all' }
      … 2 frames in Node
    Cell 1, line 3, column 5, in read
          1 async function read(path: string) {
          2   try {
     ---> 3     await (await import('node:fs/promises')).readFile(path);
                ^
          4   } catch (cause) {
          5     throw new Error('no file', { cause });
    Cell 2, line 1, column 1
     ---> 1 await read('/nowhere/at/all')
            ^
    `),
  );
});

test('frames of Node and of libraries are folded', async () => {
  const { text } = await shown(
    `const { EventEmitter } = await import('node:events');\nconst bus = new EventEmitter();\nbus.on('x', () => {\n  throw new Error('inside');\n});`,
    `bus.emit('x')`,
  );
  expect(text).toBe(
    lines(`
    Error: inside
    Cell 1, line 4, column 9, in EventEmitter.<anonymous>
          2 const bus = new EventEmitter();
          3 bus.on('x', () => {
     ---> 4   throw new Error('inside');
                    ^
          5 });
      … 1 frame in Node
    Cell 2, line 1, column 5
     ---> 1 bus.emit('x')
                ^
    `),
  );
});

test('endless recursion is told once', async () => {
  const { text } = await shown(`function down(n: number): number {\n  return down(n + 1) + 1;\n}\ndown(0)`);
  expect(text).toBe(
    lines(`
    RangeError: Maximum call stack size exceeded
    Cell 1, line 2, column 10, in down
          1 function down(n: number): number {
     ---> 2   return down(n + 1) + 1;
                     ^
          3 }
          4 down(0)
      … the same again 39 times
    `),
  );
});

test('a syntax error shows its line', async () => {
  const { text } = await shown('const a = 1\nconst b = {\n  c: 1,,\n}');
  expect(text).toBe(
    lines(`
    SyntaxError: Unexpected token (cell 1, line 3, column 8)
    Cell 1, line 3, column 8
          1 const a = 1
          2 const b = {
     ---> 3   c: 1,,
                   ^
          4 }
    `),
  );
});

test('what only V8 refuses shows its line too', async () => {
  const { ename, text } = await shown('const a = 1\nconst b = /(/;');
  expect(ename).toBe('SyntaxError');
  expect(text).toContain(' ---> 2 const b = /(/;');
});

test.each([
  ["throw 'text'", 'Thrown', 'text'],
  ['throw { code: 5 }', 'Thrown', '{ code: 5 }'],
  ['throw undefined', 'Thrown', 'undefined'],
  ["class MyError extends Error { override name = 'MyError' }\nthrow new MyError('mine')", 'MyError', 'mine'],
  ["throw new DOMException('gone', 'AbortError')", 'AbortError', 'gone'],
])('%s', async (cell, ename, evalue) => {
  expect(await shown(cell)).toMatchObject({ ename, evalue });
});

test('what an error carries, and each error of several', async () => {
  const { text } = await shown(
    `throw new AggregateError([Object.assign(new Error('one'), { code: 'E1' }), new TypeError('two')], 'both')`,
  );
  expect(text.split('\n').filter(line => /^(\w+Error|Error|\{|one of)/.test(line))).toEqual([
    'AggregateError: both',
    'one of the errors:',
    'Error: one',
    "{ code: 'E1' }",
    'one of the errors:',
    'TypeError: two',
  ]);
});

test('console.log(error) has the same positions', async () => {
  const evaluator = createEvaluator({ cwd, check() {} });
  await evaluator.run('interface A {\n  a: 1;\n}\nfunction fail(): never {\n  throw new Error("x");\n}', 901);
  const { value } = await evaluator.run(
    'let stack = "";\ntry { fail() } catch (error) { stack = (error as Error).stack! }\nstack',
    902,
  );
  expect(value).toBe('Error: x\n    at fail ([cell 901]:5:9)\n    at [cell 902]:2:7');
});
