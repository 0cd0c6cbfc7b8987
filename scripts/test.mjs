/**
 * `npm test [-- STAGE…]`: set-up, then every stage; one that fails does not keep the next from running.
 * The last line is the sum of what the stages' own reports count: `N passed, N failed`.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { setUp } from './setup/index.mjs';
import { browser } from './setup/browser.mjs';
import { venvPython } from './setup/place.mjs';
import { venv } from './setup/python.mjs';
import { main, Missing, wordsOf } from './setup/step.mjs';
import { stages } from './stages.mjs';

/** Python 3.10: onnx, whose reference implementation the op tests compare with, asks for it. */
const reference = { label: 'making .venv-ref with onnx', minimum: 310 };

/** What a stage needs beside the common set-up; `env` reaches its processes. */
async function prepare(names, env) {
  await setUp({ python: reference.minimum });
  if (names.includes('unit')) {
    env.NEURONBOOK_REFERENCE_PYTHON = await venv('.venv-ref', 'requirements-reference.txt', reference);
  }
  if (names.includes('kernel')) {
    await venv('.venv', 'requirements-test.txt', { label: 'adding the public kernel tests to .venv' });
  }
  if (names.includes('browser')) await browser();
}

async function timed(name, times, action) {
  console.log(`\n── ${name} ${'─'.repeat(70 - name.length)}`);
  const start = performance.now();
  try {
    return await action();
  } catch (error) {
    if (error instanceof Missing) throw error;
    console.error(wordsOf(error));
    return { passed: 0, failed: 1 };
  } finally {
    times.push([name, performance.now() - start]);
  }
}

await main(async () => {
  const { positionals } = parseArgs({ allowPositionals: true });
  const known = Object.keys(stages);
  const unknown = positionals.find(name => !known.includes(name));
  if (unknown) throw new Missing(`unknown stage: ${unknown}; the stages are ${known.join(', ')}.`);
  const names = positionals.length ? positionals : known;

  const times = [];
  const results = {};
  const env = { ...process.env, NEURONBOOK_SCALE: 'test', NEURONBOOK_PYTHON: venvPython('.venv') };
  const ready = await timed('set-up', times, () => prepare(names, env));
  if (ready?.failed) results['set-up'] = ready;
  else for (const name of names) results[name] = await timed(name, times, () => stages[name](env));

  console.log('\nminutes per stage');
  for (const [name, ms] of times) {
    const { passed, failed } = results[name] ?? {};
    const counts = passed === undefined ? '' : `   ${passed} passed, ${failed} failed`;
    console.log(`  ${name.padEnd(12)}${(ms / 60_000).toFixed(1).padStart(6)}${counts}`);
  }
  const sum = key => Object.values(results).reduce((total, result) => total + result[key], 0);
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') > 0 ? 1 : 0;
});
