/** `zoo:induction` copies by matching what stood before, not by counting. */
import { expect, test } from 'vitest';
import { copying, generate, load, Model, rng } from '../../index.ts';
import { induction } from './recipe.ts';

test('the lag that is held out is not trained, and its heads match and copy all the same', async () => {
  expect(copying.lags).not.toContain(copying.heldOut);
  const model = await load('zoo:induction');
  const figures = await induction.score(model, 'heads', { share: 0.3 });
  const untrained = new Model('untrained', induction.network());
  const control = await induction.score(untrained, 'heads', { share: 0.3 });
  for (const head of ['prefix matching, held-out lag', 'previous token']) {
    expect(figures[head]).toBeGreaterThan(0.5);
    expect(control[head]).toBeLessThan(0.1);
  }
  model.dispose();
  untrained.dispose();
});

test('it goes on with words, at a lag of its own', async () => {
  const model = await load('zoo:induction');
  const period = rng('period').permutation(60).slice(0, copying.heldOut);
  const words = period.map(index => copying.vocabulary.words[index + 1]);
  const prompt = [...words, words[0]].join(' ');
  expect(await generate(model, prompt, { tokens: 12 })).toBe(`${prompt} ${words.slice(1).join(' ')}`);
  model.dispose();
});
