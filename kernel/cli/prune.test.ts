/** What `neuronbook prune` removes, and what it must not touch. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { prune, tellPruned } from './prune.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'neuronbook-prune-'));
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), 'x'.repeat(1e6));
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const needed = [
  'node_modules/onnxruntime-node/package.json',
  'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node',
  'node_modules/onnxruntime-web/package.json',
  'node_modules/onnxruntime-web/dist/ort.min.js',
  'node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs',
  'node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.mjs',
  'node_modules/neuronbook/package.json',
  'node_modules/neuronbook/node_modules/zeromq/package.json',
  'node_modules/neuronbook/node_modules/zeromq/build/manifest.json',
  'node_modules/neuronbook/node_modules/zeromq/build/linux/x64/addon.node',
];
const foreign = [
  'node_modules/onnxruntime-node/bin/napi-v6/linux/arm64/onnxruntime_binding.node',
  'node_modules/onnxruntime-node/bin/napi-v6/darwin/arm64/onnxruntime_binding.node',
  'node_modules/onnxruntime-web/dist/ort.min.js.map',
  'node_modules/onnxruntime-web/dist/ort.mjs',
  'node_modules/onnxruntime-web/dist/ort.webgpu.js',
  'node_modules/neuronbook/node_modules/zeromq/build/win32/x64/addon.node',
];
const files = [...needed, ...foreign];
const left = () => files.filter(file => existsSync(join(root, file)));
const from = () => join(root, 'node_modules', 'neuronbook', 'dist', 'cli', 'index.js');
const linux = { platform: 'linux', arch: 'x64' };

test('other platforms and what serves debugging go, wherever npm has put them; a second time there is nothing', () => {
  const pruned = prune(from(), linux);
  expect(left()).toEqual(needed);
  expect(tellPruned(pruned).at(-1)).toBe('6 MB removed');
  expect(tellPruned(prune(from(), linux))).toEqual(['nothing to remove']);
});

test('a dry run only tells', () => {
  expect(tellPruned(prune(from(), { ...linux, dryRun: true }), true).at(-1)).toBe('6 MB could be removed');
  expect(left()).toEqual(files);
});

test('where the own platform has no binary, none is removed', () => {
  prune(from(), { platform: 'sunos', arch: 'x64' });
  expect(left()).toEqual(
    files.filter(file => !file.includes('onnxruntime-web/dist') || needed.includes(file)),
  );
});
