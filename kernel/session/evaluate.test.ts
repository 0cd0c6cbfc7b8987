/** Cells as people write them, run one after another in one evaluator. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createEvaluator } from './evaluate.ts';

const fresh = (check: () => void = () => {}, globals: Record<string, unknown> = {}) => {
  const evaluator = createEvaluator({ cwd: mkdtempSync(join(tmpdir(), 'cell-')), check, globals });
  let count = 0;
  return { evaluator, run: (source: string) => evaluator.run(source, ++count) };
};

/** The last value of a sequence of cells. */
async function last(...cells: string[]): Promise<unknown> {
  const { run } = fresh();
  let value: unknown;
  for (const cell of cells) ({ value } = await run(cell));
  return value;
}

describe('names across cells', () => {
  test.each<[string, string[], unknown]>([
    [
      'a function sees a later assignment',
      ['let cnt = 0; function inc() { cnt++ }', 'cnt = 100; inc(); cnt'],
      101,
    ],
    ['const is redeclared with another type', ['const x = 1', 'const x = "one"', 'x'], 'one'],
    [
      'let, class, function and enum are redeclared',
      [
        'let a = 1; class B {}; function f() { return 1 }; enum E { X }',
        'class a {}; let B = 2; const f = 3; enum E { Y = 7 }',
        '[typeof a, B, f, E.Y, (E as any).X]',
      ],
      ['function', 2, 3, 7, undefined],
    ],
    ['a type is redeclared', ['type T = number', 'type T = string; const t: T = "t"', 't'], 't'],
    ['an enum keeps its members', ['enum Color { Red, Green = 5 }', 'Color[Color.Green]'], 'Green'],
    [
      'a namespace starts anew',
      ['namespace N { export const a = 1 }', 'namespace N { export const b = 2 }', 'Object.keys(N)'],
      ['b'],
    ],
    ['functions are hoisted', ['const y = twice(4); function twice(n: number) { return n * 2 }', 'y'], 8],
    [
      'a function calls one that a later cell declares',
      ['function outer() { return inner() }', 'function inner() { return 5 }', 'outer()'],
      5,
    ],
    ['var in a block belongs to the cell', ['for (var i = 0; i < 3; i++) { var q = i }', '[i, q]'], [3, 2]],
    [
      'var is there before its line, and without a value',
      ['const early = v; var v = 1; var u; if (!v) { var w = 1 }', '[early, v, u, w]', 'var v; v'],
      1,
    ],
    ['let in a block does not', ['let i = "outer"; for (let i = 0; i < 3; i++) {}', 'i'], 'outer'],
    [
      'destructuring with defaults, renames and rests',
      ['const { a, b: [c = 2, ...d], ...e } = { a: 1, b: [undefined, 3, 4], f: 5, g: 6 }', '[a, c, d, e]'],
      [1, 2, [3, 4], { f: 5, g: 6 }],
    ],
    [
      'assignment by destructuring',
      ['let a = 1, b = 2', '[a, b] = [b, a]; ({ a, b = 9 } = { a: a + 10 } as any)', '[a, b]'],
      [12, 9],
    ],
    ['shorthand properties', ['const a = 1, b = 2', '({ a, b, f() { return a } }).f() + b'], 3],
    [
      'closures keep their own variables',
      ['const fs = [1, 2].map(n => () => n); const n = 10', 'fs.map(f => f() + n)'],
      [11, 12],
    ],
    [
      'arguments, parameters and catch names are local',
      [
        'const e = "outer"; function f(e: any) { try { throw e } catch (e) { return [e, arguments.length] } }',
        'f(1)',
      ],
      [1, 1],
    ],
    [
      'a class sees itself in its static fields',
      ['class A { static one = new A(); static { A.one } ; x = 1 }', 'A.one.x'],
      1,
    ],
    [
      'a name hides a global, in cells only',
      ['const URL = "mine"', '[URL, typeof globalThis.URL]'],
      ['mine', 'function'],
    ],
    ['typeof of an unknown name', ['typeof nowhere'], 'undefined'],
    ['function names are kept', ['const f = () => {}; const C = class {}', '[f.name, C.name]'], ['f', 'C']],
    ['a plain call has no this', ['function who(this: unknown) { return this }', 'who()'], undefined],
    [
      'generators and labels',
      [
        'function* g() { yield 1; yield 2 }',
        'const out: number[] = []; outer: for (const x of g()) { for (;;) { out.push(x); continue outer } }',
        'out',
      ],
      [1, 2],
    ],
    [
      'export is tolerated',
      [
        'export const a = 1; export function f() { return a } export default class K {} ; export { a as b }',
        '[a, f(), K.name]',
      ],
      [1, 1, 'K'],
    ],
    [
      'parameter properties',
      ['class P { constructor(public x: number, readonly y = 2) {} }', 'new P(1)'],
      { x: 1, y: 2 },
    ],
  ])('%s', async (_, cells, expected) => {
    expect(await last(...cells)).toEqual(expected);
  });

  test('names before a throw survive, later ones stay unknown', async () => {
    const { run, evaluator } = fresh();
    await expect(run('const a = 1; throw new Error("no"); const b = 2')).rejects.toThrow('no');
    expect((await run('a')).value).toBe(1);
    expect(evaluator.names()).toEqual(['a']);
    await expect(run('b')).rejects.toThrow("Cannot access 'b' before initialization");
  });

  test.each([
    ['a name never declared', 'nowhere + 1', 'nowhere is not defined'],
    ['an assignment to it', 'nowhere = 1', 'nowhere is not defined'],
    ['a constant', 'const c = 1; c = 2', "Assignment to constant variable 'c'"],
    ['a constant in a pattern', 'const c = 1; [c] = [2]', "Assignment to constant variable 'c'"],
  ])('refuses %s', async (_, cell, message) => {
    await expect(fresh().run(cell)).rejects.toThrow(message);
  });

  test('a constant of an earlier cell refuses too', async () => {
    const { run } = fresh();
    await run('const c = 1');
    await expect(run('c++')).rejects.toThrow("Assignment to constant variable 'c'");
  });

  test('what the session gives can be redeclared', async () => {
    const { run, evaluator } = fresh(() => {}, { display: () => 'shown' });
    expect((await run('display(1)')).value).toBe('shown');
    expect(evaluator.names()).toEqual([]);
    await run('const display = 5');
    expect((await run('display')).value).toBe(5);
    expect(evaluator.names()).toEqual(['display']);
  });
});

