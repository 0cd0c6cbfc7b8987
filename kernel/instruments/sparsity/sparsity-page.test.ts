/** The examples of docs/sparsity.md run, one after the other, as a reader would run them, but for the steps. */
import { expect, test } from 'vitest';
import type * as front from '../../index.ts';
import { readPage } from '../../test-reader.ts';
import { blocksOf, runSnippet } from '../../test-snippets.ts';

const page = readPage('sparsity.md');

test('every example runs, and what it says of its results holds', async () => {
  const blocks = blocksOf(page);
  expect(blocks).toHaveLength(6);
  const short = blocks
    .join('')
    .replace("rng('held out'), 16", "rng('held out'), 2")
    .replace('steps: 200', 'steps: 2')
    .replace('step % 50', 'step % 1');
  const results = 'return { found, course, counted, kl, loss, otherLoss, cut, site };';
  const found = (await runSnippet(short + results)) as {
    found: front.sparsity.Stats;
    course: front.sparsity.Course;
    counted: front.sparsity.Executed;
    kl: number;
  };
  expect(found.found.layers).toHaveLength(3);
  expect(found.course.steps).toEqual([0, 1, 2]);
  expect(found.counted.executed).toBeLessThan(found.counted.dense);
  expect(found.kl).toBeGreaterThanOrEqual(0);
}, 240_000);
