/** Activations over the picture that caused them: the picture grey beneath, the colour of a scale above. */
import type { Pixels } from '../base/png.ts';
import { heat } from './heat.ts';
import type { ColorScale } from './plot/figure.ts';

export interface Map2d {
  data: ArrayLike<number>;
  offset: number;
  width: number;
  height: number;
}

/** @param share how much of the colour is seen, 0 … 1 */
export function overlay(
  picture: Pixels,
  map: Map2d,
  range: readonly [number, number],
  scale: ColorScale,
  share = 0.85,
): Pixels {
  const colours = heat(map.data, map, range, scale, true);
  const { width, height, channels } = picture;
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * channels;
      const grey =
        channels < 3
          ? picture.data[at]
          : 0.3 * picture.data[at] + 0.59 * picture.data[at + 1] + 0.11 * picture.data[at + 2];
      const row = Math.floor((y * map.height) / height);
      const from = 4 * (row * map.width + Math.floor((x * map.width) / width));
      const seen = (share * colours.data[from + 3]) / 255;
      for (let c = 0; c < 3; c++)
        data[4 * (y * width + x) + c] = Math.round(grey * (1 - seen) + colours.data[from + c] * seen);
      data[4 * (y * width + x) + 3] = 255;
    }
  return { width, height, channels: 4, data };
}
