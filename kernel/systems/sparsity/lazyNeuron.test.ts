/** Lazy neurons: off is off, the counter agrees with counting by hand, and the experiment runs with its controls. */
import { expect, test } from 'vitest';
import { divergence, Model, nn, rng, sparsity, tensor } from 'neuronbook';
import { lazyNeuron } from './lazyNeuron.ts';

const size = { vocabulary: 20, context: 8, width: 16, layers: 2, heads: 2 };
const model = new Model(
  'small',
  nn.neox({ ...size, activation: 'relu', rotary: 1, parallel: false }, { seed: 1 }),
);
const draw = rng('tokens');
const tokens = tensor(
  BigInt64Array.from({ length: 64 }, () => BigInt(draw.integer(20))),
  [8, 8],
);
const logits = async (of: Model) => (await of.run({ tokens })).outputs.logits.toNumbers();

test('off, and with as many entries as there are units, not a bit changes', async () => {
  const whole = await logits(model);
  expect(await logits(await lazyNeuron(model, { tokens }, { times: Infinity }))).toEqual(whole);
  expect(await logits(await lazyNeuron(model, { tokens }, { times: 100 }))).toEqual(whole);
});

test('on, each word keeps the largest, 1.5 times the mean number; the control keeps as many others', async () => {
  const site = 'blocks.0.mlp.post';
  const l0 = (await sparsity.stats(model, { tokens }, { live: false })).layer(site).l0;
  const values = (await model.run({ tokens }, { read: [site] })).sites[site].toNumbers();
  expect(l0).toBeCloseTo(values.filter(value => value > 0).length / 64, 10);
  const sparse = await lazyNeuron(model, { tokens });
  const kept = (await sparse.run({ tokens }, { read: [site] })).sites[site].toNumbers();
  const row = (all: number[]) => all.slice(0, 64).filter(value => value > 0).length;
  expect(row(kept)).toBe(Math.min(row(values), Math.ceil(1.5 * l0)));
  const half = (shuffled?: number) => lazyNeuron(model, { tokens }, { times: 0.5, shuffled });
  const cost = async (other: Model) => (await divergence(model, other, { tokens })).kl;
  expect(await cost(await half(1))).toBeGreaterThan(await cost(await half()));
});

test('a network that has just been drawn has half of its units active', async () => {
  expect((await sparsity.stats(model, { tokens }, { live: false })).active).toBeCloseTo(0.5, 1);
});

test('the experiment: frozen MLPs stay where they were, and every arm is measured', async () => {
  const report = await lazyNeuron.experiment.run({ scale: 'small', seeds: 1, live: false });
  expect(report.complete).toBe(true);
  const [frozen] = report.of('frozen MLP', 'fall');
  expect(Math.abs(frozen)).toBeLessThan(Math.abs(report.of('trained', 'fall')[0]));
  expect(report.of('trained', 'rise')[0]).toBeLessThan(report.of('other units', 'rise')[0]);
}, 240_000);
