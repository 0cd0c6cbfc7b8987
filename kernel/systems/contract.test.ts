/**
 * Every system is one short file with one function, a source, a test beside it and a notebook; the function carries its
 * experiment, which both of them read. `scripts/new-system.mjs` writes one that keeps this contract.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { experiment, type Experiment } from '../index.ts';

const longest = 200;

/** A system as the contract sees it; `name` is `<area>/<file>`. */
interface System {
  name: string;
  source: string;
  test: string | undefined;
  notebook: string | undefined;
}

const functionName = (name: string) => basename(name);

/** Names of what a module exports at run time; types are free. */
function exportsOf(source: string) {
  const named = /^export\s+(?:default\s+)?(?:async\s+)?(?:function\s*\*?|const|let|class|enum)\s+(\w+)/gm;
  const listed = /^export\s*\{([^}]*)\}/gm;
  const everything = /^export\s*\*/m.test(source) ? ['*'] : [];
  const fromLists = [...source.matchAll(listed)].flatMap(([, list]) =>
    list.split(',').map(
      item =>
        item
          .trim()
          .split(/\s+as\s+/)
          .at(-1) ?? '',
    ),
  );
  return [...source.matchAll(named)].map(match => match[1]).concat(fromLists.filter(Boolean), everything);
}

function breaches({ name, source, test, notebook }: System) {
  const exported = exportsOf(source);
  const lines = source.split('\n').length;
  const rules: [boolean, string][] = [
    [
      exported.length === 1 && exported[0] === functionName(name),
      `exports ${exported.join(', ') || 'nothing'}, expected ${functionName(name)}`,
    ],
    [
      new RegExp(`^export (async )?function\\*? ${functionName(name)}\\b`, 'm').test(source),
      `${functionName(name)} is not a function`,
    ],
    [
      /^\/\*\*[\s\S]*?@see https?:[\s\S]*?\*\//.test(source),
      'does not open with a doc comment that has @see and an address',
    ],
    [lines <= longest, `has ${lines} lines, expected at most ${longest}`],
    [
      new RegExp(`^${functionName(name)}\\.experiment = experiment\\(`, 'm').test(source),
      `declares no ${functionName(name)}.experiment`,
    ],
    [
      importsOf(source).every(spec => spec === 'neuronbook'),
      `imports ${importsOf(source).find(spec => spec !== 'neuronbook')}, expected neuronbook only`,
    ],
    [test !== undefined, 'has no test beside it'],
    [
      test === undefined || test.includes(`${functionName(name)}.experiment`),
      'has a test that does not read its experiment',
    ],
    [notebook !== undefined, `has no notebook notebooks/systems/${name}.ipynb`],
    [
      notebook === undefined || notebook.includes(`neuronbook/systems/${name}`),
      'is not imported by its notebook',
    ],
    [
      notebook === undefined || notebook.includes(`${functionName(name)}.experiment`),
      'has a notebook that does not read its experiment',
    ],
  ];
  return rules.filter(([kept]) => !kept).map(([, breach]) => breach);
}

