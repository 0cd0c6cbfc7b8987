/** `#platform/pictures` in Node: PNG, JPEG, WebP, GIF, AVIF and TIFF → pixels, by sharp. */
import type { Pixels } from '../png.ts';

/**
 * @param side height and width to scale to; what is longer than the other side is cut off around the middle
 * @throws the decoder's own error on bytes that are no picture, or are cut short
 */
export async function decodePicture(bytes: Uint8Array, side?: readonly [number, number]): Promise<Pixels> {
  const { default: sharp } = await import('sharp');
  // a camera's turned picture is turned back; a truncated one is an error, not half grey
  let picture = sharp(bytes, { failOn: 'truncated' }).rotate().toColourspace('srgb');
  if (side) picture = picture.resize({ height: side[0], width: side[1], fit: 'cover' });
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 2) return { width, height, channels: channels as 1 | 3 | 4, data: new Uint8Array(data) };
  // grey with alpha → RGBA
  const wide = new Uint8Array(4 * width * height);
  for (let i = 0; i < width * height; i++)
    wide.set([data[2 * i], data[2 * i], data[2 * i], data[2 * i + 1]], 4 * i);
  return { width, height, channels: 4, data: wide };
}