describe('the last value', () => {
  test.each<[string, boolean, unknown]>([
    ['1 + 1', true, 2],
    ['1 + 1;', true, 2],
    ['1 + 1 // why', true, 2],
    ['1 + 1; // why', true, 2],
    ['void (1 + 1);', false, undefined],
    ['"text"', true, 'text'],
    ['({ a: 1 })', true, { a: 1 }],
    ['const x = 1', false, undefined],
    ['let x; x = 4', true, 4],
    ['Promise.resolve(7)', true, 7],
    ['await Promise.resolve(8)', true, 8],
    ['undefined', false, undefined],
    ['if (true) 5', false, undefined],
    ['', false, undefined],
    ['// only a comment', false, undefined],
    ['5 as number', true, 5],
    ['(await import("node:path")).sep', true, '/'],
    ['export default 9', true, 9],
    ['`a\n${1 + 1}`', true, 'a\n2'],
  ])('%s', async (source, hasValue, value) => {
    expect(await fresh().run(source)).toEqual(hasValue ? { hasValue, value } : { hasValue });
  });
});

describe('syntax of modules and of TypeScript', () => {
  test.each<[string, string, unknown]>([
    ['top-level await in an expression', 'const x = 1 + (await Promise.resolve(2)); x', 3],
    [
      'for await',
      'const seen: number[] = []; for await (const x of (async function* () { yield 1; yield 2 })()) seen.push(x); seen',
      [1, 2],
    ],
    [
      'default and named imports',
      'import path, { sep as s } from "node:path"; [typeof path.join, s]',
      ['function', '/'],
    ],
    ['a namespace import below its use', 'const s = os.EOL; import * as os from "node:os"; s', '\n'],
    ['a side-effect import', 'import "node:fs"; 1', 1],
    [
      'a type import has no value',
      'import { type PathLike, readFileSync } from "node:fs"; import type { Stats } from "node:fs"; typeof readFileSync',
      'function',
    ],
    [
      'a type imported like a value',
      'import { PathLike, readFileSync } from "node:fs"; typeof readFileSync',
      'function',
    ],
    ['require', 'require("node:path").sep', '/'],
    [
      'import.meta and its CommonJS names',
      '[import.meta.dirname === __dirname, import.meta.url.endsWith("/notebook.ts"), __filename === import.meta.filename]',
      [true, true, true],
    ],
    [
      'satisfies, generics, non-null, overloads',
      'function f(a: string): string; function f(a: number): number; function f<T>(a: T): T { return a! } f({ a: 1 } satisfies { a: number } as never)',
      { a: 1 },
    ],
    [
      'abstract classes and private names',
      'abstract class A { #x = 1; abstract y: number; get x() { return this.#x } } class B extends A { y = 2 } new B().x',
      1,
    ],
  ])('%s', async (_, source, expected) => {
    expect((await fresh().run(source)).value).toEqual(expected);
  });

  test('using disposes at the end of the cell, also after a throw', async () => {
    const { run } = fresh();
    await run(
      'const log: string[] = []; const open = (name: string) => ({ name, [Symbol.dispose]() { log.push(name) } })',
    );
    const { value } = await run(
      'using a = open("a"); using b = open("b"); const kept = 5; log.push("body"); [a.name, log.length]',
    );
    expect(value).toEqual(['a', 1]);
    await expect(run('using c = open("c"); throw new Error("no")')).rejects.toThrow('no');
    await run('{ await using d = { async [Symbol.asyncDispose]() { await 0; log.push("d") } } }');
    expect((await run('[...log, kept]')).value).toEqual(['body', 'b', 'a', 'c', 'd', 5]);
  });

  test('a missing export names the nearest', async () => {
    await expect(fresh().run('import { jion } from "node:path"; jion("a")')).rejects.toThrow(
      /^'node:path' has no export named 'jion'; nearest: join/,
    );
  });

  test.each([
    [
      'let a b',
      'Expected a semicolon or an implicit semicolon after a statement, but found none (cell 1, line 1, column 6); try inserting a semicolon here',
    ],
    ['const x = 1;\nconst y = ;', 'Unexpected token (cell 1, line 2, column 11)'],
    ['let a = 1; let a = 2', 'Identifier `a` has already been declared (cell 1, line 1, column 16)'],
    ['return 5', "A 'return' statement can only be used within a function body (cell 1, line 1, column 1)"],
  ])('syntax error: %s', async (source, message) => {
    await expect(fresh().run(source)).rejects.toThrow(
      expect.objectContaining({ name: 'SyntaxError', message }),
    );
  });
});

