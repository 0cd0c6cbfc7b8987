/** Gratings: the band that was drawn is the band that is measured, and the same seed draws the same. */
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { gratings } from './gratings.ts';

test('each picture has most power in its own band', () => {
  const { image, band } = gratings.batch(rng(1), 24);
  expect(image.dims).toEqual([24, 1, 24, 24]);
  band.toNumbers().forEach((own, i) => {
    const power = gratings.power(image.at(i));
    expect(power.indexOf(Math.max(...power))).toBe(own);
    const others = power.filter((_, other) => other !== own);
    expect(Math.max(...others)).toBeLessThan(power[own] / 4);
  });
});

test('the same seed draws the same, another does not', () => {
  const draw = (seed: number) => gratings.batch(rng(seed), 2).image.data;
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});
