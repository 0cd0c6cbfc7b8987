/** The parts of the set-up that decide: is this Node new enough, has this input changed, does this step run. */
import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { checkNode } from './packages.mjs';
import { cache } from './place.mjs';
import { filesUnder, forget, hashOf, unlessFresh } from './stamp.mjs';
import { attempt, Failed, Missing, run } from './step.mjs';

const product = join(cache, 'stamps', 'trial-product');
afterEach(() => forget('trial'));

/** Runs one stamped step and says whether it acted. */
const trial = key => unlessFresh('trial-step', key, [product], async () => writeFileSync(`${product}`, key));

test('an old Node is refused in one sentence', () => {
  assert.throws(
    () => checkNode('18.20.4'),
    error =>
      error instanceof Missing && /^Node 18\.20\.4 is too old: install Node 20\.12/.test(error.message),
  );
  checkNode('20.12.0');
  checkNode('24.0.0');
});

test('a step runs once for the same inputs, again for others, and again when its product is gone', async () => {
  await unlessFresh('trial-other', 'x', [], async () => {}); // makes the folder of stamps
  assert.equal(await trial('one'), true);
  assert.equal(await trial('one'), false);
  assert.equal(await trial('two'), true);
  rmSync(product);
  assert.equal(await trial('two'), true);
});

test('a step that fails runs again', async () => {
  const failing = () =>
    unlessFresh('trial-failing', 'key', [], async () => {
      throw new Error('no');
    });
  await assert.rejects(failing);
  await assert.rejects(failing);
  assert.equal(existsSync(join(cache, 'stamps', 'trial-failing')), false);
});

test('the hash of a folder is stable and knows names, contents and words', () => {
  assert.equal(hashOf(['scripts']), hashOf(['scripts']));
  assert.notEqual(hashOf(['scripts']), hashOf(['.ci']));
  assert.notEqual(hashOf(['scripts']), hashOf(['scripts'], { words: ['moved'] }));
  assert.ok(filesUnder('scripts').includes('scripts/setup/setup.test.mjs'));
  assert.deepEqual(filesUnder('no-such-folder'), []);
});

test('a child that fails shows its own output', async () => {
  const script = 'console.error("reason"); process.exit(3)';
  await assert.rejects(run(process.execPath, ['-e', script]), error => {
    assert.ok(error instanceof Failed);
    assert.match(error.message, /ended with code 3\nreason$/);
    return true;
  });
});

test('a command that does not exist has code 127', async () => {
  assert.equal((await attempt('no-such-command-here', [])).code, 127);
});
