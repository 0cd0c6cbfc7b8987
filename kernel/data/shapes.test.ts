/** Shapes on textured grounds and moving blobs: seeded, labelled, and as they say. */
import { expect, test } from 'vitest';
import { rng } from '../base/rng.ts';
import { blobs } from './blobs.ts';
import { shapes } from './shapes.ts';

const share = (context: number) => {
  const { label, texture } = shapes.batch(rng(2), 400, { context });
  const [labels, grounds] = [label.toNumbers(), texture.toNumbers()];
  return labels.filter((value, i) => value === grounds[i]).length / labels.length;
};

test('a seed gives the same pictures, and the stream moves on', () => {
  const data = (seed: number) => shapes.batch(rng(seed), 3).image.data;
  expect(data(1)).toEqual(data(1));
  expect(data(1)).not.toEqual(data(2));
  const stream = rng(1);
  expect(shapes.batch(stream, 3).image.data).not.toEqual(shapes.batch(stream, 3).image.data);
});

test('the ground follows the shape as often as `context` says', () => {
  // chance alone gives 1 in 8
  expect(share(0)).toBeCloseTo(0.125, 1);
  expect(share(0.6)).toBeCloseTo(0.6 + 0.4 * 0.125, 1);
  expect(share(1)).toBe(1);
});

test('every shape and ground is drawn; the shape lies where it says and stands out', () => {
  const { image, label, cover, place } = shapes.batch(rng(3), 100);
  expect(new Set(label.toNumbers())).toEqual(new Set(shapes.classes.map((_, i) => i)));
  for (let i = 0; i < 100; i++) {
    const [x, y, radius] = place.at(i).toNumbers();
    const amounts = cover.at(i).toNumbers();
    const total = amounts.reduce((sum, value) => sum + value, 0);
    expect(total).toBeGreaterThan(15);
    const far = amounts.filter(
      (amount, at) => amount > 0 && Math.hypot((at % 32) - x, Math.floor(at / 32) - y) > radius * 1.45 + 1,
    );
    expect(far).toEqual([]);
    const pixels = image.at(i).toNumbers();
    const mean = (weights: number[]) =>
      [0, 1, 2].map(
        c =>
          weights.reduce((sum, weight, at) => sum + weight * pixels[c * 1024 + at], 0) /
          weights.reduce((sum, weight) => sum + weight, 0),
      );
    const [inner, outer] = [mean(amounts), mean(amounts.map(value => 1 - value))];
    expect(Math.hypot(...inner.map((value, c) => value - outer[c]))).toBeGreaterThan(0.15);
  }
});

test('one shape, one ground, or none', () => {
  const { label, texture } = shapes.batch(rng(1), 5, { only: 'moon', ground: 'dots' });
  expect([...new Set(label.toNumbers()), ...new Set(texture.toNumbers())]).toEqual([7, 2]);
  const empty = shapes.batch(rng(1), 5, { only: 'none' });
  expect([...new Set(empty.label.toNumbers())]).toEqual([-1]);
  expect(Math.max(...empty.cover.toNumbers())).toBe(0);
  expect(() => shapes.batch(rng(1), 1, { only: 'sqare' as 'square' })).toThrowErrorMatchingInlineSnapshot(
    `[NameError: unknown shape: sqare; nearest: square, bar, triangle]`,
  );
  expect(() => shapes.batch(rng(1), 1, { context: 2 })).toThrowErrorMatchingInlineSnapshot(
    `[NeuronbookError: context: 2; expected a share from 0 to 1]`,
  );
});

test('blobs move by their velocity, stay in the room, and shine where they are', () => {
  const { video, position, velocity } = blobs.batch(rng(4), 6, { count: 1, frames: 40 });
  expect(video.dims).toEqual([6, 40, 1, 24, 24]);
  let turns = 0;
  for (let film = 0; film < 6; film++)
    for (let t = 0; t < 39; t++) {
      const [now, next, step, later] = [
        position.at(film).at(t),
        position.at(film).at(t + 1),
        velocity.at(film).at(t),
        velocity.at(film).at(t + 1),
      ].map(value => value.toNumbers());
      [0, 1].forEach(axis => {
        expect(next[axis]).toBeCloseTo(now[axis] + step[axis], 4);
        expect(next[axis]).toBeGreaterThanOrEqual(1.5);
        expect(next[axis]).toBeLessThanOrEqual(21.5);
        if (Math.sign(step[axis]) !== Math.sign(later[axis])) turns++;
      });
      const frame = video.at(film).at(t).toNumbers();
      const total = frame.reduce((sum, value) => sum + value, 0);
      const middle = frame.reduce((sum, value, at) => sum + value * (at % 24), 0) / total;
      // at a wall some of the light is cut off
      expect(Math.abs(middle - now[0])).toBeLessThan(0.8);
    }
  expect(turns).toBeGreaterThan(10);
  expect(() => blobs.batch(rng(1), 1, { size: 4 })).toThrowErrorMatchingInlineSnapshot(
    `[NeuronbookError: blobs: 2 in 10 frames of 4 pixels at speed 2; expected one of each and a frame wider than 2·radius + speed]`,
  );
});
