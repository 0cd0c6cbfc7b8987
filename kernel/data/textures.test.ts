/** The pictures behind `zoo:textures`: the same for the same seed, balanced, and with one two-faced class. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { textures, type TextureBatch } from './textures.ts';

/** Of the pictures as 8-bit values, so that a last-bit difference in a sine does not count. */
const digest = ({ image }: TextureBatch) =>
  createHash('sha256')
    .update((image.data as Float32Array).map(value => Math.round(value * 255)))
    .digest('hex')
    .slice(0, 16);
const labels = (batch: TextureBatch) => batch.label.toNumbers();

/** Mean colour of the middle of picture `i`. */
function middle({ image }: TextureBatch, i: number): number[] {
  const [, , height, width] = image.dims;
  const data = image.data as Float32Array;
  return [0, 1, 2].map(c => {
    let sum = 0;
    for (let y = 20; y < 28; y++)
      for (let x = 20; x < 28; x++) sum += data[((i * 3 + c) * height + y) * width + x];
    return sum / 64;
  });
}

test('a seed gives the same pictures, another seed others', () => {
  expect(digest(textures.batch(rng('fixed'), 24))).toBe('7348384918743e38');
  expect(digest(textures.batch(rng('fixed'), 24))).toBe(digest(textures.batch(rng('fixed'), 24)));
  expect(digest(textures.batch(rng('other'), 24))).not.toBe(digest(textures.batch(rng('fixed'), 24)));
});

test('the stream moves on from batch to batch', () => {
  const stream = rng(1);
  expect(digest(textures.batch(stream, 4))).not.toBe(digest(textures.batch(stream, 4)));
});

test('every class has an equal share of a batch, in random order', () => {
  const drawn = labels(textures.batch(rng(2), 140));
  expect(textures.classes.map((_, label) => drawn.filter(value => value === label).length)).toEqual(
    Array<number>(14).fill(10),
  );
  expect(drawn).not.toEqual(labels(textures.batch(rng(3), 140)));
  expect(drawn.slice(0, 14)).not.toEqual(drawn.slice(14, 28));
});

test('values fill [0, 1] and stay inside', () => {
  const data = textures.batch(rng(4), 60).image.data as Float32Array;
  expect(data.reduce((a, b) => Math.min(a, b))).toBe(0);
  expect(data.reduce((a, b) => Math.max(a, b))).toBe(1);
  const mean = data.reduce((a, b) => a + b) / data.length;
  expect(mean).toBeGreaterThan(0.35);
  expect(mean).toBeLessThan(0.6);
});

test('exactly one class has two faces, and they look nothing alike: green and red', () => {
  const faced = textures.classes.filter(name => textures.facets[name].length > 1);
  expect(faced).toEqual(['melon']);
  expect(textures.facets.melon).toEqual(['whole', 'cut']);
  const whole = textures.batch(rng(5), 40, { only: 'melon', facet: 'whole' });
  const cut = textures.batch(rng(5), 40, { only: 'melon', facet: 'cut' });
  const greener = (batch: TextureBatch) =>
    Array.from({ length: 40 }, (_, i) => middle(batch, i)).filter(([red, green]) => green > red).length;
  expect(greener(whole)).toBeGreaterThan(36);
  expect(greener(cut)).toBeLessThan(4);
  expect(whole.facet.toNumbers()).toEqual(Array<number>(40).fill(0));
  expect(cut.facet.toNumbers()).toEqual(Array<number>(40).fill(1));
});

test('neither shape nor colour alone names the melon: green slices and balls of other colours are other classes', () => {
  const greens = (only: 'ball' | 'kiwi') => {
    const batch = textures.batch(rng(10), 40, { only });
    return Array.from({ length: 40 }, (_, i) => middle(batch, i)).filter(
      ([red, green, blue]) => green > red && green > blue,
    ).length;
  };
  expect(greens('kiwi')).toBeGreaterThan(30);
  expect(greens('ball')).toBeLessThan(10);
});

test('without a choice both faces are drawn equally often', () => {
  const facets = textures.batch(rng(6), 400, { only: 'melon' }).facet.toNumbers();
  const cut = facets.filter(facet => facet === 1).length;
  expect(cut).toBeGreaterThan(160);
  expect(cut).toBeLessThan(240);
});

test('a batch can be overwritten in place and then equals a fresh one', () => {
  const into = textures.batch(rng(7), 8);
  const store = into.image.data;
  textures.batch(rng(8), 8, { into });
  expect(into.image.data).toBe(store);
  expect(digest(into)).toBe(digest(textures.batch(rng(8), 8)));
  expect(() => textures.batch(rng(8), 9, { into })).toThrow(
    'batch to overwrite holds 8 pictures; expected 9',
  );
});

test('a mistyped class or appearance lists the nearest', () => {
  expect(() => textures.draw(rng(9), 'strips' as 'stripes')).toThrow(
    'unknown texture class: strips; nearest: stripes, rings, bricks',
  );
  expect(() => textures.draw(rng(9), 'melon', { facet: 'hole' })).toThrow(
    'unknown appearance of melon: hole; nearest: whole, cut',
  );
});
