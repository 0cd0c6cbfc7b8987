/** Numbers as a picture: channels first or last, scaled to what they span, small ones enlarged without blur. */
import { toBase64 } from '../../base/base64.ts';
import { ShapeError } from '../../base/errors.ts';
import { encodePng, type Pixels } from '../../base/png.ts';
import { formatDims } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import { mime } from '../display.ts';
import type { Displayable } from '../bundle.ts';
import { formatTick } from './scale.ts';

export interface ImageOptions {
  title?: string;
  /** The values that become black and white; what the picture spans, unless it lies within 0 to 1 or 0 to 255. */
  range?: readonly [number, number];
  /** The shorter side is at least this many pixels. */
  least?: number;
}

/**
 * A picture from a tensor of height × width, channels × height × width or height × width × channels.
 * @example plot.image(image, { title: 'a texture' })
 */
export function image(
  picture: Tensor | Pixels,
  { title = 'picture', range, least = 160 }: ImageOptions = {},
): Displayable {
  const pixels = pixelsOf(picture, range);
  const zoom = Math.max(1, Math.ceil(least / Math.min(pixels.width, pixels.height)));
  const png = toBase64(encodePng(enlarged(pixels, zoom)));
  const text = `${title}: ${pixels.width}×${pixels.height} pixels${'dims' in picture ? `, ${spanText(picture)}` : ''}`;
  return mime({ 'image/png': png, 'text/plain': text });
}

/** A picture as pixels; values between black and white, which are what it spans where not given. */
export const pixelsOf = (picture: Tensor | Pixels, range?: readonly [number, number]): Pixels =>
  'channels' in picture ? picture : toPixels(picture, range);

function toPixels(tensor: Tensor, range: readonly [number, number] | undefined): Pixels {
  const dims = [...tensor.dims];
  while (dims.length > 3 && dims[0] === 1) dims.shift();
  if (dims.length === 2) dims.unshift(1);
  // 1×H×3 is a row of colours rather than a grey picture three pixels wide
  const first = dims.length === 3 && isChannels(dims[0]) && !(dims[0] === 1 && dims[2] >= 3 && dims[2] <= 4);
  if (dims.length !== 3 || !(first || isChannels(dims[2])))
    throw new ShapeError(
      `no picture: a tensor of ${formatDims(tensor.dims)}; expected height×width, or with 1, 3 or 4 channels first or last`,
    );
  const [channels, height, width] = first ? dims : [dims[2], dims[0], dims[1]];
  const values = tensor.toFloat32OrWider();
  const [black, white] = range ?? naturalRange(values, tensor.dtype === 'uint8');
  const data = new Uint8Array(values.length);
  const size = height * width;
  for (let i = 0; i < size; i++)
    for (let c = 0; c < channels; c++) {
      const value = values[first ? c * size + i : i * channels + c];
      data[i * channels + c] = Math.round(
        Math.min(1, Math.max(0, (value - black) / (white - black || 1))) * 255,
      );
    }
  return { width, height, channels: channels as 1 | 3 | 4, data };
}

const isChannels = (size: number): boolean => size === 1 || size === 3 || size === 4;

function naturalRange(values: ArrayLike<number>, bytes: boolean): readonly [number, number] {
  if (bytes) return [0, 255];
  const [low, high] = spanOf(values);
  if (low >= 0 && high <= 1) return [0, 1];
  return low >= 0 && high > 1 && high <= 255 && Number.isInteger(high) ? [0, 255] : [low, high];
}

function spanOf(values: ArrayLike<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return [low, high];
}

const spanText = (tensor: Tensor): string => {
  const [low, high] = spanOf(tensor.toFloat32OrWider());
  return `values ${formatTick(+low.toPrecision(4))} to ${formatTick(+high.toPrecision(4))}`;
};

function enlarged({ width, height, channels, data }: Pixels, zoom: number): Pixels {
  if (zoom === 1) return { width, height, channels, data };
  const large = new Uint8Array(data.length * zoom * zoom);
  for (let y = 0; y < height * zoom; y++)
    for (let x = 0; x < width * zoom; x++) {
      const from = (Math.floor(y / zoom) * width + Math.floor(x / zoom)) * channels;
      large.set(data.subarray(from, from + channels), (y * width * zoom + x) * channels);
    }
  return { width: width * zoom, height: height * zoom, channels, data: large };
}
