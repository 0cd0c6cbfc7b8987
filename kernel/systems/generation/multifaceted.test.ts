/** Kinds of input as pictures: what each step computes, off is off, and the claim with its control. */
import { expect, test } from 'vitest';
import { load, logit, rng, textures, viz } from '../../index.ts';
import { multifaceted } from './multifaceted.ts';

const melon = { unit: logit('logits', 11), site: 'features', live: false };

test('off is off: from noise it is plain feature visualization', async () => {
  const model = await load('zoo:textures');
  const { image } = textures.batch(rng('off'), 56);
  const off = await multifaceted(model, image, { ...melon, start: 'noise', steps: 2, seed: 3 });
  const plain = await viz.feature(model, melon.unit, {
    count: off.count,
    steps: 2,
    lr: 0.03,
    seed: 3,
    live: false,
  });
  expect(off.images.data).toEqual(plain.images.data);
});

test('a start is the mean of the inputs nearest the middle of its facet, all of them inputs that excite', async () => {
  const model = await load('zoo:textures');
  const { image } = textures.batch(rng('starts'), 56);
  const found = await multifaceted(model, image, { ...melon, mean: 2, steps: 1 });
  const scores = await viz.score(model, melon.unit, image);
  const sorted = [...scores].sort((a, b) => a - b);
  const bound = (sorted[28] + sorted[55]) / 2;
  const exciting = [...scores.keys()].filter(i => scores[i] > bound);
  expect(found.inputs.flat().sort((a, b) => a - b)).toEqual(exciting);
  const [[a, b]] = found.inputs;
  const mean = image
    .at(a)
    .toNumbers()
    .map((value, p) => (value + Number(image.at(b).data[p])) / 2);
  found.starts
    .at(0)
    .toNumbers()
    .forEach((value, p) => expect(value).toBeCloseTo(mean[p], 5));
});

test('the claim at its small scale, with the seeds that its rules were made with', async () => {
  const report = await multifaceted.experiment.run({ scale: 'small', seeds: 3, live: false });
  if (process.env.NEURONBOOK_FIGURES) console.log(String(report));
  expect(report.met, String(report)).toBe(true);
}, 400_000);

test('inputs that do not count are in no facet', async () => {
  const model = await load('zoo:textures');
  const { image } = textures.batch(rng('among'), 56);
  const all = await multifaceted(model, image, { ...melon, steps: 1 });
  const among = all.inputs.flat().slice(1);
  const found = await multifaceted(model, image, { ...melon, steps: 1, among });
  expect(found.inputs.flat().sort((a, b) => a - b)).toEqual(among.sort((a, b) => a - b));
});
