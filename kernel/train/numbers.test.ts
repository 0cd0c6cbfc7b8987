/** Classes and tokens that there are not end a run before they change anything. */
import { expect, test } from 'vitest';
import { NeuronbookError } from '../base/errors.ts';
import { tensor } from '../base/tensor.ts';
import { embedding, flatten, linear, network, sequential } from '../nn/index.ts';
import { fit, type FitOptions } from './fit.ts';
import { crossEntropy } from './loss.ts';
import { sgd } from './optimizer.ts';

const net = () =>
  network(sequential(linear('logits', { features: 3 })), { name: 'net', inputs: { x: ['batch', 2] } });
const x = tensor([1, 0, 0, 1, 1, 1, 0, 0], [4, 2]);
const labels = (...values: number[]) => tensor(BigInt64Array.from(values, BigInt), [values.length]);
const train = (label: ReturnType<typeof labels>, options: Partial<FitOptions> = {}) =>
  fit(net(), { x, label }, { loss: crossEntropy(), optimizer: sgd(), steps: 1, live: false, ...options });

test.each([
  [3, undefined, 'label label is 3 at [2]; expected 0 to 2, the 3 classes of logits'],
  [
    -1,
    undefined,
    'label label is -1 at [2]; expected 0 to 2, the 3 classes of logits; ' +
      'where it marks rows that do not count, { ignore: -1 }',
  ],
  [
    -1,
    -100,
    'label label is -1 at [2]; expected 0 to 2, the 3 classes of logits, or -100 where a row does not count',
  ],
])('class %d, ignored: %s', async (wrong, ignore, message) => {
  const loss = crossEntropy({ ignore });
  const label = labels(0, 1, wrong, 2);
  await expect(train(label, { loss })).rejects.toThrow(new NeuronbookError(message));
  await expect(train(label, { loss, mixUp: 0.2 })).rejects.toThrow(new NeuronbookError(message));
  const heldOut = { data: { x, label }, every: 1 };
  await expect(train(labels(0, 1, 2, 2), { loss, heldOut })).rejects.toThrow(new NeuronbookError(message));
  // what is said to be ignored is
  expect((await train(label, { loss: crossEntropy({ ignore: wrong }) })).steps).toBe(1);
});

test('half a class', async () => {
  const run = train(tensor([0, 1, 0.5, 2], [4]));
  await expect(run).rejects.toThrow(
    new NeuronbookError('label label is 0.5 at [2]; expected 0 to 2, the 3 classes of logits'),
  );
});

test('a token beyond the table, in a later batch', async () => {
  const layers = [embedding('e', { count: 5, features: 2 }), flatten('f'), linear('logits', { features: 3 })];
  const reader = network(sequential(...layers), {
    name: 'reader',
    inputs: { tokens: ['batch', 2] },
    dtypes: { tokens: 'int64' },
  });
  const seen: number[] = [];
  const run = fit(
    reader,
    step => ({
      tokens: tensor(BigInt64Array.of(0n, 4n, 2n, step ? 5n : 1n), [2, 2]),
      label: labels(0, 2),
    }),
    { loss: crossEntropy(), steps: 3, live: false, onStep: ({ step }) => void seen.push(step) },
  );
  await expect(run).rejects.toThrow(
    new NeuronbookError('input tokens holds 5 at [1, 1]; expected 0 to 4, the rows of e.weight'),
  );
  expect(seen).toEqual([1]);
});

test('a batch that holds NaN is named as the cause of a loss that is none', async () => {
  const broken = tensor([1, 0, 0, NaN, 1, 1, 0, 0], [4, 2]);
  const data = { x: broken, label: labels(0, 1, 2, 0) };
  await expect(
    fit(net(), data, { loss: crossEntropy(), optimizer: sgd({ lr: 0.1 }), steps: 1, live: false }),
  ).rejects.toThrow(
    new NeuronbookError(
      'loss is NaN at step 1, with a learning rate of 0.1; x holds NaN at [1, 1]; mend the data',
    ),
  );
});

test.each<[object, object, string]>([
  [
    {},
    { loss: undefined },
    "no loss: undefined; expected one: { loss: crossEntropy({ label: 'label' }) }, mse(…), mae(…) or loss(…)",
  ],
  [{}, { optimizer: 'adam' }, 'no optimizer: adam; expected adamW({ lr: 1e-3 }), sgd(…), lion(…)'],
  [{}, { optimizer: sgd({ lr: '0.1' as never }) }, 'lr: "0.1"; expected a number, such as 1e-3'],
  [
    { x: [[1, 2]] },
    {},
    "the data's x is no tensor; expected tensor(numbers, dims), examples along the first axis",
  ],
])('what is no loss, optimizer or tensor: %j %j', async (data, options, message) => {
  const all = { loss: crossEntropy(), steps: 1, live: false, ...options } as FitOptions;
  await expect(fit(net(), { x, label: labels(0, 1, 2, 0), ...data }, all)).rejects.toThrow(
    new NeuronbookError(message),
  );
});
