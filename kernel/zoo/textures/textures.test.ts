/** The bundled model is what its script makes, and it knows fresh pictures. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { load, textures } from '../../index.ts';
import { network, score, train } from './recipe.ts';

const beside = (name: string) => new URL(name, import.meta.url);
const json = (name: string) => JSON.parse(readFileSync(beside(name), 'utf8')) as never;
vi.setConfig({ testTimeout: 300_000 });

interface Card {
  bytes: number;
  scripts: Record<string, string>;
  training: { steps: number };
  scores: Record<string, { accuracy: number; pictures: number }>;
}
const card: Card = json('card.json');
const losses: number[] = json('losses.json');

test('the card holds the hashes of the scripts that are here', () => {
  expect(Object.keys(card.scripts)).toEqual(['train.ts', 'recipe.ts']);
  for (const [name, hash] of Object.entries(card.scripts))
    expect(
      createHash('sha256')
        .update(readFileSync(beside(name)))
        .digest('hex'),
    ).toBe(hash);
});

test('the log holds every step, and the card at least three fresh draws of 95 %', () => {
  expect(losses).toHaveLength(card.training.steps);
  const scores = Object.values(card.scores);
  expect(scores.length).toBeGreaterThanOrEqual(3);
  for (const { accuracy, pictures } of scores) {
    expect(accuracy).toBeGreaterThanOrEqual(0.95);
    expect(pictures).toBeGreaterThanOrEqual(2000);
  }
});

test('its first 20 steps, trained again from the seed, match the log', async () => {
  const run = await train({ until: 20 });
  expect(run.losses).toHaveLength(20);
  // the same machine repeats them bit for bit; another CPU's kernels round differently, and steps amplify it
  run.losses.forEach((loss, i) => expect(Math.abs(loss - losses[i]) / losses[i]).toBeLessThan(2e-3));
  // the first step has nothing to amplify yet
  expect(Math.abs(run.losses[0] - losses[0]) / losses[0]).toBeLessThan(1e-5);
});

test('it tells fresh pictures apart, both faces of the melon among them', async () => {
  const model = await load('zoo:textures');
  const { accuracy, classes } = await score(model, 'drawn by the test');
  expect(accuracy).toBeGreaterThanOrEqual(0.95);
  expect(classes['melon (whole)']).toBeGreaterThanOrEqual(0.95);
  expect(classes['melon (cut)']).toBeGreaterThanOrEqual(0.95);
  model.dispose();
});

test('controls: shuffled labels and untrained weights score near chance', async () => {
  const model = await load('zoo:textures');
  const shuffled = await score(model, 'control', { shuffle: true });
  expect(shuffled.accuracy).toBeLessThan(0.15);
  model.dispose();
  const untrained = (await train({ until: 1 })).model;
  expect((await score(untrained, 'control', { pictures: 1260 })).accuracy).toBeLessThan(0.25);
  untrained.dispose();
});

test('the file documents its sites, its input and its labels, and stays small', async () => {
  expect(card.bytes).toBeLessThan(2e6);
  expect(readFileSync(beside('textures.onnx')).length).toBe(card.bytes);
  const model = await load('zoo:textures');
  const names = model.sites.names;
  for (const site of ['image', 'conv1', 'relu1', 'conv5', 'relu5', 'features', 'logits'])
    expect(names).toContain(site);
  expect(model.imageInput).toEqual({
    input: 'image',
    scale: 1,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    order: 'rgb',
    labels: [...textures.classes],
  });
  expect([...model.graph.constants.keys()]).toEqual([...network().constants.keys()]);
});
