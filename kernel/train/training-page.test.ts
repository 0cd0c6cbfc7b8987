/** The examples of docs/training.md run, one after the other, as a reader would run them. */
import { expect, test } from 'vitest';
import * as front from '../index.ts';
import { readPage } from '../test-reader.ts';
import { blocksOf, runSnippet } from '../test-snippets.ts';

const page = readPage('training.md');

test('every example runs, and what it says of its results holds', async () => {
  const blocks = blocksOf(page);
  expect(blocks.length).toBeGreaterThan(6);
  const code = `${blocks.join('')}return { run, outputs, short, smooth, careful, whole };`;
  type Results = Record<string, front.Run> & { outputs: Record<string, front.Tensor> };
  const { run, outputs, short, smooth, careful, whole } = (await runSnippet(code)) as Results;
  expect(run.steps).toBe(200);
  const [inside, outside] = outputs.logits.toArray() as number[][];
  expect([inside[1] > inside[0], outside[1] > outside[0]]).toEqual([true, false]);
  expect([short.steps, short.ended]).toEqual([10, 'data']);
  expect(smooth.averaged).toBeInstanceOf(front.Model);
  expect(careful.measures[0].step).toBe(20);
  expect(whole.steps).toBe(60);
});
