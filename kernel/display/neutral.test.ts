/** The display layer runs in browsers too: nothing in it may need Node, directly or by what it imports. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('./', import.meta.url);
const sources = readdirSync(folder, { recursive: true })
  .map(String)
  .filter(path => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map(path => [path, readFileSync(new URL(path, folder), 'utf8')] as const);
const needsNode = (source: string): boolean =>
  /from '(node:|fs|path|util)|\bprocess\.|\brequire\(|__dirname/.test(source);

test('no file of display imports Node', () => {
  expect(sources.length).toBeGreaterThan(10);
  expect(sources.filter(([, source]) => needsNode(source)).map(([path]) => path)).toEqual([]);
});

test('one that did would be seen', () => {
  expect(needsNode("import { inspect } from 'node:util';")).toBe(true);
});
