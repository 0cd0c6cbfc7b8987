/** What the magics do, run as cells. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { setHost, type MimeBundle } from '../base/host.ts';
import { createEvaluator, type Evaluator } from './evaluate.ts';
import { loadMagic, magicNames } from './magic.ts';

let cwd: string;
let evaluator: Evaluator;
let count: number;
let printed: string;
let shown: MimeBundle[];
let payloads: object[];
const home = process.cwd();

beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'magic-')));
  [count, printed, shown, payloads] = [0, '', [], []];
  process.chdir(cwd);
  vi.spyOn(process.stdout, 'write').mockImplementation(text => Boolean((printed += String(text))));
  const stub = { clear() {}, interrupted: false, enterNative() {}, leaveNative() {} };
  setHost({ ...stub, display: bundle => void shown.push(bundle) });
  const globals = { asked: 'given' };
  evaluator = createEvaluator({ cwd, check() {}, globals, payload: payload => payloads.push(payload) });
});
afterEach(() => {
  vi.restoreAllMocks();
  setHost(undefined);
  process.chdir(home);
});

const run = async (source: string) => (await evaluator.run(source, ++count)).value;
/** What running the cell printed. */
async function print(source: string): Promise<string> {
  printed = '';
  await run(source);
  return printed;
}

test('%time runs code of any kind, and gives its value', async () => {
  const times = /^CPU times: user \S+ [mµn]?s, sys: .*, total: .*\nWall time: \S+ [mµn]?s\n$/;
  expect(await run('%time 1 + 1')).toBe(2);
  expect(printed).toMatch(times);
  expect(await print('%time const made = await Promise.resolve(5)')).toMatch(times);
  expect(await run('made')).toBe(5);
  expect(await run('%%time\nconst more = made + 1\nmore')).toBe(6);
  expect(await run('%time 1 + 1;')).toBe(2);
});

test('%timeit', async () => {
  expect(await print('%timeit await new Promise(done => setTimeout(done, 20))')).toMatch(
    /^2\d(\.\d)? ms ± .* per loop \(mean ± std\. dev\. of 7 runs, 10 loops each\)\n$/,
  );
}, 20_000);

test('%who, %whos and %reset', async () => {
  expect(await print('%who')).toBe('no variables yet\n');
  await run('const a = [1, 2]; let asked = "own"; function f() {}');
  expect(await print('%who')).toBe('asked  f  a\n');
  expect(await run('%whos')).toEqual([
    { name: 'asked', kind: 'let', type: 'string', value: "'own'" },
    { name: 'f', kind: 'function', type: 'function', value: '[Function: f]' },
    { name: 'a', kind: 'const', type: 'Array', value: '[ 1, 2 ]' },
  ]);
  expect(await print('%reset')).toBe('3 variables forgotten\n');
  await expect(run('a')).rejects.toThrow('a is not defined');
  expect(await run('asked')).toBe('given');
});

test('%cd moves what opens files, not what imports', async () => {
  mkdirSync('sub');
  writeFileSync('made.ts', 'export const x = 5');
  expect(await print('%cd sub')).toBe(`${join(cwd, 'sub')}\n`);
  expect(await run('%pwd')).toBe(join(cwd, 'sub'));
  expect(await run('import { x } from "./made"; x')).toBe(5);
  expect(await print('%cd -')).toBe(`${cwd}\n`);
  await expect(run('%cd nowhere')).rejects.toThrow('ENOENT');
});

test('%env', async () => {
  expect(await print('%env NEURONBOOK_MAGIC=a b')).toBe('env: NEURONBOOK_MAGIC=a b\n');
  expect(await run('%env NEURONBOOK_MAGIC')).toBe('a b');
  expect(await run('process.env.NEURONBOOK_MAGIC')).toBe('a b');
  delete process.env.NEURONBOOK_MAGIC;
  await expect(run('%env NEURONBOOK_MAGIC')).rejects.toThrow(
    'no such environment variable: NEURONBOOK_MAGIC',
  );
});

test('cells that are shown', async () => {
  for (const name of ['html', 'markdown', 'latex', 'svg']) await run(`%%${name}\n<b>x</b>\n%who`);
  expect(shown.map(bundle => Object.entries(bundle).find(([type]) => type !== 'text/plain'))).toEqual([
    ['text/html', '<b>x</b>\n%who'],
    ['text/markdown', '<b>x</b>\n%who'],
    ['text/latex', '<b>x</b>\n%who'],
    ['image/svg+xml', '<b>x</b>\n%who'],
  ]);
});

