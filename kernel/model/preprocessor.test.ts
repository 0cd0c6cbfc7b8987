/** What transformers' image processors make of a picture, made here from their configs. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as nn from '../nn/index.ts';
import { IMAGE_KEY } from './image-input.ts';
import { Model } from './model.ts';
import { imageInputFrom, imageInputFromTimm } from './preprocessor.ts';

interface Case {
  config: Record<string, unknown>;
  dims: number[];
  values: string;
}
const { height, width, pixels, cases } = JSON.parse(
  readFileSync(new URL('fixtures/prepared.json', import.meta.url), 'utf8'),
) as { height: number; width: number; pixels: string; cases: Record<string, Case> };
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));

test.each(Object.entries(cases))('%s', async (_, { config, dims, values }) => {
  const net = nn.network(nn.relu('y'), {
    inputs: { image: ['n', 3, 'h', 'w'] },
    image: imageInputFrom(config),
  });
  const seen = await new Model('net', net).prepare({ height, width, data: bytes(pixels) });
  expect(seen.dims).toEqual(dims);
  const expected = new Float32Array(bytes(values).buffer);
  const worst = Math.max(...seen.toNumbers().map((value, i) => Math.abs(value - expected[i])));
  expect(worst).toBeLessThan(2e-6 * Math.max(...expected.map(Math.abs)));
});

test('older configs: a side alone, and order by color', () => {
  expect(imageInputFrom({ size: 224, image_mean: [0.5], image_std: [0.5] })).toEqual({
    resize: [224, 224],
    scale: 1,
    mean: [0.5],
    std: [0.5],
  });
  expect(
    imageInputFrom({ size: 224, do_center_crop: true, crop_size: 200, do_flip_channel_order: true }),
  ).toEqual({
    resize: 224,
    crop: [200, 200],
    scale: 255,
    order: 'bgr',
  });
  expect(imageInputFrom({ size: { shortest_edge: 384 }, crop_pct: 0.9, do_rescale: true })).toEqual({
    resize: [384, 384],
    scale: 1,
  });
});

test('timm', () =>
  expect(
    imageInputFromTimm({
      input_size: [3, 224, 224],
      crop_pct: 0.9,
      mean: [0.5],
      std: [0.5],
      interpolation: 'bilinear',
    }),
  ).toEqual({ resize: 248, crop: [224, 224], filter: 'bilinear', mean: [0.5], std: [0.5] }));

test('entries that make no sense are refused by name', () => {
  for (const [config, message] of [
    [{ size: 'large' }, 'size is "large"; expected a list of numbers'],
    [{ size: { shortest_edge: '9' } }, 'size is "9"; expected a number'],
    [{ image_mean: [] }, 'image_mean is []; expected a list of numbers'],
    [{ resample: 9 }, 'resample is 9; expected a number from 0 to 4'],
    [{ do_rescale: true, rescale_factor: null, size: { height: 3 } }, 'size is undefined; expected a number'],
  ] as const)
    expect(() => imageInputFrom(config)).toThrow(`preprocessor_config.json: ${message}`);
  const net = nn.network(nn.relu('y'), { inputs: { image: ['n', 3, 2, 2] }, image: { resize: [0, 4] } });
  expect(() => new Model('net', net).imageInput).toThrow(`metadata ${IMAGE_KEY} makes no sense`);
});
