/** `zoo:arithmetic` adds: in words, and with carries that no training example had. */
import { expect, test } from 'vitest';
import { arithmetic, generate, load } from '../../index.ts';

test('it writes sums that training never showed, digit by digit, and stops', async () => {
  const model = await load('zoo:arithmetic');
  for (const [a, b] of heldOutCarries().slice(0, 5)) {
    const spelled = (n: number, width: number) => [...String(n).padStart(width, '0')].join(' ');
    const prompt = `${spelled(a, 2)} + ${spelled(b, 2)} =`;
    expect(await generate(model, prompt, { tokens: 3 })).toBe(`${prompt} ${spelled(a + b, 3)}`);
  }
  model.dispose();
});

/** Sums of the test split that carry from both digits. */
function heldOutCarries(): [number, number][] {
  const pairs = Array.from({ length: 10_000 }, (_, i): [number, number] => [Math.floor(i / 100), i % 100]);
  return pairs.filter(([a, b]) => arithmetic.isTest(a, b) && (a % 10) + (b % 10) > 9 && a + b > 99);
}
