/** Pictures to tensors and back without loss. */
import { expect, test } from 'vitest';
import { encodePng } from '../base/png.ts';
import { tensor } from '../base/tensor.ts';
import { fromPng, picture, toPixels } from './images.ts';

const grid = tensor([0, 1, 0.2, 0.4, 1, 0, 0.6, 0.8, 0.2, 0.4, 0, 1], [1, 3, 2, 2]);

test('a picture in eighths of a byte comes back exactly', () => {
  const again = fromPng(picture(grid));
  expect(again.dims).toEqual([1, 3, 2, 2]);
  expect(Array.from(again.data as Float32Array)).toEqual(Array.from(grid.data as Float32Array));
});

test('planes become interleaved pixels, clamped to a byte', () => {
  expect(Array.from(toPixels(tensor([-1, 0.5, 2, 1, 0, 1], [3, 1, 2])).data)).toEqual([
    0, 255, 0, 128, 255, 255,
  ]);
});

test('grey is repeated and transparency is laid over white', () => {
  const grey = fromPng(encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(51) }));
  expect(grey.toNumbers().map(value => +value.toFixed(6))).toEqual([0.2, 0.2, 0.2]);
  const clear = fromPng(encodePng({ width: 1, height: 1, channels: 4, data: Uint8Array.of(0, 0, 0, 0) }));
  expect(clear.toNumbers()).toEqual([1, 1, 1]);
});

test('a batch is indexed, and a tensor that is no picture says so', () => {
  const two = tensor([0, 0, 0, 1, 1, 1], [2, 3, 1, 1]);
  expect(Array.from(toPixels(two, { index: 1 }).data)).toEqual([255, 255, 255]);
  expect(() => toPixels(tensor([1, 2], [2, 1, 1]))).toThrow(
    'not a picture: 2×1×1; expected N×C×H×W, C×H×W or H×W with 1, 3 or 4 channels',
  );
});
