/** Losses: values against PyTorch's, gradients against finite differences. */
import { expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { checkGradient, execute, normal } from '../engine/testing.ts';
import { Trace } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import { crossEntropy, mae, mse, type Loss } from './loss.ts';

const scores = tensor([0.2, -1.3, 2.1, 0.7, 0, 1.4, -0.6, -0.9, 3], [3, 3]);
const labels = tensor([2n, 0n, 1n]);
const target = tensor([0, 0.5, 2, 1, -1, 1.5, 0, -1, 1], [3, 3]);

const built = (loss: Loss, x: Var, against: typeof labels): Var =>
  loss.build({ value: () => x, target: () => x.trace.constant(against) });

async function valueOf(loss: Loss, against: typeof labels): Promise<number> {
  const trace = new Trace();
  const cost = built(loss, trace.input('x', 'float32', scores.dims), against);
  const { cost: value } = await execute(trace.graph({ cost }), { x: scores });
  return value.toNumbers()[0];
}

test('values agree with PyTorch', async () => {
  expect(await valueOf(crossEntropy(), labels)).toBeCloseTo(1.79006194, 5);
  expect(await valueOf(crossEntropy({ smoothing: 0.1 }), labels)).toBeCloseTo(1.80228416, 5);
  // torch.nn.functional.cross_entropy(…, ignore_index=0)
  expect(await valueOf(crossEntropy({ ignore: 0 }), labels)).toBeCloseTo(2.05723667, 5);
  expect(await valueOf(mse(), target)).toBeCloseTo(0.97333333, 5);
  expect(await valueOf(mae(), target)).toBeCloseTo(0.68888889, 5);
  expect(await valueOf(mse().scale(3).plus(mae()), target)).toBeCloseTo(3.60888889, 4);
});

test.each([
  ['crossEntropy', crossEntropy(), labels],
  ['with smoothing', crossEntropy({ smoothing: 0.2 }), labels],
  ['with a label that does not count', crossEntropy({ ignore: 1, smoothing: 0.1 }), labels],
  ['mse', mse(), target],
  ['mae', mae(), target],
  ['a sum', mse().scale(0.5).plus(mae()), target],
])('gradient of %s', async (name, loss, against) => {
  await checkGradient(name, x => built(loss, x, against), [normal([3, 3], 5)]);
});

test('labels may have any axes before the classes', async () => {
  const tokens = tensor([0n, 1n, 2n, 2n], [2, 2]);
  await checkGradient('tokens', x => built(crossEntropy(), x, tokens), [normal([2, 2, 3])]);
});

test('scores of any size give finite losses', async () => {
  const trace = new Trace();
  const x = trace.input('x', 'float32', [3, 3]);
  const graph = trace.graph({ cost: built(crossEntropy(), x, labels) });
  const huge = tensor([1e4, -1e4, 0, -1e30, 1e30, 0, 88.8, 200, 3], [3, 3]);
  const { cost } = await execute(graph, { x: huge });
  // rows: 10⁴ − 0, 10³⁰ + 10³⁰, 200 − 200
  expect(cost.toNumbers()[0] / (2e30 / 3)).toBeCloseTo(1, 5);
});

test('losses print themselves, and mismatched targets are named', () => {
  expect(String(crossEntropy().plus(mse({ output: 'y' }).scale(0.1)))).toBe(
    'crossEntropy(logits, label) + 0.1·(mse(y, target))',
  );
  const x = new Trace().input('x', 'float32', [3, 4]);
  expect(() => built(crossEntropy(), x, tensor([0n, 1n]))).toThrow(
    'labels label are 2; expected 3 for logits of 3×4',
  );
  expect(() => built(mse(), x, target)).toThrow('target target is 3×3; expected 3×4, the shape of output');
});
