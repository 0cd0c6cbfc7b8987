/** Mix-up: how much of which examples, and that a step computes what it says. */
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { tensor } from '../base/tensor.ts';
import { compile } from '../engine/compile.ts';
import { normal } from '../engine/testing.ts';
import { embedding, flatten, linear, network, sequential } from '../nn/index.ts';
import { fit } from './fit.ts';
import { LOSS, THETA } from './forward.ts';
import { crossEntropy } from './loss.ts';
import { beta, mixOf, PARTNER } from './mix-up.ts';
import { sgd } from './optimizer.ts';
import { flatten as flat, parametersOf } from './parameters.ts';
import { HYPER, stepGraph } from './step.ts';

test.each([0.1, 0.4, 1, 5])('Beta(%d, α) has mean ½ and variance 1/(8α + 4)', alpha => {
  const random = rng(`beta ${alpha}`);
  const draws = Array.from({ length: 20_000 }, () => beta(alpha, random));
  const mean = draws.reduce((a, b) => a + b) / draws.length;
  const variance = draws.reduce((sum, value) => sum + (value - 0.5) ** 2, 0) / draws.length;
  expect(mean).toBeCloseTo(0.5, 1);
  expect(variance * (8 * alpha + 4)).toBeGreaterThan(0.95);
  expect(variance * (8 * alpha + 4)).toBeLessThan(1.05);
  expect(draws.every(value => value >= 0 && value <= 1)).toBe(true);
});

test('a step sees the mean of two examples, and the same mean of the losses against their labels', async () => {
  const graph = network(linear('logits', { features: 3 }), { inputs: { x: ['batch', 4] } });
  const parameters = parametersOf(graph);
  const [x, label] = [normal([5, 4]), tensor([0n, 1n, 2n, 1n, 0n])];
  const theta = tensor(flat(graph, parameters));
  const optimizer = sgd({ lr: 0.1 });
  const loss = crossEntropy();
  const step = (mixed: boolean) =>
    compile(stepGraph({ graph, parameters, batch: { x, label }, loss, optimizer, mixed }));
  const { share, partner } = mixOf('seed', 0.4, 5);
  expect(partner.toNumbers().toSorted()).toEqual([0, 1, 2, 3, 4]);
  const fed = { [THETA]: theta, x, label, [PARTNER]: partner, [HYPER]: tensor([0.1, share]) };
  const mixed = await (await step(true)).run(fed, { fetch: [LOSS] });

  const order = partner.toNumbers();
  const rows = x.toNumbers();
  const blended = rows.map((value, i) => share * value + (1 - share) * rows[4 * order[i >> 2] + (i % 4)]);
  const plain = await step(false);
  const lossOf = async (labels: bigint[]) => {
    const feeds = {
      [THETA]: theta,
      [HYPER]: tensor([0.1]),
      x: tensor(blended, [5, 4]),
      label: tensor(labels),
    };
    return (await plain.run(feeds, { fetch: [LOSS] }))[LOSS].toNumbers()[0];
  };
  const labels = [...(label.data as BigInt64Array)];
  const expected = share * (await lossOf(labels)) + (1 - share) * (await lossOf(order.map(i => labels[i])));
  expect(mixed[LOSS].toNumbers()[0]).toBeCloseTo(expected, 5);
});

test('indices cannot be mixed', async () => {
  const graph = network(
    sequential(
      embedding('embed', { count: 5, features: 2 }),
      flatten('flat'),
      linear('logits', { features: 2 }),
    ),
    { inputs: { tokens: ['batch', 3] }, dtypes: { tokens: 'int64' } },
  );
  const data = { tokens: tensor([0n, 1n, 2n, 3n, 4n, 0n], [2, 3]), label: tensor([0n, 1n]) };
  const options = { loss: crossEntropy(), steps: 1, live: false };
  await expect(fit(graph, data, { ...options, mixUp: 0.2 })).rejects.toThrow(
    'mixUp: input tokens is int64; expected floats: a mean of two indices is no index',
  );
  await expect(fit(graph, data, { ...options, mixUp: 0 })).rejects.toThrow(
    'mixUp: 0; expected a number above 0, such as 0.2',
  );
});
