/** The sparsity board: units in order, and payloads that are none. */
import { describe, expect, test } from 'vitest';
import * as sparsity from './sparsity.ts';

describe('sparsity', () => {
  const { data } = sparsity.sparsity(
    { one: { active: 0.25, units: [0, 0.5, 0.25], course: [0.5, 0.25] } },
    { steps: [0, 9] },
  );
  test('its units are in order, with their numbers', () =>
    expect([data.layers[0].shares, data.layers[0].units]).toEqual([
      [0.5, 0.25, 0],
      [1, 2, 0],
    ]));
  test.each<[string, unknown, string]>([
    ['no title', { ...data, title: 1 }, 'data.title is not text'],
    ['a step that is no number', { ...data, steps: [0, null] }, 'data.steps is not a list of numbers'],
    ['no layers', { ...data, layers: [] }, 'data.layers is not a list of 1 to 2000 layers'],
    ['a layer without a name', { ...data, layers: [{}] }, 'data.layers[0] has no name'],
    [
      'a share above one',
      { ...data, layers: [{ ...data.layers[0], active: 2 }] },
      'data.layers[0] has an active share that is not from 0 to 1',
    ],
    [
      'no units',
      { ...data, layers: [{ ...data.layers[0], shares: [] }] },
      'data.layers[0] has shares that are not 1 to 65536 numbers from 0 to 1',
    ],
    [
      'a unit without a share',
      { ...data, layers: [{ ...data.layers[0], units: [1, 2] }] },
      'data.layers[0] has units that are not one number a share',
    ],
    [
      'a course of other steps',
      { ...data, steps: [0] },
      'data.layers[0] has a course that is not one share a step',
    ],
  ])('%s is not drawn', (_, wrong, said) => expect(sparsity.problem(wrong)).toBe(said));
  test('what is sound is', () => expect(sparsity.problem(data)).toBeUndefined());
  test('a share above one cannot be shown', () =>
    expect(() => sparsity.sparsity({ one: { active: 1.5, units: [1] } })).toThrow(
      'no sparsity to show: layers[0] has an active share that is not from 0 to 1',
    ));
});
