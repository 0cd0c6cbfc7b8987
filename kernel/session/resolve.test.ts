/** Where imports of cells come from: the notebook's folder, its packages, the kernel's own. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { createEvaluator, type Evaluator } from './evaluate.ts';

let cwd: string;
let evaluator: Evaluator;
let count = 0;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'resolve-'));
  evaluator = createEvaluator({ cwd, check() {} });
});

const write = (path: string, text: string | object) => {
  mkdirSync(dirname(join(cwd, path)), { recursive: true });
  writeFileSync(join(cwd, path), typeof text === 'string' ? text : JSON.stringify(text));
};
const run = async (source: string) => (await evaluator.run(source, ++count)).value;

test('a package with nothing but `exports`, ES modules and top-level await', async () => {
  write('node_modules/only-exports/package.json', {
    name: 'only-exports',
    type: 'module',
    exports: { '.': { import: './m.js' }, './sub': './s.js' },
  });
  write(
    'node_modules/only-exports/m.js',
    'export const late = await Promise.resolve(5); export default () => 6;',
  );
  write('node_modules/only-exports/s.js', 'export const sub = 7;');
  expect(
    await run(
      `import six, { late } from 'only-exports'; import { sub } from 'only-exports/sub'; [late, six(), sub]`,
    ),
  ).toEqual([5, 6, 7]);
});

test('a CommonJS package, by import and by require', async () => {
  write('node_modules/common/package.json', { name: 'common', main: 'i.js' });
  write(
    'node_modules/common/i.js',
    'const made = { two: 2 }; made["th" + "ree"] = 3; module.exports = made;',
  );
  expect(
    await run(`import common, { three } from 'common'; [common.two, three, require('common').two]`),
  ).toEqual([2, 3, 2]);
});

test('JSON, with and without its attribute', async () => {
  write('data.json', { a: 1 });
  expect(
    await run(
      `import data from './data.json'; import again from './data.json' with { type: 'json' }; [data.a, again.a]`,
    ),
  ).toEqual([1, 1]);
  expect(await run(`require('./data.json').a`)).toBe(1);
});

test('a local TypeScript file loads again when it, or what it imports, has changed, and not otherwise', async () => {
  write('inner.ts', 'export enum Size { Small = 1 }');
  write(
    'helper.ts',
    `import { Size } from './inner.js';\nexport const calls = { n: 0 };\nexport function size(): number { calls.n++; return Size.Small }`,
  );
  expect(await run(`import { size, calls } from './helper'; [size(), calls.n]`)).toEqual([1, 1]);
  expect(await run(`import { size, calls } from './helper.ts'; [size(), calls.n]`)).toEqual([1, 2]);
  write('inner.ts', 'export enum Size { Small = 11 }');
  expect(await run(`import { size, calls } from './helper'; [size(), calls.n]`)).toEqual([11, 1]);
  write('helper.ts', `export const size = () => 'other'`);
  expect(await run(`(await import('./helper.ts')).size()`)).toBe('other');
});

test('a local .js file may be an ES module without a package.json', async () => {
  write('plain.js', 'export const x = 1;');
  expect(await run(`import { x } from './plain.js'; x`)).toBe(1);
});

test('an error in a local file shows its TypeScript line', async () => {
  write(
    'broken.ts',
    `interface A {\n  a: number;\n}\n\nexport function fail(a: A): never {\n  throw new Error('inside ' + a.a);\n}\n`,
  );
  const error: unknown = await run(`import { fail } from './broken.ts';\nfail({ a: 1 })`).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');
  const text = evaluator.formatError(error).traceback.join('\n').replace(escapes, '');
  expect(text).toContain(`${join(cwd, 'broken.ts')}, line 6, column 9, in fail`);
  expect(text).toContain(` ---> 6   throw new Error('inside ' + a.a);`);
  expect(text).toContain(`Cell ${count}, line 2, column 1`);
});

test('a syntax error in a local file names the file', async () => {
  write('wrong.ts', 'export const = 1');
  await expect(run(`import './wrong.ts'`)).rejects.toThrow(/wrong\.ts: Unexpected token/);
});

test('neuronbook comes from the kernel where the folder has none, for local files too', async () => {
  expect(
    await run(
      `import meta, { version } from 'neuronbook/package.json'; [meta.name, meta.version === version]`,
    ),
  ).toEqual(['neuronbook', true]);
  write(
    'uses.ts',
    `import meta from 'neuronbook/package.json' with { type: 'json' };\nexport const { name } = meta;`,
  );
  expect(await run(`import { name } from './uses.ts'; name`)).toBe('neuronbook');
});

test('a project’s own installation wins', async () => {
  write('node_modules/neuronbook/package.json', { name: 'neuronbook', type: 'module', exports: './i.js' });
  write('node_modules/neuronbook/i.js', 'export const mine = true;');
  expect(await run(`import { mine } from 'neuronbook'; mine`)).toBe(true);
});

test('a missing package says how to get it', async () => {
  await expect(run(`import x from 'no-such-package/sub'`)).rejects.toThrow(
    expect.objectContaining({
      name: 'ModuleNotFoundError',
      message: `package not found: 'no-such-package'; looked from ${cwd} upwards; run %install no-such-package in a cell`,
    }),
  );
});

test('a missing local file is an error of its own', async () => {
  await expect(run(`import './nowhere.ts'`)).rejects.toThrow(
    `file not found: ./nowhere.ts; looked for ${join(cwd, 'nowhere.ts')}, also as .ts, .js and folder`,
  );
});

test('import.meta.resolve', async () => {
  write('node_modules/common/package.json', { name: 'common', main: 'i.js' });
  write('node_modules/common/i.js', '');
  expect(
    await run(
      `['./a.ts', 'fs', 'common'].map(name => import.meta.resolve(name).replace(import.meta.resolve('.'), ''))`,
    ),
  ).toEqual(['/a.ts', 'node:fs', '/node_modules/common/i.js']);
});

test('what Node’s loader refuses names the line of the import too', async () => {
  write('node_modules/needs/package.json', { name: 'needs', type: 'module', main: 'i.js' });
  write('node_modules/needs/i.js', 'import "not-there"');
  write('wrong.ts', 'export const = 1');
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');
  for (const specifier of ['needs', './wrong.ts', 'node:nowhere']) {
    const error: unknown = await run(`1;\n  await import('${specifier}')`).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    const text = evaluator.formatError(error).traceback.join('\n').replace(escapes, '');
    expect(text).toContain(`Cell ${count}, line 2, column 9\n`);
  }
});
