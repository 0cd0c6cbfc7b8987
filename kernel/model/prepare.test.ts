/** Pictures as networks were trained to see them. */
import { expect, test } from 'vitest';
import { picture } from '../data/images.ts';
import { tensor, Tensor } from '../base/tensor.ts';
import { resampled } from '../base/resample.ts';
import * as nn from '../nn/index.ts';
import { Model } from './model.ts';

const taking = (dims: readonly (string | number)[], image: Record<string, unknown> = {}) =>
  new Model('net', nn.network(nn.relu('y'), { name: 'net', inputs: { x: dims }, image }));
const grey = (height: number, width: number, of: (row: number, column: number) => number) =>
  tensor(
    Float32Array.from({ length: height * width }, (_, i) => of(Math.floor(i / width), i % width)),
    [height, width],
  );
const color = (...rgb: number[]) => tensor(rgb, [3, 1, 1]);

test('(pixel·scale − mean) / std, in the order of the network', async () => {
  const model = taking(['n', 3, 1, 1], { scale: 255, mean: [10, 20, 30], std: [1, 2, 4], order: 'bgr' });
  const seen = await model.prepare(color(1, 0.4, 0.2));
  expect(seen.dims).toEqual([1, 3, 1, 1]);
  expect(seen.toNumbers()).toEqual([41, 41, 56.25]);
  // what it is for
  expect((await model.run({ x: seen })).outputs.y.toNumbers()).toEqual([41, 41, 56.25]);
});

test('one mean serves all channels; a file that says nothing wants pixels as they are', async () => {
  expect((await taking(['n', 3, 1, 1], { mean: [0.5] }).prepare(color(1, 0.5, 0))).toNumbers()).toEqual([
    0.5, 0, -0.5,
  ]);
  expect((await taking(['n', 3, 1, 1]).prepare(color(1, 0.5, 0))).toNumbers()).toEqual([1, 0.5, 0]);
});

test('a picture of another size covers the input, and the rest is cut off around the middle', async () => {
  const levels = grey(2, 6, (_, column) => column / 5);
  const seen = await taking(['n', 1, 2, 2]).prepare(levels);
  expect(seen.dims).toEqual([1, 1, 2, 2]);
  expect(seen.toNumbers()).toEqual([2, 3, 2, 3].map(level => Math.fround(level / 5)));
  const halved = await taking(['n', 1, 1, 1]).prepare(grey(2, 2, (row, column) => (row + column) / 2));
  expect(halved.toNumbers()[0]).toBeCloseTo(0.5, 2);
});

test('resize, then crop: the shorter side, or both; any size where nothing is fixed', async () => {
  const image = grey(8, 12, (row, column) => ((row * 12 + column) % 51) / 51);
  const said = { resize: 4, crop: [4, 4], filter: 'bicubic' };
  const seen = await taking(['n', 1, 'h', 'w'], said).prepare(image);
  expect(seen.dims).toEqual([1, 1, 4, 4]);
  const whole = resampled(image.reshape([1, 1, 8, 12]), 4, 6, 'bicubic').toArray() as number[][][][];
  expect(seen.toArray()).toEqual([[whole[0][0].map(row => row.slice(1, 5))]]);
  expect((await taking(['n', 1, 'h', 'w'], { resize: [3, 5] }).prepare(image)).dims).toEqual([1, 1, 3, 5]);
  expect((await taking(['n', 1, 'h', 'w']).prepare(image)).dims).toEqual([1, 1, 8, 12]);
});

test('grey is repeated, transparency laid over white, colors become grey', async () => {
  const three = taking(['n', 3, 1, 1]);
  expect((await three.prepare(tensor([0.25], [1, 1]))).toNumbers()).toEqual([0.25, 0.25, 0.25]);
  expect((await three.prepare(tensor([1, 0, 0, 0.5], [4, 1, 1]))).toNumbers()).toEqual([1, 0.5, 0.5]);
  expect((await taking(['n', 1, 1, 1]).prepare(color(1, 0, 0))).toNumbers()[0]).toBeCloseTo(0.299, 6);
});

