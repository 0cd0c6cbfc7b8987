/** Schedules: their values, and how they are put together. */
import { expect, test } from 'vitest';
import * as schedule from './schedule.ts';

const values = (of: schedule.Schedule, steps: number, at: readonly number[]) =>
  at.map(step => +of(step, steps).toFixed(6));

test('constant, and a warm-up before it', () => {
  expect(values(schedule.constant(), 10, [0, 9])).toEqual([1, 1]);
  expect(values(schedule.constant({ warmup: 4 }), 10, [0, 1, 3, 4, 9])).toEqual([0.25, 0.5, 1, 1, 1]);
});

test('cosine: half way at half the steps behind the warm-up', () => {
  const of = schedule.cosine({ warmup: 10, floor: 0.2 });
  expect(values(of, 110, [0, 9, 10, 60, 110])).toEqual([0.1, 1, 1, 0.6, 0.2]);
});

test('linear: down to the floor', () => {
  expect(values(schedule.linear({ floor: 0.5 }), 10, [0, 5, 10])).toEqual([1, 0.75, 0.5]);
});

test('halving, behind a warm-up too', () => {
  expect(values(schedule.halving({ every: 3 }), 99, [0, 2, 3, 5, 6])).toEqual([1, 1, 0.5, 0.5, 0.25]);
  const tenth = schedule.halving({ every: 2, by: 0.1, warmup: 2 });
  expect(values(tenth, 99, [0, 1, 2, 3, 4])).toEqual([0.5, 1, 1, 1, 0.1]);
  expect(() => schedule.halving({ every: 0 })).toThrow('halving every 0 steps; expected 1 or more');
});

test('a sequence counts each part from its own first step and gives it its own length', () => {
  const of = schedule.sequence(
    [4, schedule.linear()],
    [6, schedule.cosine()],
    schedule.custom('tail', (step, steps) => step + steps / 100),
  );
  expect(values(of, 20, [0, 2, 4, 7, 10, 11])).toEqual([1, 0.5, 1, 0.5, 0.1, 1.1]);
  expect(of.text).toBe('linear(floor 0) for 4, then cosine(floor 0) for 6, then tail');
  expect(() => schedule.sequence(schedule.constant(), schedule.constant())).toThrow(
    'a sequence ends in a schedule; expected [steps, schedule] for all before it',
  );
});

test('which ones depend on how many steps there will be', () => {
  const { constant, cosine, halving, linear, warmup } = schedule;
  const all = [constant(), constant({ warmup: 3 }), halving({ every: 2 }), warmup(3, halving({ every: 2 }))];
  expect(all.every(({ endless }) => endless)).toBe(true);
  expect([cosine(), linear(), warmup(3, cosine())].some(({ endless }) => endless)).toBe(false);
  // what is the same reads the same
  expect(constant({ warmup: 3 }).text).toBe(warmup(3).text);
  expect(cosine({ warmup: 3 }).text).toBe('warmup 3 for 3, then cosine(floor 0)');
});
