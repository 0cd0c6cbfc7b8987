/** What goes into the wheel, without packing it: `kernel/cli/wheel.test.ts` does, and installs it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './place.mjs';
import { dependencyFiles, packagesFrom } from './wheel-files.mjs';
import { platformTag } from './wheel-platform.mjs';

test('the tag names the platform as pip does', () => {
  const tags = [
    { platform: 'linux', arch: 'x64', musl: false },
    { platform: 'linux', arch: 'arm64', musl: false },
    { platform: 'linux', arch: 'x64', musl: true },
    { platform: 'darwin', arch: 'arm64' },
    { platform: 'win32', arch: 'x64' },
  ].map(platformTag);
  assert.deepEqual(tags, [
    'manylinux_2_28_x86_64',
    'manylinux_2_28_aarch64',
    'musllinux_1_2_x86_64',
    'macosx_14_0_arm64',
    'win_amd64',
  ]);
});

test('packages are followed to what they need, and no further than that', () => {
  const found = [...packagesFrom(join(root, 'kernel'))].map(path => path.slice(root.length + 1));
  assert.equal(found[0], 'kernel');
  for (const name of [
    'zeromq',
    'cmake-ts',
    'typescript',
    '@tslab/typescript-for-tslab',
    'onnxruntime-common',
  ])
    assert.ok(found.includes(join('node_modules', name)), `${name} is missing`);
  for (const name of ['rollup', 'global-agent', 'vitest', 'node-addon-api'])
    assert.ok(!found.includes(join('node_modules', name)), `${name} is there`);
});

test('files: code, types and licences, nothing for debugging, nothing of other platforms', () => {
  const files = dependencyFiles(path => path.includes('darwin')).map(({ name }) => name);
  const has = name => files.includes(`node_modules/${name}`);
  for (const name of [
    'typescript/lib/typescript.js',
    'typescript/lib/lib.es2023.d.ts',
    'typescript/LICENSE.txt',
  ])
    assert.ok(has(name), `${name} is missing`);
  assert.ok(!has('typescript/lib/tsc.js') && !has('typescript/lib/_tsc.js'));
  assert.deepEqual(
    files.filter(name => /\.map$|(?<!LICENSE)\.md$|darwin/.test(name)),
    [],
  );
  assert.equal(new Set(files).size, files.length);
});
