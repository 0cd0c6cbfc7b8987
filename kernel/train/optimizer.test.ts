/** Each optimizer against its formula in float64, on the real runtime. */
import { expect, test } from 'vitest';
import { tensor } from '../base/tensor.ts';
import { compile } from '../engine/compile.ts';
import { mul } from '../engine/functions.ts';
import { Trace } from '../engine/trace.ts';
import { adam, adamW, lion, sgd, type Optimizer } from './optimizer.ts';

const start = [0.5, -1.25, 2, 0.01];
/** ∂L/∂θ at step t: fixed, uneven, of both signs. */
const slope = (t: number) => start.map((_, i) => Math.sin(3 * t + i) * 10 ** (i - 2));
/** The last two are not decayed. */
const mask = [1, 1, 0, 0];

async function run(optimizer: Optimizer, steps: number): Promise<number[]> {
  const trace = new Trace();
  const names = ['rate', ...Object.keys(optimizer.scalars(1))];
  const scalars = Object.fromEntries(names.map(name => [name, trace.input(name, 'float32', [1])]));
  const slots = Object.fromEntries(optimizer.slots.map(name => [name, trace.input(name, 'float32', [4])]));
  const keep = trace.constant(tensor(mask));
  const next = optimizer.update({
    parameters: trace.input('θ', 'float32', [4]),
    gradient: trace.input('g', 'float32', [4]),
    slots,
    rate: scalars.rate,
    scalars,
    decay: optimizer.decay ? mul(keep, optimizer.decay) : undefined,
  });
  const program = await compile(
    trace.graph({
      'θ′': next.parameters,
      ...Object.fromEntries(optimizer.slots.map(name => [`${name}′`, next.slots[name]])),
    }),
  );
  let theta = tensor(start);
  let state = Object.fromEntries(optimizer.slots.map(name => [name, tensor([0, 0, 0, 0])]));
  for (let t = 1; t <= steps; t++) {
    const fed = { rate: optimizer.lr, ...optimizer.scalars(t) };
    const results = await program.run({
      θ: theta,
      g: tensor(slope(t)),
      ...state,
      ...Object.fromEntries(Object.entries(fed).map(([name, value]) => [name, tensor([value])])),
    });
    theta = results['θ′'];
    state = Object.fromEntries(optimizer.slots.map(name => [name, results[`${name}′`]]));
  }
  await program.release();
  return theta.toNumbers();
}

const close = (ours: number[], expected: number[]) =>
  ours.forEach((value, i) =>
    expect(Math.abs(value - expected[i])).toBeLessThan(2e-6 * Math.max(1, Math.abs(expected[i]))),
  );

test('adamW agrees with PyTorch', async () => {
  // torch.optim.AdamW([θ], lr=0.01, weight_decay=0.1), last two entries in a group without decay, 5 steps
  close(await run(adamW({ lr: 0.01, decay: 0.1 }), 5), [0.48786994, -1.228423632, 2.014037681, 0.021391738]);
});

test('adam agrees with PyTorch', async () => {
  close(await run(adam({ lr: 0.01 }), 5), [0.490331333, -1.234613901, 2.014037681, 0.021391738]);
});

test.each([false, true])('sgd with momentum and decay, nesterov %s', async nesterov => {
  const [lr, momentum, decay] = [0.05, 0.9, 0.1];
  const expected = start.map((value, i) => {
    let [theta, velocity] = [value, 0];
    for (let t = 1; t <= 5; t++) {
      const g = slope(t)[i] + decay * mask[i] * theta;
      velocity = momentum * velocity + g;
      theta -= lr * (nesterov ? g + momentum * velocity : velocity);
    }
    return theta;
  });
  close(await run(sgd({ lr, momentum, decay, nesterov }), 5), expected);
});

test('lion', async () => {
  const [lr, beta1, beta2, decay] = [0.01, 0.9, 0.99, 0.1];
  const expected = start.map((value, i) => {
    let [theta, mean] = [value, 0];
    for (let t = 1; t <= 5; t++) {
      const g = slope(t)[i];
      theta -= lr * (Math.sign(beta1 * mean + (1 - beta1) * g) + decay * mask[i] * theta);
      mean = beta2 * mean + (1 - beta2) * g;
    }
    return theta;
  });
  close(await run(lion({ lr, beta1, beta2, decay }), 5), expected);
});

test('optimizers print themselves', () => {
  expect(String(adamW({ lr: 0.002 }))).toBe(
    'adamW(lr 0.002, beta1 0.9, beta2 0.999, epsilon 1e-8, decay 0.01)',
  );
  expect(String(sgd())).toBe('sgd(lr 0.01, momentum 0, decay 0)');
});
