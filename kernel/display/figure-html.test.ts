/** The caption of a saved picture. */
import { expect, test } from 'vitest';
import { figureHtml } from './figure-html.ts';

const caption = (words: string) =>
  /<figcaption>(.*)<\/figcaption>/.exec(figureHtml({ svg: '<svg/>' }, words)['text/html'])?.[1];

test.each([
  ['a chart of 3 < 4 points', 'a chart of 3 &lt; 4 points'],
  ['patching: 4 layers; most by effect:\nblock 1: 0.5', 'patching: 4 layers'],
  ['4 layers; 3 parts', '4 layers; 3 parts'],
])('%j', (words, expected) => {
  expect(caption(words)).toBe(expected);
});
