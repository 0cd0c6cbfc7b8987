/** Pixels ↔ PNG bytes. */
import { decode } from 'fast-png';

export { encodePng } from './png-encode.ts';

/** Channels last, 8 bits each: 1 grey, 3 RGB, 4 RGBA. */
export interface Pixels {
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  data: Uint8Array;
}

/** Sixteen-bit and palette pictures come back as 8-bit grey, RGB or RGBA. */
export function decodePng(bytes: Uint8Array): Pixels {
  const png = decode(bytes);
  const { width, height } = png;
  if (png.palette) {
    const entries = png.palette;
    const channels = entries[0].length === 4 ? 4 : 3;
    const data = new Uint8Array(width * height * channels);
    for (let i = 0; i < width * height; i++) data.set(entries[png.data[i]], i * channels);
    return { width, height, channels, data };
  }
  const eight =
    png.depth === 16
      ? Uint8Array.from(png.data as Uint16Array, value => value >> 8)
      : Uint8Array.from(png.data);
  if (png.channels !== 2) return { width, height, channels: png.channels as 1 | 3 | 4, data: eight };
  // grey with alpha → RGBA
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < width * height; i++)
    data.set([eight[2 * i], eight[2 * i], eight[2 * i], eight[2 * i + 1]], 4 * i);
  return { width, height, channels: 4, data };
}
