/** The import table: every folder may import only what its row names, type-only imports included. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const core = ['base', 'display', 'onnx', 'engine', 'nn'];
const library = [...core, 'model', 'train', 'data'];
const front = [...library, 'instruments'];
const all = [...front, 'index', 'systems', 'zoo', 'wire', 'language', 'session'];
const kernelRows: Record<string, string[]> = {
  base: [],
  display: ['base'],
  onnx: ['base'],
  engine: ['base', 'onnx'],
  nn: ['base', 'onnx', 'engine'],
  model: core,
  train: [...core, 'model'],
  data: ['base'],
  instruments: library,
  index: front,
  systems: ['index'],
  zoo: ['index'],
  wire: ['base'],
  language: ['base'],
  session: ['base', 'display'],
  cli: [...all, 'main'],
  main: all,
  browser: all,
};

/** Sources by path, relative to the folder that is checked. */
type Sources = Record<string, string>;

/** Every import, export … from, and dynamic import, as the compiler's scanner finds them: not in text or comments. */
function* imports(sources: Sources) {
  for (const [from, source] of Object.entries(sources))
    for (const { fileName: spec } of ts.preProcessFile(source, true, true).importedFiles)
      yield { from, spec };
}

/** The file below kernel/ that a specifier means, or undefined for one of somebody else's. */
function target(from: string, spec: string): string | undefined {
  if (spec.startsWith('.')) return posix.join(posix.dirname(from), spec);
  if (spec.startsWith('#platform/')) return `base/platform/${spec.slice('#platform/'.length)}`;
  if (spec === '#runtime') return 'engine/runtime/node';
  if (spec === 'neuronbook') return 'index';
  return spec.startsWith('neuronbook/') ? spec.slice('neuronbook/'.length) : undefined;
}

const layerOf = (path: string) => path.split('/')[0].replace(/\.[jt]s$/, '');

function allowed(from: string, to: string) {
  const layer = layerOf(from);
  if (layer !== layerOf(to)) return kernelRows[layer]?.includes(layerOf(to)) ?? false;
  if (layer === 'instruments') return from.split('/')[1] === to.split('/')[1];
  return layer !== 'systems';
}

function kernelBreaches(sources: Sources) {
  const found = [];
  for (const { from, spec } of imports(sources)) {
    const to = target(from, spec);
    // what only tests use (test-client.ts) may reach further, so nothing else may use it
    const forTests = to !== undefined && /(^|\/)test-[^/]+$/.test(to);
    if (to !== undefined && (forTests || !allowed(from, to))) found.push(`${from} imports ${to}`);
  }
  return found;
}

/**
 * The extension knows the kernel by its payloads (types and MIME names); live figures also run the front door, and
 * viewers of files read them with `model/peek` (decisions/files-without-a-kernel.md).
 */
function extensionBreaches(sources: Sources) {
  const found = [];
  for (const { from, spec } of imports(sources)) {
    const path = spec.startsWith('.') ? posix.join(posix.dirname(from), spec) : '';
    // each module brings its own style
    const outside = path.startsWith('..') && !/^\.\.\/style\/[a-z-]+\.css$/.test(path);
    const ours = spec === 'neuronbook' || spec.startsWith('neuronbook/') || spec.startsWith('#');
    const payload =
      /^neuronbook\/display\/(payload|packed|heat|controls|inspection|(views|drawings)\/[a-z-]+)$/.test(spec);
    const live = spec === 'neuronbook' && /\b(live|figure)\b/.test(from);
    const file = spec === 'neuronbook/model/peek' && from.startsWith('files/');
    if (outside || (ours && !payload && !live && !file)) found.push(`${from} imports ${spec}`);
  }
  return found;
}

/** Scripts run before anything is installed: Node's built-ins and one another, nothing else. */
function scriptBreaches(sources: Sources) {
  const found = [];
  for (const { from, spec } of imports(sources)) {
    const outside = spec.startsWith('.') && posix.join(posix.dirname(from), spec).startsWith('..');
    if (outside || !(spec.startsWith('.') || spec.startsWith('node:'))) found.push(`${from} imports ${spec}`);
  }
  return found;
}

function read(folder: string, ending: string): Sources {
  const root = fileURLToPath(new URL(folder, import.meta.url));
  const skipped = /(^|\/)(node_modules|dist)\/|\.test\.|\.config\.|(^|\/)test-[^/]+$/;
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map(path => path.replaceAll('\\', '/'))
    .filter(path => path.endsWith(ending) && !skipped.test(path));
  return Object.fromEntries(paths.map(path => [path, readFileSync(`${root}/${path}`, 'utf8')]));
}

const kernel = read('.', '.ts');
const extension = read('../extension', '.ts');
const scripts = read('../scripts', '.mjs');

