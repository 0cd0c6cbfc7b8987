/** The package as npm would publish it, installed into an empty folder: library, command, kernel, extension. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sizeOf } from './prune.ts';

const kernel = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';
/** Without the settings of this repository, which npm passes on to what it runs. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
/** What an installation may take, in bytes, once pruned. */
const GOAL = 400e6;

let folder: string;
let app: string;
const installed = (...path: string[]) => join(app, 'node_modules', 'neuronbook', ...path);
const npm = (cwd: string, ...args: string[]) =>
  execFileSync(windows ? 'npm.cmd' : 'npm', args, {
    cwd,
    env,
    encoding: 'utf8',
    shell: windows,
    stdio: 'pipe',
  });
const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: app, env, encoding: 'utf8' });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'neuronbook-pack-'));
  app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "private": true }');
  npm(kernel, 'pack', '--pack-destination', folder, '--silent');
  const [archive] = readdirSync(folder).filter(name => name.endsWith('.tgz'));
  npm(app, 'install', join('..', archive), '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund');
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }), 120_000);

test('holds what is used, and nothing of the tests', () => {
  expect(readdirSync(installed()).sort()).toEqual([
    'LICENSE',
    'README.md',
    'bin',
    'dist',
    'package.json',
    'zoo',
  ]);
  const files = readdirSync(installed(), { recursive: true, encoding: 'utf8' });
  expect(files.filter(file => /\btest\b|\.map$|(?<!\.d)\.ts$|tsbuildinfo/.test(file))).toEqual([]);
});

test('its size, as npm installs it and pruned', () => {
  const before = sizeOf(join(app, 'node_modules'));
  expect(node(installed('bin', 'neuronbook.mjs'), 'prune')).toMatch(/ MB removed\n$/);
  const after = sizeOf(join(app, 'node_modules'));
  console.info(`installed: ${(before / 1e6).toFixed()} MB, pruned: ${(after / 1e6).toFixed()} MB`);
  expect(after).toBeLessThan(GOAL);
});

test('the library runs a bundled network in plain Node', () => {
  const source = `import { load, tensor } from 'neuronbook';
    const model = await load('zoo:textures');
    const { sites } = await model.run({ image: tensor(new Float32Array(3 * 48 * 48), [1, 3, 48, 48]) }, { read: ['conv3'] });
    console.log(sites.conv3.dims.length);`;
  writeFileSync(join(app, 'library.mjs'), source);
  expect(node('library.mjs')).toBe('4\n');
});

test('the command installs kernel and extension; the kernel runs cells in another folder', async () => {
  node(installed('bin', 'neuronbook.mjs'), 'install', '--prefix', join(folder, 'env'));
  const jupyter = join(folder, 'env', 'share', 'jupyter');
  const spec = JSON.parse(readFileSync(join(jupyter, 'kernels', 'neuronbook', 'kernel.json'), 'utf8')) as {
    argv: string[];
  };
  expect(spec.argv[1].startsWith(installed())).toBe(true);
  if (existsSync(join(kernel, 'dist', 'labextension')))
    expect(existsSync(join(jupyter, 'labextensions', 'neuronbook-lab', 'package.json'))).toBe(true);

  process.env.NEURONBOOK_TEST_MAIN = spec.argv[1];
  const { resultOf, startKernel } = await import('../session/test-client.ts');
  const client = await startKernel();
  const { reply } = await client.execute(
    `import { load } from 'neuronbook'; const model = await load('zoo:textures')`,
  );
  expect(reply.content.evalue ?? 'ok').toBe('ok');
  expect(resultOf(await client.execute('model.sites.length > 5'))).toBe('true');
  const completion = await client.request('complete_request', { code: 'model.sit', cursor_pos: 9 });
  expect(completion.reply.content.matches).toContain('sites');
  expect(await client.stop()).toBe(0);
}, 120_000);
