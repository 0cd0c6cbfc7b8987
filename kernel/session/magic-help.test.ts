/** Completion and inspection of magics. */
import { expect, test } from 'vitest';
import { completeMagic, inspectMagic } from './magic-help.ts';

const complete = async (marked: string) => {
  const reply = await completeMagic(marked.replace('|', ''), [...marked].indexOf('|'));
  const { matches, cursor_start, cursor_end } = (reply ?? {}) as Record<string, unknown>;
  return reply && [matches, cursor_start, cursor_end];
};

test.each<[string, unknown]>([
  ['%ti|', [['%time', '%timeit'], 0, 3]],
  ['%ti|mex', [['%time', '%timeit'], 0, 6]],
  ['const 𝑎 = 1\n  %cd|', [['%cd'], 14, 17]],
  ['%%ht|', [['%%html'], 0, 4]],
  ['%ht|', undefined],
  ['1\n%%ht|', undefined],
  ['%nothing|', undefined],
  ['a %ti|', undefined],
  ['%time f|', undefined],
])('complete %j', async (marked, expected) => expect(await complete(marked)).toEqual(expected));

test('inspect', async () => {
  expect(await inspectMagic('%pwd', 2)).toEqual({
    status: 'ok',
    found: true,
    data: { 'text/plain': '%pwd\nthe working folder' },
    metadata: {},
  });
  expect(await inspectMagic('%nothing', 3)).toBeUndefined();
});
