/**
 * Damaged files for half a minute, or for NEURONBOOK_FUZZ_SECONDS; `npm run fuzz` runs 10⁵ of them. The cases are the
 * first so many of one seed: a slower machine sees fewer, the same ones.
 */
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { damaged, tryCase, type Finding } from './testing-fuzz.ts';

const seconds = Number(process.env.NEURONBOOK_FUZZ_SECONDS ?? 30);

test(
  'damaged files load or are refused with a cause, none after more than five seconds',
  { timeout: 1000 * (seconds + 30) },
  async () => {
    const findings: Finding[] = [];
    const end = performance.now() + 1000 * seconds;
    let cases = 0;
    for (; performance.now() < end; cases++) {
      const found = await tryCase(1, cases);
      if (found) findings.push(found);
    }
    process.stdout.write(`${cases} damaged files in ${seconds} s\n`);
    expect(findings).toEqual([]);
    expect(cases).toBeGreaterThan(100);
  },
);

test('a case is always the same, and each differs', () => {
  expect(damaged(1, 7)).toEqual(damaged(1, 7));
  expect(new Set([0, 3, 6, 9].map(i => damaged(1, i).bytes.join())).size).toBe(4);
});
