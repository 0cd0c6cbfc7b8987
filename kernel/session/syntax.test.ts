/** What a cell may be written as: decorators, JSX, object literals, and what lowering must not show. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createEvaluator } from './evaluate.ts';

const escapes = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');

function session(files: Record<string, string | object> = {}) {
  const cwd = mkdtempSync(join(tmpdir(), 'syntax-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), typeof text === 'string' ? text : JSON.stringify(text));
  }
  const evaluator = createEvaluator({ cwd, check() {}, breakOnSigint: false });
  let count = 0;
  return {
    evaluator,
    cwd,
    run: async (source: string) => (await evaluator.run(source, ++count)).value,
    failure: async (source: string) => {
      const error: unknown = await evaluator.run(source, ++count).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      return evaluator.formatError(error).traceback.join('\n').replace(escapes, '');
    },
  };
}

describe('decorators', () => {
  const log = `const log: string[] = [];
    function seen(value: any, context: DecoratorContext) { log.push(context.kind + ' ' + String(context.name)); return value }`;

  test('standard ones, on everything that takes them', async () => {
    const { run } = session();
    await run(log);
    await run(`@seen
class Point { @seen m() { return 1 } @seen accessor a = 3; @seen f = 5; @seen get g() { return 7 } @seen static s = 9 }`);
    expect(await run('const p = new Point(); [p.m(), p.a, p.f, p.g, Point.s, Point.name]')).toEqual([
      1,
      3,
      5,
      7,
      9,
      'Point',
    ]);
    expect(await run('log')).toEqual([
      'method m',
      'accessor a',
      'getter g',
      'field s',
      'field f',
      'class Point',
    ]);
  });

  test('accessors without a decorator', async () => {
    expect(await session().run('class A { accessor x = 3 } new A().x')).toBe(3);
  });

  test('legacy ones where the project says so, parameters and metadata included', async () => {
    const { run } = session({
      'tsconfig.json':
        '{ // as in Angular\n "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
    });
    const value = await run(`
      const log: unknown[] = [];
      (Reflect as any).metadata = (key: string, value: any) => () => { log.push([key, value?.name ?? value]) };
      const sealed = (made: any) => { log.push(['class', made.name]) };
      const inject = (target: any, key: any, index: number) => { log.push(['parameter', index]) };
      const twice = (target: any, key: string, descriptor: PropertyDescriptor) => {
        const { value } = descriptor;
        return { ...descriptor, value() { return value.call(this) * 2 } };
      };
      @sealed class A { constructor(@inject text: string) {} @twice m() { return 21 } }
      [new A('x').m(), log]`);
    expect(value).toEqual([
      42,
      [
        ['design:returntype', undefined],
        ['design:paramtypes', []],
        ['design:type', 'Function'],
        ['design:paramtypes', [String]],
        ['parameter', 0],
        ['class', 'A'],
      ],
    ]);
  });

  test('an error in one has its place, and no frame of what lowering wrote', async () => {
    const text = await session().failure(
      `const fail = () => { throw new Error('in decorator') };\n\n@fail\nclass A {}`,
    );
    expect(text).toContain('Cell 1, line 1, column 28, in fail');
    expect(text).toContain('Cell 1, line 3, column 1');
    expect(text).not.toContain('__esDecorate');
  });

  test('in a local file', async () => {
    const { run } = session({
      'made.ts': `const named = (value: any, { name }: any) => () => name;\nexport class A { @named static m() { return 'own' } }`,
    });
    expect(await run(`import { A } from './made.ts'; A.m()`)).toBe('m');
  });
});

test('namespaces whose exports change, and in several pieces', async () => {
  const { run, failure } = session();
  await run('export namespace N { export let v = 1; export function inc(by: number) { v += by } }');
  expect(await run('N.inc(4); N.v')).toBe(5);
  expect(
    await run(
      'namespace A { export const x = 1 }\nnamespace A { export const y = x + 1 }\n[A.x, A.y] as const',
    ),
  ).toEqual([1, 2]);
  expect(await failure('interface I {}\nnamespace B { export let z: any = null; z.x }')).toContain(
    'Cell 4, line 2, column 43\n',
  );
});

test('using in a local file', async () => {
  const { run } = session({
    'made.ts': `export const log: string[] = [];\n{ using x = { [Symbol.dispose]() { log.push('gone') } } }`,
  });
  expect(await run(`import { log } from './made'; log`)).toEqual(['gone']);
});

describe('JSX', () => {
  test('is off until somebody says what it makes', async () => {
    expect(await session().failure('const a = 1;\nconst el = <b>c</b>')).toContain(
      'SyntaxError: JSX is off in this notebook (cell 1, line 2, column 12); say what it makes: a comment',
    );
  });

  test('by a comment', async () => {
    const { run } = session();
    await run('const h = (...parts: unknown[]) => parts');
    expect(await run('/** @jsx h */ <b title="x">c</b>')).toEqual(['b', { title: 'x' }, 'c']);
  });

  test('by the project, and generics stay generics', async () => {
    const { run, evaluator } = session({
      'tsconfig.json': { compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'made' } },
      'node_modules/made/package.json': { name: 'made', exports: { './jsx-runtime': './i.cjs' } },
      'node_modules/made/i.cjs': 'exports.jsx = (...parts) => parts',
      'view.tsx': 'export const view = <i>j</i>;',
    });
    expect(await run('const el = <b>c</b>; el')).toEqual(['b', { children: 'c' }]);
    expect(await run('const same = <T>(x: T) => x; same(<number>5)')).toBe(5);
    expect(await run(`import { view } from './view'; view`)).toEqual(['i', { children: 'j' }]);
    expect(evaluator.names()).toEqual(['el', 'same', 'view']);
  });

  test('by the project, with a function', async () => {
    const { run } = session({ 'tsconfig.json': { compilerOptions: { jsx: 'react', jsxFactory: 'h' } } });
    expect(await run('const h = (...parts: unknown[]) => parts; <b/>')).toEqual(['b', null]);
  });
});

