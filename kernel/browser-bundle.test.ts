/**
 * The front door in a browser: everything it reaches resolves there, nothing of it asks for Node, and a page that
 * imports it does not fetch more than it must.
 */
import { describe, expect, test } from 'vitest';
import { bundle, type Bundle } from './test-bundle.ts';

/** The name in code, not within text, where nothing asked before whether it is there (`typeof Buffer`). */
const relies = (code: string, name: string): boolean =>
  new RegExp(`(?<![\\w.$'"\`])${name}\\b[^'"\`\\w ]`).test(code) && !code.includes(`typeof ${name}`);

/** Where our modules use what only Node has. */
const nodeGlobals = ({ files }: Bundle): string[] =>
  files
    .flatMap(({ own }) => Object.entries(own))
    .flatMap(([path, code]) =>
      ['process', 'Buffer', '__dirname', '__filename']
        .filter(name => relies(code, name))
        .map(name => `${path} uses ${name}`),
    );

/** Addresses put together beside `import.meta.url`: webpack looks for a module there and Vite for a folder of them. */
const bundledAddresses = ({ files }: Bundle): string[] =>
  files
    .flatMap(({ own }) => Object.entries(own))
    .filter(([, code]) => /new URL\(\s*[^'"\s][^,]*,\s*import\.meta\.url/.test(code))
    .map(([path]) => path);

const kilobytes = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0) / 1000;

describe('the front door, bundled for a browser', async () => {
  const built = await bundle('index.ts', { minify: true });
  const plain = await bundle('index.ts');
  const modules = plain.files.flatMap(({ own }) => Object.keys(own));

  test('resolves everything, and no built-in of Node', () => expect(built.missing).toEqual([]));

  test('uses no global of Node', () => expect(nodeGlobals(plain)).toEqual([]));

  test('names no file that a bundler would look for in vain', () =>
    expect(bundledAddresses(plain)).toEqual([]));

  test('holds the browser’s half of every platform module, and nothing of Node’s', () => {
    const platform = modules.filter(path => path.startsWith('base/platform/')).sort();
    expect(platform).toContain('base/platform/files.browser.ts');
    expect(platform.filter(path => !path.endsWith('.browser.ts'))).toEqual([]);
    const runtime = modules.filter(path => path.startsWith('engine/runtime/')).sort();
    expect(runtime).toContain('engine/runtime/web.ts');
    expect(runtime).not.toContain('engine/runtime/node.ts');
  });

  test('is small: what a page fetches at once, and what only when it is needed', () => {
    const sizes = (eager: boolean) =>
      built.files.filter(file => file.eager === eager).map(({ gzip }) => gzip);
    expect(kilobytes(sizes(true))).toBeLessThan(300);
    // ONNX Runtime's script and WebGPU's, readers of CSV and Parquet
    expect(built.files.filter(({ eager }) => !eager).length).toBeGreaterThanOrEqual(4);
    expect(kilobytes(sizes(false))).toBeLessThan(200);
  });
});

describe('what opens files in a page, bundled for a browser', async () => {
  const { missing, files } = await bundle('model/peek.ts', { minify: true });

  test('resolves everything, and no built-in of Node', () => expect(missing).toEqual([]));

  test('is small', () => expect(kilobytes(files.map(({ gzip }) => gzip))).toBeLessThan(100));
});

describe('a seeded violation is found', () => {
  test.each([
    ['a built-in by its prefix', "import fs from 'node:fs'; fs.existsSync('');", 'node:fs'],
    ['… without it', "import { join } from 'path'; join('');", 'path'],
    ['… at run time', "await import('node:os');", 'node:os'],
    ['a package that is not there', "import x from 'not-installed'; x();", 'not-installed'],
  ])('%s', async (_, seed, spec) => {
    const { missing } = await bundle('base/rng.ts', { seeds: { 'base/rng.ts': seed } });
    expect(missing).toContain(`${spec}, asked for by base/rng.ts`);
  });

  test('Node’s half of a platform module', async () => {
    const seed = "export * from './platform/pictures.node.ts';";
    const { missing } = await bundle('base/rng.ts', { seeds: { 'base/rng.ts': seed } });
    expect(missing.length).toBeGreaterThan(5);
    expect(missing.some(line => /^node:stream, asked for by .*sharp/.test(line))).toBe(true);
  });

  test('a name that the browser’s half lacks', async () => {
    const seed = "import { nothing } from '#platform/zoo'; nothing();";
    await expect(bundle('base/rng.ts', { seeds: { 'base/rng.ts': seed } })).rejects.toThrow('nothing');
  });

  test('an address put together', async () => {
    const seed = 'export const file = (name) => new URL(`zoo/${name}.onnx`, import.meta.url);';
    expect(bundledAddresses(await bundle('base/rng.ts', { seeds: { 'base/rng.ts': seed } }))).toEqual([
      'base/rng.ts',
    ]);
  });

  test.each([
    ['process', 'export const folder = () => process.cwd();'],
    ['Buffer', 'export const bytes = () => Buffer.from("");'],
    ['__dirname', 'export const here = () => [__dirname];'],
  ])('%s', async (name, seed) =>
    expect(nodeGlobals(await bundle('base/rng.ts', { seeds: { 'base/rng.ts': seed } }))).toEqual([
      `base/rng.ts uses ${name}`,
    ]),
  );
});
