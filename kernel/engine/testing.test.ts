/** The bench itself: it accepts right gradients and fails on wrong ones. */
import { expect, test } from 'vitest';
import { mul, neg, relu, sigmoid, tanh } from './functions.ts';
import { ruleOf } from './rules.ts';
import { checkGradient, normal, second } from './testing.ts';

test('accepts a right gradient', () => checkGradient('tanh', tanh, [normal([3])]));

test('accepts a right second derivative', () => checkGradient('tanh', second(tanh), [normal([3])]));

test('fails on a wrong gradient', async () => {
  const rule = ruleOf('', 'Tanh')!;
  const right = rule.gradient;
  // 1 % off: well outside the tolerance, and too little to see by eye
  rule.gradient = call => right!(call).map(build => build && (() => mul(build(), 1.01)));
  try {
    await expect(checkGradient('tanh', tanh, [normal([3])])).rejects.toThrow(
      /^tanh: gradient of input 0 is off by 1\.0e-2 relative; expected < 0\.001/,
    );
  } finally {
    rule.gradient = right;
  }
});

test('fails on a wrong gradient of one input of two', async () => {
  const rule = ruleOf('', 'Mul')!;
  const right = rule.gradient;
  rule.gradient = call => [right!(call)[0], right!(call)[0]];
  try {
    await expect(checkGradient('a·b', mul, [normal([3]), normal([3], 'b')])).rejects.toThrow(
      /^a·b: gradient of input 1 is off by/,
    );
  } finally {
    rule.gradient = right;
  }
});

test('fails on a gradient that is missing', async () => {
  const rule = ruleOf('', 'Tanh')!;
  const right = rule.gradient;
  rule.gradient = () => [undefined];
  try {
    await expect(checkGradient('tanh', tanh, [normal([])])).rejects.toThrow(/off by 1\.0e\+0/);
  } finally {
    rule.gradient = right;
  }
});

test('refuses a case that checks nothing', async () => {
  await expect(
    checkGradient('flat', x => relu(neg(sigmoid(x))), [normal([3])]),
  ).rejects.toThrowErrorMatchingInlineSnapshot(
    `[Error: flat: every derivative is zero, so this case checks nothing; give other inputs]`,
  );
});