describe('Interrupt', () => {
  const stopping = () => {
    const state = { stop: false };
    const made = fresh(
      () => {
        if (state.stop) throw new Error('interrupted');
      },
      { stop: () => (state.stop = true), resume: () => (state.stop = false) },
    );
    return { ...made, state };
  };

  test.each([
    ['while', 'let n = 0; while (true) { if (++n === 5) stop() }'],
    ['do', 'let n = 0; do if (++n === 5) stop(); while (true)'],
    ['for without a block', 'let n = 0; for (;;) if (++n === 5) stop()'],
    ['for of', 'let n = 0; for (const x of (function* () { for (;;) yield 1 })()) if (++n === 5) stop()'],
    ['for in', 'let n = 0; for (const x in [1, 2, 3, 4, 5, 6, 7]) if (++n === 5) stop()'],
    ['a function of the cell', 'let n = 0; function spin() { for (;;) if (++n === 5) stop() } spin()'],
    ['an async loop', 'let n = 0; while (true) { await 0; if (++n === 5) stop() }'],
    [
      'for await',
      'let n = 0; for await (const x of (async function* () { for (;;) yield 1 })()) if (++n === 5) stop()',
    ],
  ])('stops %s, with its state kept', async (_, cell) => {
    const { run, state } = stopping();
    await expect(run(cell)).rejects.toThrow('interrupted');
    state.stop = false;
    expect((await run('n')).value).toBe(5);
  });

  test('comes after the assignment that awaited, and before the next statement', async () => {
    const { run, state } = stopping();
    await expect(
      run(
        'let after = false; const picture = await (async () => { stop(); return "so far" })(); after = true',
      ),
    ).rejects.toThrow('interrupted');
    state.stop = false;
    expect((await run('[picture, after]')).value).toEqual(['so far', false]);
  });

  test('SIGINT ends a synchronous loop that nothing instrumented', async () => {
    const { run } = fresh();
    const pid = process.pid;
    await run('let entered = false');
    const { spawn } = await import('node:child_process');
    spawn(process.execPath, ['-e', `setTimeout(() => process.kill(${pid}, 'SIGINT'), 100)`]);
    await expect(run('entered = true; eval("for (;;);")')).rejects.toThrow(
      'Script execution was interrupted',
    );
    expect((await run('entered')).value).toBe(true);
  });
});