test('%%writefile and %load', async () => {
  expect(await print('%%writefile out.ts\nconst a = 1')).toBe('wrote out.ts\n');
  expect(await print('%%writefile -a out.ts\n;a')).toBe('appended to out.ts\n');
  expect(readFileSync('out.ts', 'utf8')).toBe('const a = 1;a');
  await run('%load out.ts');
  expect(payloads).toEqual([
    { source: 'set_next_input', text: '// %load out.ts\nconst a = 1;a', replace: true },
  ]);
  await expect(run('%load nowhere.ts')).rejects.toThrow('ENOENT');
});

test('a script that fails is an error, a line that fails is not', async () => {
  await run('!exit 3');
  await expect(run('%%sh\nexit 3')).rejects.toThrow('the script ended with exit code 3');
  await run('%%bash\n[[ -n $BASH_VERSION ]]');
});

test('%install puts a package into the notebook’s folder, before the imports below it', async () => {
  mkdirSync('pkg');
  writeFileSync('pkg/package.json', '{"name":"made","version":"1.2.3","type":"module","exports":"./i.js"}');
  writeFileSync('pkg/i.js', 'export const v = 12;');
  expect(await run('%install ./pkg\nimport { v } from "made"; v')).toBe(12);
  expect(JSON.parse(readFileSync('package.json', 'utf8'))).toMatchObject({
    dependencies: { made: 'file:pkg' },
  });
  expect(shown.at(-1)?.['text/plain']).toMatch(/^installed \.\/pkg into .*: added 1 package/);
  await expect(run('%install ./nowhere')).rejects.toThrow(
    /^npm could not install \.\/nowhere: .*ENOENT: no such file or directory/,
  );
  expect(existsSync('node_modules/nowhere')).toBe(false);
}, 60_000);

test('each stands where it is written', async () => {
  expect(
    await print(`!true
const order: string[] = ['a'];
%time order.push('b')
for (const x of [1, 2]) {
  %env NEURONBOOK_MAGIC=x
}
order.push('c')`),
  ).toMatch(/^CPU.*\nWall.*\nenv: .*\nenv: .*\n$/);
  expect(await run('order.join("")')).toBe('abc');
});

test('positions of errors are those of the cell', async () => {
  const escapes = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');
  const failure = async (source: string) => {
    const error: unknown = await run(source).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    return evaluator.formatError(error).traceback.join('\n').replace(escapes, '');
  };
  expect(await failure('1\n%time [2].map(() => nowhere)')).toContain(
    ' ---> 2 %time [2].map(() => nowhere)\n                            ^',
  );
  expect(await failure('%%time\nlet ok = 1\n\nnowhere.x')).toContain('line 4, column 1\n');
  expect(await failure('%cd .\nconst = 1')).toContain('Unexpected token (cell 3, line 2, column 7)');
  expect(await failure('%time const = 1')).toContain('Unexpected token (cell 4, line 1, column 13)');
});

test.each([
  ['%instal x', /^unknown magic: %instal; nearest: %install, .*; %lsmagic lists all$/],
  ['%%htm\n<b>', /^unknown magic: %%htm; nearest: %%html, /],
  ['%html x', '%html takes the cell: write %%html in its first line'],
  ['%%cd\nx', '%%cd takes one line, not the cell: write %cd'],
  ['%install', 'no package named; write %install NAME'],
  ['!', 'no command; write !COMMAND'],
  ['%load', 'no file named; write %load FILE'],
])('%j is told what is wrong', async (source, message) => {
  await expect(run(source)).rejects.toThrow(message);
});

test('each file is a magic with help', async () => {
  expect(magicNames()).toContain('time');
  for (const name of magicNames()) {
    const magic = await loadMagic(name);
    expect(magic.usage).toMatch(/^[%!]/);
    expect(magic.about).toMatch(/^[^A-Z].*[^.]$/);
    expect(Boolean(magic.line ?? magic.cell)).toBe(true);
    for (const asked of [`%${name}?`, `%%${name}?`])
      expect(await print(asked)).toBe(`${magic.usage}\n${magic.about}\n`);
  }
  expect(((await run('%lsmagic')) as object[]).length).toBe(magicNames().length);
});
