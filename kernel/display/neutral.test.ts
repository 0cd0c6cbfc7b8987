/** The display layer runs in browsers too: nothing in it may need Node, directly or by what it imports. */
import { expect, test } from 'vitest';

const sources = import.meta.glob(['./**/*.ts', '!./**/*.test.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const needsNode = (source: string): boolean =>
  /from '(node:|fs|path|util)|\bprocess\.|\brequire\(|__dirname/.test(source);

test('no file of display imports Node', () => {
  expect(Object.keys(sources).length).toBeGreaterThan(10);
  expect(Object.entries(sources).filter(([, source]) => needsNode(String(source)))).toEqual([]);
});

test('one that did would be seen', () => {
  expect(needsNode("import { inspect } from 'node:util';")).toBe(true);
});
