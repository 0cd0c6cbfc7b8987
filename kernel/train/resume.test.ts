/**
 * A run that is killed goes on as if it had not been: a child process trains and gets SIGKILL at a random moment, this
 * one goes on from what is on disk, and every bit of the network must be that of a run that was never disturbed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { decodeCheckpoint } from './checkpoint.ts';
import { fit } from './fit.ts';
import type { Run } from './run.ts';
import { recipes, STEPS, type Recipe } from './testing-resume.ts';

/** Fifteen processes begin and end here: on a busy machine that takes its time. */
const PATIENCE = 240_000;
const root = fileURLToPath(new URL('.', import.meta.url));
// among the packages, so that the child finds them
const folder = mkdtempSync(join(root, '..', '..', 'node_modules', '.resume-'));
const program = join(folder, 'child.mjs');
const runs = mkdtempSync(join(tmpdir(), 'neuronbook-resume-'));

beforeAll(async () => {
  const bundle = await rolldown({
    input: join(root, 'testing-resume-child.ts'),
    platform: 'node',
    external: /^(?![./#]|\0)[^:]*$/,
    resolve: { conditionNames: ['@neuronbook/source', 'node', 'import', 'default'] },
    logLevel: 'silent',
  });
  await bundle.write({ file: program, format: 'esm', codeSplitting: false });
  await bundle.close();
}, PATIENCE);
afterAll(() => [folder, runs].forEach(path => rmSync(path, { recursive: true, force: true })));

const bits = ({ model, averaged, losses }: Run) => ({
  weights: [model, averaged].flatMap(each =>
    each
      ? [...each.graph.constants].map(([name, { data }]) => [
          name,
          Buffer.from((data as Float32Array).buffer),
        ])
      : [],
  ),
  losses,
});

/** Trains in a child until it has reported step `at`, then kills it. @returns the last step it reported */
async function killedAt(name: string, checkpoint: string, at: number): Promise<number> {
  const child = spawn(process.execPath, [program, name, checkpoint], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  let step = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    step = Number(line);
    if (step >= at && !child.killed) child.kill('SIGKILL');
  }
  expect((await exit)[1]).toBe('SIGKILL');
  return step;
}

/** Goes on from the checkpoint. @returns the run, and the first step that it did */
async function resumed({ net, data, options }: Recipe, checkpoint: string) {
  let begun = 0;
  // a resumed run need not save as often
  const onStep = ({ step }: { step: number }) => void (begun ||= step);
  return { run: await fit(net, data, { ...options, checkpoint, every: STEPS, onStep }), begun };
}

const stepIn = (path: string) => decodeCheckpoint(readFileSync(path))?.step ?? 0;

/** Cuts the newest checkpoint in half, as a disk may that loses power. @returns the step of the one before it */
function halved(checkpoint: string): number {
  const files = readdirSync(checkpoint)
    .filter(name => name.endsWith('.bin'))
    .map(name => join(checkpoint, name))
    .sort((a, b) => stepIn(a) - stepIn(b));
  expect(files.length).toBe(2);
  const bytes = readFileSync(files[1]);
  truncateSync(files[1], bytes.length >> 1);
  // and what a process leaves that is killed while it writes
  writeFileSync(`${files[0]}.123.part`, bytes.subarray(0, 100));
  return stepIn(files[0]);
}

describe.each(Object.keys(recipes))('%s', { timeout: PATIENCE }, name => {
  const recipe = recipes[name]();
  const random = rng(`kill ${name}`);
  const kills = Array.from({ length: 5 }, (_, i) => 6 + 20 * i + random.integer(20));

  let whole: ReturnType<typeof bits>;
  beforeAll(async () => {
    whole = bits(await fit(recipe.net, recipe.data, recipe.options));
  }, PATIENCE);

  test(`killed near steps ${kills.join(', ')}, it ends with the same bits`, async () => {
    for (const [i, at] of kills.entries()) {
      const checkpoint = join(runs, `${name}-${at}`);
      const last = await killedAt(name, checkpoint, at);
      const half = i === 2 ? halved(checkpoint) : undefined;
      const { run, begun } = await resumed(recipe, checkpoint);
      expect(begun).toBeGreaterThan(1);
      expect(begun).toBeLessThanOrEqual(last + 1);
      if (half !== undefined) expect(begun).toBe(half + 1);
      expect(run.steps).toBe(STEPS);
      expect(bits(run)).toEqual(whole);
      expect(readdirSync(checkpoint).filter(file => file.endsWith('.part'))).toEqual([]);
    }
  });

  test('the comparison can fail: other data behind the checkpoint end in other bits', async () => {
    const checkpoint = join(runs, `${name}-control`);
    await fit(recipe.net, recipe.data, {
      ...recipe.options,
      checkpoint,
      every: STEPS,
      onStep: ({ step }) => step < STEPS - 2,
    });
    const other = { ...recipe, data: (step: number) => recipe.data(step, rng(`another seed/${step}`)) };
    const { run, begun } = await resumed(other, checkpoint);
    expect(begun).toBe(STEPS - 1);
    expect(bits(run).weights).not.toEqual(whole.weights);
    expect(bits(run).losses.slice(0, begun - 1)).toEqual(whole.losses.slice(0, begun - 1));
  });
});
