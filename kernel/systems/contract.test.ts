/** Every system is one short file with one function, a source, a test beside it and a notebook that uses it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const longest = 200;

/** A system as the contract sees it; `name` is `<area>/<file>`. */
interface System {
  name: string;
  source: string;
  hasTest: boolean;
  notebook: string | undefined;
}

/** A kebab-case file holds a camelCase function. */
const functionName = (name: string) =>
  basename(name).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

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

function breaches({ name, source, hasTest, notebook }: System) {
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
    [hasTest, 'has no test beside it'],
    [notebook !== undefined, `has no notebook notebooks/systems/${name}.ipynb`],
    [
      notebook === undefined || notebook.includes(`neuronbook/systems/${name}`),
      'is not imported by its notebook',
    ],
  ];
  return rules.filter(([kept]) => !kept).map(([, breach]) => breach);
}

const here = fileURLToPath(new URL('.', import.meta.url));
const notebooks = fileURLToPath(new URL('../../notebooks/systems/', import.meta.url));

function readSystem(name: string): System {
  const notebook = `${notebooks}${name}.ipynb`;
  return {
    name,
    source: readFileSync(`${here}${name}.ts`, 'utf8'),
    hasTest: existsSync(`${here}${name}.test.ts`),
    notebook: existsSync(notebook) ? readFileSync(notebook, 'utf8') : undefined,
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
  const good: System = {
    name: 'quantization/round-to-nearest',
    source: `${header}import type { Model } from 'neuronbook';\nexport interface Options { bits: number }\nexport function roundToNearest(model: Model) {\n  return model;\n}\n`,
    hasTest: true,
    notebook: "import { roundToNearest } from 'neuronbook/systems/quantization/round-to-nearest'",
  };
  test('the clean system passes', () => expect(breaches(good)).toEqual([]));

  const extra = `${good.source}export const helper = 1;\n`;
  const constant = `${header}export const roundToNearest = 3;\n`;
  test.each<[string, Partial<System>, string]>([
    ['an extra export', { source: extra }, 'exports roundToNearest, helper, expected roundToNearest'],
    [
      'a re-export',
      { source: `${good.source}export * from './more.ts';\n` },
      'exports roundToNearest, *, expected roundToNearest',
    ],
    ['another name', { name: 'quantization/floor' }, 'exports roundToNearest, expected floor'],
    ['not a function', { source: constant }, 'roundToNearest is not a function'],
    [
      'no source cited',
      { source: good.source.replace('@see', 'see') },
      'does not open with a doc comment that has @see and an address',
    ],
    ['too long', { source: good.source + '\n'.repeat(longest) }, 'has 210 lines, expected at most 200'],
    ['no test', { hasTest: false }, 'has no test beside it'],
    [
      'no notebook',
      { notebook: undefined },
      'has no notebook notebooks/systems/quantization/round-to-nearest.ipynb',
    ],
    [
      'a notebook about something else',
      { notebook: 'import { load } from "neuronbook"' },
      'is not imported by its notebook',
    ],
  ])('%s', (_, change, breach) => expect(breaches({ ...good, ...change })).toContain(breach));
});