/** What a file imports, types included. */
const importsOf = (source: string) =>
  [...source.matchAll(/^(?:import|export)\b[^'";]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm)].map(
    ([, from, dynamic]) => from ?? dynamic,
  );

/** What an experiment lacks; what can be seen of one plan alone is refused where it is declared. */
function lacks({ seeds, controls, marks }: Experiment): string[] {
  const rules: [boolean, string][] = [
    [seeds.length >= 3, `runs ${seeds.length} seeds, expected at least 3`],
    [Object.keys(controls).length > 0, 'has no control'],
    [Object.values(marks).some(mark => mark.control !== undefined), 'has no mark that a control has to fail'],
  ];
  return rules.filter(([kept]) => !kept).map(([, breach]) => breach);
}

const here = fileURLToPath(new URL('.', import.meta.url));
const notebooks = fileURLToPath(new URL('../../notebooks/systems/', import.meta.url));

function readSystem(name: string, [systems, books] = [here, notebooks]): System {
  const maybe = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
  return {
    name,
    source: readFileSync(`${systems}${name}.ts`, 'utf8'),
    test: maybe(`${systems}${name}.test.ts`),
    notebook: maybe(`${books}${name}.ipynb`),
  };
}

const names = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .map(path => path.replaceAll('\\', '/'))
  .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map(path => path.slice(0, -'.ts'.length));

test('every system keeps the contract', () => {
  const found = names.flatMap(name => breaches(readSystem(name)).map(breach => `${name} ${breach}`));
  expect(found).toEqual([]);
});

test.each(names)('the experiment of %s has seeds and controls enough', async name => {
  const module = (await import(/* @vite-ignore */ `${here}${name}.ts`)) as Record<
    string,
    { experiment: Experiment }
  >;
  expect(lacks(module[functionName(name)].experiment)).toEqual([]);
});

test('every notebook of a system has its system', () => {
  const paths = existsSync(notebooks) ? readdirSync(notebooks, { recursive: true, encoding: 'utf8' }) : [];
  const stems = paths
    .map(path => path.replaceAll('\\', '/'))
    .filter(path => path.endsWith('.ipynb') && !path.includes('.ipynb_checkpoints'))
    .map(path => path.slice(0, -'.ipynb'.length));
  expect(stems.filter(stem => !names.includes(stem))).toEqual([]);
});

describe('a seeded violation is found', () => {
  const header = '/**\n * Rounds weights.\n * @see https://arxiv.org/abs/0000.00000\n */\n';
  const front = "import { experiment, type Model } from 'neuronbook';\n";
  const body =
    'export function rounded(model: Model) {\n  return model;\n}\nrounded.experiment = experiment({});\n';
  const good: System = {
    name: 'quantization/rounded',
    source: `${header}${front}export interface Options { bits: number }\n${body}`,
    test: "import { rounded } from './rounded.ts'; rounded.experiment.run();",
    notebook: "import { rounded } from 'neuronbook/systems/quantization/rounded'; rounded.experiment.run()",
  };
  test('the clean system passes', () => expect(breaches(good)).toEqual([]));

  const extra = `${good.source}export const helper = 1;\n`;
  const constant = `${header}export const rounded = 3;\n`;
  test.each<[string, Partial<System>, string]>([
    ['an extra export', { source: extra }, 'exports rounded, helper, expected rounded'],
    [
      'a re-export',
      { source: `${good.source}export * from './more.ts';\n` },
      'exports rounded, *, expected rounded',
    ],
    ['another name', { name: 'quantization/floor' }, 'exports rounded, expected floor'],
    ['not a function', { source: constant }, 'rounded is not a function'],
    [
      'no source cited',
      { source: good.source.replace('@see', 'see') },
      'does not open with a doc comment that has @see and an address',
    ],
    ['too long', { source: good.source + '\n'.repeat(longest) }, 'has 211 lines, expected at most 200'],
    [
      'no experiment',
      { source: good.source.replace('rounded.experiment', 'const kept') },
      'declares no rounded.experiment',
    ],
    [
      'an inner folder',
      { source: good.source.replace("'neuronbook'", "'../../onnx/graph.ts'") },
      'imports ../../onnx/graph.ts, expected neuronbook only',
    ],
    [
      'another package',
      { source: `${good.source}const zod = await import('zod');\n` },
      'imports zod, expected neuronbook only',
    ],
    ['no test', { test: undefined }, 'has no test beside it'],
    [
      'a test of something else',
      { test: "import { rounded } from './rounded.ts';" },
      'has a test that does not read its experiment',
    ],
    ['no notebook', { notebook: undefined }, 'has no notebook notebooks/systems/quantization/rounded.ipynb'],
    [
      'a notebook about something else',
      { notebook: 'import { load } from "neuronbook"' },
      'is not imported by its notebook',
    ],
    [
      'a notebook that types its own seeds',
      { notebook: "import { rounded } from 'neuronbook/systems/quantization/rounded'" },
      'has a notebook that does not read its experiment',
    ],
  ])('%s', (_, change, breach) => expect(breaches({ ...good, ...change })).toContain(breach));

  const plan = {
    question: 'Is it so?',
    arms: { on: 'on' },
    controls: { off: 'off' },
    marks: {
      value: { of: (own: Readonly<Record<string, number>>) => own.value, atLeast: 1, control: 'off' },
    },
    run: () => ({ value: 1 }),
  } as const;
  test('the clean experiment passes', () => expect(lacks(experiment(plan))).toEqual([]));
  test.each<[string, () => Experiment, string[]]>([
    ['two seeds', () => experiment({ ...plan, seeds: 2 }), ['runs 2 seeds, expected at least 3']],
    [
      'no control',
      () => experiment({ ...plan, controls: {}, marks: { value: { of: own => own.value, atLeast: 1 } } }),
      ['has no control', 'has no mark that a control has to fail'],
    ],
    [
      'a control that has nothing to fail',
      () => experiment({ ...plan, marks: { value: { of: own => own.value, atLeast: 1, arm: 'off' } } }),
      ['has no mark that a control has to fail'],
    ],
  ])('%s', (_, made, said) => expect(lacks(made())).toEqual(said));
});

describe('a sixth system by the generator', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const into = mkdtempSync(`${tmpdir()}/neuronbook-system-`);
  afterAll(() => rmSync(into, { recursive: true }));
  const generate = (...args: string[]) =>
    spawnSync(process.execPath, [`${root}scripts/new-system.mjs`, ...args, '--into', into], {
      encoding: 'utf8',
    });
  const written = () =>
    readdirSync(into, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => `${entry.parentPath}/${entry.name}`.slice(into.length + 1).replaceAll('\\', '/'))
      .sort();

  test('is three files, which keep the contract', () => {
    const { status, stdout } = generate('toys/sixth', 'https://arxiv.org/abs/2210.06313');
    expect([status, stdout.split('\n').slice(0, 3).sort()]).toEqual([0, written()]);
    expect(written()).toEqual([
      'kernel/systems/toys/sixth.test.ts',
      'kernel/systems/toys/sixth.ts',
      'notebooks/systems/toys/sixth.ipynb',
    ]);
    const system = readSystem('toys/sixth', [`${into}/kernel/systems/`, `${into}/notebooks/systems/`]);
    expect(breaches(system)).toEqual([]);
  });

  test('whose test passes as it is', () => {
    symlinkSync(`${root}node_modules`, `${into}/node_modules`, 'junction');
    const vitest = [`${root}node_modules/vitest/vitest.mjs`, 'run', '--root', into];
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...vitest, '--config', `${root}kernel/vitest.config.ts`],
      { encoding: 'utf8' },
    );
    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toContain('3 passed');
  });

  test('never takes the place of one that is there, and says what a name is', () => {
    expect(generate('toys/sixth').stderr).toContain('kernel/systems/toys/sixth.ts is there already');
    expect(generate('toys/round-to-nearest').stderr).toContain('such as toys/roundToNearest');
    expect(generate('sixth').stderr).toContain('no name for a system: sixth; expected area/name');
  });
});