test('a network from TensorFlow takes its channels last', async () => {
  const planes = tensor(
    [1, 2, 3, 4, 5, 6].map(x => x / 6),
    [3, 2, 1],
  );
  const seen = await taking(['n', 2, 1, 3], { mean: [0, 0, 1] }).prepare(planes);
  expect(seen.dims).toEqual([1, 2, 1, 3]);
  expect(seen.toNumbers().map(x => Math.round(6 * x))).toEqual([1, 3, -1, 2, 4, 0]);
});

test('whole numbers, pixels of a canvas and the bytes of a file are the same picture', async () => {
  const model = taking(['n', 3, 1, 2]);
  const values = [255, 0, 51, 102, 0, 255];
  const planes = new Tensor('uint8', [3, 1, 2], Uint8Array.from(values));
  const expected = values.map(value => Math.fround(value / 255));
  expect((await model.prepare(planes)).toNumbers()).toEqual(expected);
  const canvas = { width: 2, height: 1, data: Uint8ClampedArray.of(255, 51, 0, 255, 0, 102, 255, 255) };
  expect((await model.prepare(canvas)).toNumbers()).toEqual(expected);
  const png = picture(tensor(expected, [3, 1, 2]));
  expect((await model.prepare(png)).toNumbers()).toEqual(expected);
});

test('a batch stays a batch', async () => {
  const two = tensor([0, 0.5, 1, 1, 0.5, 0], [2, 3, 1, 1]);
  expect((await taking(['n', 3, 1, 1], { mean: [0.5], std: [0.5] }).prepare(two)).toArray()).toEqual([
    [[[-1]], [[0]], [[1]]],
    [[[1]], [[0]], [[-1]]],
  ]);
});

test('what is no picture, or no picture network, is refused with what to do', async () => {
  const model = taking(['n', 3, 1, 1]);
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => 'nothing',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  expect(await refusal(model.prepare(color(255, 0, 3)))).toBe(
    'ShapeError: pixels from 0 to 255; expected 0 to 1: divide by 255',
  );
  expect(await refusal(model.prepare(color(-2, 0, 1)))).toBe(
    'ShapeError: pixels from -2 to 1; expected 0 to 1: is the picture normalised already?',
  );
  expect(await refusal(model.prepare(tensor([1, 2], [2])))).toBe(
    'ShapeError: not a picture: 2; expected N×C×H×W with 1, 3 or 4 channels',
  );
  expect(await refusal(model.prepare({ width: 2, height: 2, data: new Uint8Array(5) }))).toBe(
    'ShapeError: pixels: 5 bytes for 2×2; expected 1, 3 or 4 for each pixel',
  );
  expect(await refusal(model.prepare('cat.jpg' as unknown as Tensor))).toBe(
    'NeuronbookError: no picture: string; expected a tensor, pixels or the bytes of a file; read files with readImage',
  );
  expect(await refusal(model.prepare(Uint8Array.of(1, 2, 3)))).toMatch(
    /^FormatError: no picture in 3 bytes: .+; expected PNG, JPEG or WebP$/,
  );
  expect(await refusal(taking(['n', 8]).prepare(color(0, 0, 0)))).toBe(
    'NeuronbookError: net takes no pictures: input x is n×8; expected batch × channels × height × width',
  );
  expect(await refusal(taking(['n', 5, 4, 4]).prepare(grey(4, 4, () => 0)))).toBe(
    'ShapeError: 1 channels in the picture; expected 5, which no picture has; feed it as a tensor',
  );
  const cut = taking(['n', 1, 'h', 'w'], { resize: 2, crop: [3, 3] });
  expect(await refusal(cut.prepare(grey(4, 4, () => 0)))).toBe(
    'ShapeError: picture is 2×2 after resizing; expected at least 3×3',
  );
});

test('NaN is no pixel', async () => {
  await expect(taking(['n', 1, 1, 1]).prepare(tensor([NaN], [1, 1]))).rejects.toThrow('pixels from');
});