describe('the tree', () => {
  test('every import in kernel points down', () => expect(kernelBreaches(kernel)).toEqual([]));
  test('the extension imports payloads only', () => expect(extensionBreaches(extension)).toEqual([]));
  test('scripts import only what Node has', () => expect(scriptBreaches(scripts)).toEqual([]));
  test('every folder that has files has a row', () => {
    const folders = new Set(Object.keys(kernel).map(layerOf));
    expect([...folders].filter(folder => !(folder in kernelRows))).toEqual([]);
  });
  test('the checks see real imports', () => {
    expect([...imports(kernel)].filter(({ from, spec }) => target(from, spec)).length).toBeGreaterThan(10);
    expect([...imports(extension)].length).toBeGreaterThan(0);
    expect([...imports(scripts)].length).toBeGreaterThan(10);
  });
});

describe('a seeded violation is found', () => {
  const cases: [string, string, string, string][] = [
    ['a system that imports a system', 'systems/a/x.ts', "import { y } from './y.ts';", 'systems/a/y.ts'],
    [
      '… by the package’s name',
      'systems/a/x.ts',
      "import { y } from 'neuronbook/systems/a/y';",
      'systems/a/y',
    ],
    [
      'a system past the front door, type-only',
      'systems/a/x.ts',
      "import type { T } from '../../onnx/graph.ts';",
      'onnx/graph.ts',
    ],
    ['an import upward', 'onnx/a.ts', "import type { T } from '../engine/grad.ts';", 'engine/grad.ts'],
    ['a re-export upward', 'base/a.ts', "export * from '../onnx/graph.ts';", 'onnx/graph.ts'],
    ['a dynamic import', 'base/a.ts', "const m = await import('../model/load.ts');", 'model/load.ts'],
    ['an import for its effect', 'data/a.ts', "import '../engine/grad.ts';", 'engine/grad.ts'],
    [
      'the socket side reaching the library',
      'wire/a.ts',
      "import { g } from '../onnx/graph.ts';",
      'onnx/graph.ts',
    ],
    [
      'the library reaching the socket side',
      'train/a.ts',
      "import { s } from '../session/run.ts';",
      'session/run.ts',
    ],
    [
      'one instrument in another',
      'instruments/feature/a.ts',
      "import { b } from '../circuits/b.ts';",
      'instruments/circuits/b.ts',
    ],
    [
      'the zoo inside',
      'zoo/textures/train.ts',
      "import { g } from '../../engine/grad.ts';",
      'engine/grad.ts',
    ],
    ['the runtime by its condition', 'session/a.ts', "import { r } from '#runtime';", 'engine/runtime/node'],
    [
      'what only tests use',
      'session/a.ts',
      "import { c } from './test-client.ts';",
      'session/test-client.ts',
    ],
    ['a folder without a row', 'extra/a.ts', "import { r } from '../base/rng.ts';", 'base/rng.ts'],
    [
      'over several lines',
      'base/a.ts',
      "import {\n  one,\n  two,\n} from '../onnx/graph.ts';",
      'onnx/graph.ts',
    ],
  ];
  test.each(cases)('%s', (_, from, source, to) =>
    expect(kernelBreaches({ [from]: source })).toEqual([`${from} imports ${to}`]),
  );

  test.each([
    [
      'another type of the kernel',
      'renderers/a.ts',
      "import type { T } from 'neuronbook/base/tensor';",
      'neuronbook/base/tensor',
    ],
    [
      'the front door outside live figures',
      'renderers/a.ts',
      "import { load } from 'neuronbook';",
      'neuronbook',
    ],
    [
      'the reader of files outside their viewers',
      'renderers/a.ts',
      "const { peekOnnx } = await import('neuronbook/model/peek');",
      'neuronbook/model/peek',
    ],
    [
      'a file of the kernel',
      'renderers/a.ts',
      "import type { T } from '../../kernel/base/shape.ts';",
      '../../kernel/base/shape.ts',
    ],
  ])('%s', (_, from, source, spec) =>
    expect(extensionBreaches({ [from]: source })).toEqual([`${from} imports ${spec}`]),
  );

  test('a script that imports a package', () =>
    expect(scriptBreaches({ 'a.mjs': "import { z } from 'zod';" })).toEqual(['a.mjs imports zod']));
});

test('what the table allows passes', () => {
  expect(
    kernelBreaches({
      'engine/a.ts':
        "import { g } from '../onnx/graph.ts';\nimport { r } from '#runtime';\nimport os from 'node:os';",
      'systems/a/x.ts': "import { load } from 'neuronbook';\nimport type { T } from '../../index.ts';",
      'base/b.ts':
        "/** e.g. import { x } from '../engine/grad.ts' */\nconst text = `\nimport '../engine/grad.ts';`;\nimport { f } from '#platform/files';",
      'main.ts': "import { s } from './session/run.ts';",
    }),
  ).toEqual([]);
  expect(
    extensionBreaches({
      'a.ts': "import type { T } from 'neuronbook/display/payload';\nimport { W } from '@lumino/widgets';",
      'renderers/live.ts': "const { load } = await import('neuronbook');",
    }),
  ).toEqual([]);
});
