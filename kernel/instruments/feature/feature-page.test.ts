/** The examples of docs/feature-visualization.md run, one after the other, as a reader would run them, in few steps. */
import { expect, test } from 'vitest';
import * as front from '../../index.ts';
import { readPage } from '../../test-reader.ts';
import { blocksOf, runSnippet } from '../../test-snippets.ts';

const page = readPage('feature-visualization.md');

const { viz } = front;
const few = { steps: 2 };
const short = {
  viz: {
    ...viz,
    feature: ((model, what, options) =>
      viz.feature(model, what, { ...options, ...few })) as typeof viz.feature,
    activationGrid: ((...[model, site, image, options]) =>
      viz.activationGrid(model, site, image, { ...options, ...few, cells: 2 })) as typeof viz.activationGrid,
    atlas: ((...[model, site, images, options]) =>
      viz.atlas(model, site, images, { ...options, ...few, cells: 2 })) as typeof viz.atlas,
  },
};

test('every example runs, and what it says of its results holds', async () => {
  const blocks = blocksOf(page);
  expect(blocks).toHaveLength(4);
  const code = `${blocks.join('')}return { images, curves, best, scores, words };`;
  const { images, curves, best, scores, words } = (await runSnippet(code, short)) as {
    images: front.Tensor;
    curves: number[][];
    best: front.viz.Examples;
    scores: Float32Array;
    words: front.viz.FeatureText;
  };
  expect(images.dims).toEqual([2, 3, 48, 48]);
  expect(curves.map(curve => curve.length)).toEqual([2, 2]);
  expect(best.rows[0].scores).toHaveLength(4);
  expect(scores).toHaveLength(56);
  expect(words.tokens).toHaveLength(5);
}, 240_000);

test('the page names everything that the door offers', () => {
  const unnamed = Object.keys(viz).filter(name => !page.includes(name));
  expect(unnamed).toEqual(['stack']);
});
