/** What we write, an independent reader reads back; and it is small. */
import { encode } from 'fast-png';
import { expect, test } from 'vitest';
import { decodePng, encodePng, type Pixels } from './png.ts';
import { rng } from './rng.ts';

const picture = (
  width: number,
  height: number,
  channels: 1 | 3 | 4,
  at: (x: number, y: number, c: number) => number,
): Pixels => ({
  width,
  height,
  channels,
  data: Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const p = Math.floor(i / channels);
    return at(p % width, Math.floor(p / width), i % channels);
  }),
});
const noise = rng('png');

test.each([
  ['noise, grey', picture(7, 5, 1, () => noise.integer(256))],
  ['noise, colour', picture(31, 17, 3, () => noise.integer(256))],
  ['a slope, transparent', picture(20, 30, 4, (x, y, c) => (3 * x + 5 * y + 40 * c) % 256)],
  ['one pixel', picture(1, 1, 3, () => 200)],
])('%s comes back as it was', (_, pixels) => {
  const back = decodePng(encodePng(pixels));
  expect([back.width, back.height, back.channels]).toEqual([pixels.width, pixels.height, pixels.channels]);
  expect(back.data).toEqual(pixels.data);
});

test('a smooth picture takes two thirds of what it takes unfiltered', () => {
  const smooth = picture(144, 144, 3, (x, y, c) =>
    Math.round(127 + 60 * Math.sin(x / 9 + c) + 60 * Math.cos(y / 7)),
  );
  expect(encodePng(smooth).length).toBeLessThan((encode({ ...smooth, depth: 8 }).length * 2) / 3);
});
