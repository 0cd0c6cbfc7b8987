/** The guard in front of the parser. */
import { expect, test } from 'vitest';
import { isTooDeep, nestingOf } from './nesting.ts';

test.each([
  ['', 0],
  ['f([1, (2)])', 3],
  ['}}}((', 2],
  ['a < b', 0],
  [`let x: ${'A<'.repeat(500)}`, 501],
])('%j', (code, depth) => expect(nestingOf(code)).toBe(depth));

test('what would end the process is too deep; a long cell is not', () => {
  for (const text of ['(', '[', '{', '`${', 'A<', '[('])
    expect(isTooDeep(text.repeat(10_000)), text).toBe(true);
  expect(isTooDeep('const a = [f(1), { b: [2] }] as A<B<C>>[];\n'.repeat(10_000))).toBe(false);
});
