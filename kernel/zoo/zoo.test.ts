/** Each bundled network is what its script makes, reaches its marks on fresh data, and its controls fail. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { load, Model } from '../index.ts';
import { MARK, type Card } from './bundle.ts';
import { leastMark, type Recipe } from './recipe.ts';

vi.setConfig({ testTimeout: 300_000 });

const folder = import.meta.dirname;
const folders = readdirSync(folder).filter(name => existsSync(join(folder, name, 'recipe.ts')));
const modules: Record<string, unknown>[] = await Promise.all(
  folders.map(name => import(`./${name}/recipe.ts`) as Promise<Record<string, unknown>>),
);
const isRecipe = (value: unknown): value is Recipe =>
  typeof (value as Recipe | undefined)?.score === 'function';
const recipes = modules.flatMap(module => Object.values(module).filter(isRecipe));
const FIRST = 5;

test('every folder but the oldest has its recipe here, under its own name', () =>
  expect(recipes.map(({ name }) => name)).toEqual(folders.filter(name => name !== 'textures')));

describe.each(recipes.map(recipe => [recipe.name, recipe] as const))('zoo:%s', (name, recipe) => {
  const beside = (file: string) => readFileSync(new URL(`${name}/${file}`, import.meta.url));
  const card = JSON.parse(beside('card.json').toString()) as Card;
  const losses = JSON.parse(beside('losses.json').toString()) as number[];

  test('the card holds the hashes of the scripts that are here', () => {
    expect(Object.keys(card.scripts)).toEqual(['train.ts', 'recipe.ts']);
    for (const [script, hash] of Object.entries(card.scripts))
      expect(createHash('sha256').update(beside(script)).digest('hex')).toBe(hash);
  });

  test('the log holds every step; the card three fresh draws that reach their marks, and controls that do not', () => {
    expect(losses).toHaveLength(recipe.steps);
    expect(card.training).toMatchObject({ steps: recipe.steps, batch: recipe.batch, seed: recipe.seed });
    expect(Object.keys(card.scores)).toHaveLength(3);
    const least = Math.min(...Object.values(card.scores).map(leastMark));
    expect(least).toBeGreaterThanOrEqual(MARK);
    expect(Object.keys(card.controls)).toEqual(['targets shuffled', 'untrained']);
    for (const figures of Object.values(card.controls)) expect(leastMark(figures)).toBeLessThan(0.25);
  });

  test('its first steps, trained again from the seed, match the log', async () => {
    const run = await recipe.train({ until: FIRST });
    expect(run.losses).toHaveLength(FIRST);
    // the same machine repeats them bit for bit; another CPU's kernels round differently, and steps amplify it
    run.losses.forEach((loss, i) => expect(Math.abs(loss - losses[i]) / losses[i]).toBeLessThan(2e-3));
    // the first step has nothing to amplify yet
    expect(Math.abs(run.losses[0] - losses[0]) / losses[0]).toBeLessThan(1e-5);
    run.model.dispose();
  });

  test('it reaches its marks on data drawn by the test; shuffled targets and untrained weights do not', async () => {
    const model = await load(`zoo:${name}`);
    const untrained = new Model(name, recipe.network());
    const share = 0.3;
    // a third of the card's draw scatters more
    expect(leastMark(await recipe.score(model, 'drawn by the test', { share }))).toBeGreaterThanOrEqual(
      MARK - 0.05,
    );
    expect(leastMark(await recipe.score(model, 'control', { share, shuffle: true }))).toBeLessThan(0.3);
    expect(leastMark(await recipe.score(untrained, 'control', { share }))).toBeLessThan(0.3);
    model.dispose();
    untrained.dispose();
  });

  test('the file is small and holds the network of the recipe, with its name', async () => {
    expect(beside(`${name}.onnx`).length).toBe(card.bytes);
    expect(card.bytes).toBeLessThan(6e6);
    const { graph } = await load(`zoo:${name}`);
    const made = recipe.network();
    expect([...graph.constants.keys()]).toEqual([...made.constants.keys()]);
    expect(graph.metadata).toEqual(made.metadata);
    expect(graph.metadata['neuronbook.model']).toBe(`zoo:${name}`);
  });
});
