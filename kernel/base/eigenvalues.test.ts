/** Eigenvalues against matrices whose spectrum is known, and what no rotation changes. */
import { expect, test } from 'vitest';
import { eigenvalues } from './eigenvalues.ts';
import { rng } from './rng.ts';

test('of two by two', () => {
  expect([...eigenvalues([2, 9, 1, 2], 2)]).toEqual([expect.closeTo(1, 12), expect.closeTo(3, 12)]);
});

test('of the chain of springs: 2 − 2 cos(πk/(n + 1))', () => {
  const n = 30;
  const chain = Float64Array.from({ length: n * n }, (_, at) => {
    const apart = Math.abs((at % n) - Math.floor(at / n));
    return apart === 0 ? 2 : apart === 1 ? -1 : 0;
  });
  const found = eigenvalues(chain, n);
  for (let k = 1; k <= n; k++)
    expect(found[k - 1]).toBeCloseTo(2 - 2 * Math.cos((Math.PI * k) / (n + 1)), 10);
});

test.each([1, 2, 3, 17, 64])('of a full matrix of %i: sums of powers are traces', n => {
  const draw = rng(n);
  const rows = Float64Array.from({ length: n * n }, draw.normal);
  // A = B·Bᵀ of rank n − 1 or less, so that one eigenvalue is 0
  if (n > 1) rows.copyWithin(0, n, 2 * n);
  const a = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return Array.from({ length: n }, (_, m) => rows[i * n + m] * rows[j * n + m]).reduce(
      (sum, x) => sum + x,
      0,
    );
  });
  const found = [...eigenvalues(a, n)];
  const trace = Array.from({ length: n }, (_, i) => a[i * n + i]).reduce((sum, x) => sum + x, 0);
  const squares = a.reduce((sum, x) => sum + x * x, 0);
  expect(found.reduce((sum, x) => sum + x, 0) / trace).toBeCloseTo(1, 10);
  expect(found.reduce((sum, x) => sum + x * x, 0) / squares).toBeCloseTo(1, 10);
  if (n > 1) expect(Math.abs(found[0]) / trace).toBeLessThan(1e-10);
});

test('of nothing but zeros', () => expect([...eigenvalues(new Float64Array(16), 4)]).toEqual([0, 0, 0, 0]));