test.each<[string, unknown]>([
  ['{ a: 1 }', { a: 1 }],
  ['{ a: 1, b: { c: [2] } } // why', { a: 1, b: { c: [2] } }],
  ['\n{\n  "a": 1\n}\n', { a: 1 }],
  ['{ a: 1 };', undefined],
  ['{ let a = 1; a }', undefined],
  ['{}', undefined],
  ['export default { a: 1 }', { a: 1 }],
  ['import type { X } from "nowhere"; 5', 5],
  ['#!/usr/bin/env node\n5', 5],
  ['\ufeff5', 5],
  ['let a = 1;\r\n\r\na + 4\r\n', 5],
  ['module.exports = 5', 5],
  ['const { f = () => 0, C = class {} } = {} as any; [f.name, C.name]', ['f', 'C']],
  ['const größe = 5; größe', 5],
])('%j', async (source, value) => {
  expect(await session().run(source)).toEqual(value);
});

test('a package that is installed after an import of it failed is found', async () => {
  const { run, cwd } = session();
  const missing = `package not found: 'late'; looked from ${cwd} upwards; run %install late in a cell`;
  await expect(run('import late from "late"')).rejects.toThrow(missing);
  await expect(run('require("late")')).rejects.toMatchObject({ code: 'MODULE_NOT_FOUND', message: missing });
  mkdirSync(join(cwd, 'node_modules/late'), { recursive: true });
  writeFileSync(join(cwd, 'node_modules/late/package.json'), '{"name":"late","exports":"./made.cjs"}');
  writeFileSync(join(cwd, 'node_modules/late/made.cjs'), 'module.exports = 5');
  expect(await run('import late from "late"; [late, require("late")]')).toEqual([5, 5]);
});

test('brackets that would end the process are refused', async () => {
  for (const [open, close] of ['()', '[]', '{}'])
    await expect(session().run(`${open.repeat(20_000)}1${close.repeat(20_000)}`)).rejects.toThrow(
      'Brackets nested too deeply: 20000 levels, at most 1000 (cell 1, line 1, column 1); read large data from a file',
    );
});

test('a syntax error of a local file names its line in it', async () => {
  const { failure } = session({ 'wrong.ts': 'let a = 1;\nlet b = ;' });
  expect(await failure(`import './wrong.ts'`)).toContain('wrong.ts:2:9]');
});
