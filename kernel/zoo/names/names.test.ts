/** `zoo:names` answers by the word that decides. */
import { expect, test } from 'vitest';
import { load, Model, names as grammar } from '../../index.ts';
import { names } from './recipe.ts';

test('a task is answered, less so where the word that decides is another, and never by the network before training', async () => {
  const model = await load('zoo:names');
  const untrained = new Model('untrained', names.network());
  const figures = await names.score(model, 'prompts', { share: 0.3 });
  const control = await names.score(untrained, 'prompts', { share: 0.3 });
  for (const task of grammar.tasks) {
    expect(figures[`right, ${task}`]).toBeGreaterThanOrEqual(0.95);
    expect(figures[`right mass, ${task}, corrupted`]).toBeLessThan(figures[`right mass, ${task}`] - 0.1);
    expect(control[`right mass, ${task}`]).toBeLessThan(0.35);
  }
  model.dispose();
  untrained.dispose();
});
