/** The examples of docs/transcoders.md run, one after the other, as a reader would run them, but for the steps. */
import { expect, test } from 'vitest';
import * as front from '../../index.ts';
import { readPage } from '../../test-reader.ts';
import { blocksOf, runSnippet } from '../../test-snippets.ts';

const page = readPage('transcoders.md');

const { transcoder } = front;
const short = {
  transcoder: {
    ...transcoder,
    fit: ((source, options) => transcoder.fit(source, { ...options, steps: 2, batch: 64, buffer: 64 })) as typeof transcoder.fit, // prettier-ignore
  },
};

test('every example runs, and what it says of its results holds', async () => {
  const blocks = blocksOf(page);
  expect(blocks.length).toBeGreaterThan(4);
  const code = `${blocks.join('')}return { t, worth, sites, y, again };`;
  const { t, worth, sites, y, again } = (await runSnippet(code, short)) as {
    t: front.transcoder.Transcoder;
    worth: front.transcoder.Evaluation;
    sites: Record<string, front.Tensor>;
    y: front.Tensor;
    again: front.transcoder.Transcoder;
  };
  expect(t.history!.steps).toBe(2);
  // a coder of two steps is worth little
  expect(worth.l0).toBeLessThanOrEqual(24);
  expect(worth.features.density).toHaveLength(768);
  expect(sites['blocks.1.mlp.out.features'].dims).toEqual([8, 128, 768]);
  expect(y.dims).toEqual([1, 96]);
  const x = front.tensor(new Float32Array(96).fill(0.5), [1, 96]);
  expect((await again.encode(x)).toNumbers()).toEqual((await t.encode(x)).toNumbers());
}, 240_000);
