/** A few seconds of damaged files; `npm run fuzz` goes on for minutes. */
import { expect, test } from 'vitest';
import { damaged, tryCase } from './testing-fuzz.ts';

test('600 damaged files load or are refused with a cause', async () => {
  const findings = [];
  for (let i = 0; i < 600; i++) findings.push(await tryCase(1, i));
  expect(findings.filter(Boolean)).toEqual([]);
});

test('a case is always the same, and each differs', () => {
  expect(damaged(1, 7)).toEqual(damaged(1, 7));
  expect(new Set([0, 3, 6, 9].map(i => damaged(1, i).bytes.join())).size).toBe(4);
});
