/**
 * Pictures between files, pixels and tensors: PNG → 1×3×H×W in [0, 1], and back.
 * `image` reads what a network is fed; `picture` makes bytes of what it saw.
 */
import { ShapeError } from '../base/errors.ts';
import { fromPixels } from '../base/pixels.ts';
import { decodePng, encodePng, type Pixels } from '../base/png.ts';
import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';

/** 3×H×W, 1×H×W, H×W or a batch of these, in [0, 1], as 8-bit pixels; `index` picks from a batch. */
export function toPixels(image: Tensor, { index = 0 }: { index?: number } = {}): Pixels {
  const single = image.dims.length === 4 ? image.at(index) : image;
  const dims = single.dims.length === 2 ? [1, ...single.dims] : single.dims;
  const [channels, height, width] = dims;
  if (dims.length !== 3 || ![1, 3, 4].includes(channels))
    throw new ShapeError(
      `not a picture: ${formatDims(image.dims)}; expected N×C×H×W, C×H×W or H×W with 1, 3 or 4 channels`,
    );
  const values = single.toFloat32OrWider();
  const area = width * height;
  const data = new Uint8Array(channels * area);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < area; i++) {
      const value = Math.round(values[c * area + i] * 255);
      data[i * channels + c] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  return { width, height, channels: channels as 1 | 3 | 4, data };
}

/**
 * A tensor in [0, 1] as PNG bytes.
 * @example await writeFile('seen.png', picture(image))
 */
export const picture = (image: Tensor, options: { index?: number } = {}): Uint8Array =>
  encodePng(toPixels(image, options));

/**
 * PNG bytes as float32 1×3×H×W in [0, 1].
 * @example fromPng(picture(image)).dims // → 1,3,48,48
 */
export const fromPng = (bytes: Uint8Array): Tensor => fromPixels(decodePng(bytes));
