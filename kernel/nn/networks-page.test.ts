/** The examples of docs/networks.md run, and each value that a comment shows is the one that comes out. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';
import * as front from '../index.ts';

const page = readFileSync(new URL('../../docs/networks.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);

test('the page has examples', () => expect(blocks.length).toBeGreaterThan(4));

test.each(blocks.map((code, i) => [i + 1, code] as const))('example %i', async (_, code) => {
  // `expression; // value` becomes a pair of what it is and what the page says
  const checked = code
    .replace(/^import \{(.*)\} from 'neuronbook';$/m, 'const {$1} = front;')
    .replace(
      /^(\S.*); \/\/ (.+)$/gm,
      (_, expression, shown) => `seen.push([${expression}, ${JSON.stringify(shown)}]);`,
    );
  const seen: [unknown, string][] = [];
  const script = ts.transpile(`(async () => {${checked}})()`, { target: ts.ScriptTarget.ES2022 });
  await (
    new Function('front', 'seen', `return ${script.replace('"use strict";', '').trim()}`) as (
      ...given: unknown[]
    ) => Promise<void>
  )(front, seen);
  // each example shows at least one value
  expect(seen).not.toEqual([]);
  for (const [value, shown] of seen) expect(text(value)).toBe(shown.replace(/[[\]']/g, ''));
});

const text = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value));
