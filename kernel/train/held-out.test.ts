/** Held-out measures: what is measured, when a run stops by it, and what it gives back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { normal } from '../engine/testing.ts';
import { linear, network, relu, sequential } from '../nn/index.ts';
import { fit, type FitOptions } from './fit.ts';
import { bestOf, exhausted } from './held-out.ts';
import { mae, mse } from './loss.ts';
import { adam, sgd } from './optimizer.ts';

/** A line that the held-out data has, and noise that the training data alone has: it can only be learned by heart. */
const net = network(sequential(linear('a', { features: 64 }), relu('r'), linear('y', { features: 1 })), {
  name: 'memorizing',
  inputs: { x: ['batch', 4] },
  seed: 2,
});
const sample = (count: number, noise: number, seed: number) => {
  const x = normal([count, 4], seed);
  const error = normal([count, 1], seed + 1).toNumbers();
  const rows = x.toNumbers();
  return {
    x,
    target: tensor(
      error.map((value, i) => rows[4 * i] + noise * value),
      [count, 1],
    ),
  };
};
const data = sample(24, 1.5, 1);
const other = sample(300, 0, 3);
const options: FitOptions = {
  loss: mse({ output: 'y' }),
  optimizer: adam({ lr: 0.01 }),
  steps: 400,
  batch: 24,
  live: false,
};

test('the loss over all held-out examples, whatever their batches, by the weights of that moment', async () => {
  const reports: (number | undefined)[] = [];
  const run = await fit(net, data, {
    ...options,
    steps: 5,
    heldOut: { data: other, every: 2, batch: 128 },
    onStep: ({ heldOut }) => void reports.push(heldOut),
  });
  expect(run.measures.map(({ step }) => step)).toEqual([2, 4, 5]);
  expect(reports).toEqual([
    undefined,
    run.measures[0].loss,
    undefined,
    run.measures[1].loss,
    run.measures[2].loss,
  ]);
  const { outputs } = await run.model.run({ x: other.x });
  const wanted = other.target.toNumbers();
  const errors = outputs.y.toNumbers().map((value, i) => (value - wanted[i]) ** 2);
  expect(run.measures[2].loss).toBeCloseTo(errors.reduce((a, b) => a + b) / 300, 4);
  expect(run.best).toEqual(bestOf(run.measures));
  // another measure, and a function: always the same batches
  const mean = await fit(net, data, {
    ...options,
    steps: 4,
    optimizer: sgd({ lr: 1e-30 }),
    heldOut: {
      data: (_step, stream) => sample(50, 0, stream.integer(1e6)),
      batches: 3,
      every: 2,
      loss: mae({ output: 'y' }),
    },
  });
  expect(mean.measures[0].loss).toBe(mean.measures[1].loss);
  expect(mean.measures[0].loss).not.toBeCloseTo(run.measures[0].loss, 2);
});

test('without a new best for long it stops, and the best network comes back', async () => {
  const heldOut = { data: other, every: 10, patience: 3 };
  const run = await fit(net, data, { ...options, heldOut });
  const { best, measures } = run;
  expect(run.ended).toBe('patience');
  expect(run.interrupted).toBe(false);
  expect(measures.at(-1)!.step - best!.step).toBe(30);
  expect(best!.loss).toBeLessThan(measures.at(-1)!.loss);
  // the network measures what the best did: the same steps alone end in the same weights
  const alone = await fit(net, data, { ...options, steps: best!.step });
  const weights = (of: typeof run) => [...of.graph.constants.values()].map(each => each.toNumbers());
  expect(weights(run)).toEqual(weights(alone));
  expect(String(run)).toMatch(/, held out [\d.]+ at step \d+, stopped early$/);
  // the control: without patience it goes on, and the last network comes back
  const stubborn = await fit(net, data, {
    ...options,
    steps: run.steps,
    heldOut: { ...heldOut, patience: undefined },
  });
  expect(stubborn.ended).toBe('steps');
  expect(stubborn.measures).toEqual(measures);
  expect(weights(stubborn)).not.toEqual(weights(run));
});

test('resumed, it remembers its best, and having stopped it stays stopped', async () => {
  const checkpoint = mkdtempSync(join(tmpdir(), 'run-'));
  const recipe = { ...options, heldOut: { data: other, every: 10, patience: 3 }, every: 7 };
  const whole = await fit(net, data, recipe);
  const half = whole.best!.step + 5;
  await fit(net, data, { ...recipe, checkpoint, onStep: ({ step }) => step < half });
  const run = await fit(net, data, { ...recipe, checkpoint });
  const again = await fit(net, data, { ...recipe, checkpoint });
  for (const each of [run, again]) {
    expect([each.steps, each.ended]).toEqual([whole.steps, 'patience']);
    expect(each.measures).toEqual(whole.measures);
    expect(each.graph.constants.get('a.weight')).toEqual(whole.graph.constants.get('a.weight'));
  }
  rmSync(checkpoint, { recursive: true });
});

test('patience counts measures, and equal ones are no news', () => {
  const measures = [3, 2, 2, 5].map((loss, i) => ({ step: 10 * i, loss }));
  expect(bestOf(measures)).toEqual({ step: 10, loss: 2 });
  expect([1, 2, 3].map(patience => exhausted(measures, patience))).toEqual([true, true, false]);
  expect(exhausted([], 0)).toBe(false);
  expect(exhausted(measures)).toBe(false);
});

test('a stream is refused', async () => {
  await expect(fit(net, data, { ...options, heldOut: { data: [other] as never } })).rejects.toThrow(
    'held-out data is a stream, which would be used up by one measure; expected tensors or a function',
  );
});
