/** Numbers as pixels: a matrix drawn in a colour scale, one pixel a number. */
import type { Pixels } from '../base/png.ts';
import { stops } from './plot/colors.ts';
import type { ColorScale } from './plot/figure.ts';

const tables = new Map<ColorScale, Uint8Array>();

/** 256 colours of a scale, RGB, from its least to its greatest. */
export function colorTable(scale: ColorScale): Uint8Array {
  const known = tables.get(scale);
  if (known) return known;
  const list = stops[scale];
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (list.length - 1);
    const low = Math.min(list.length - 2, Math.floor(at));
    list[low].forEach(
      (from, c) => (table[3 * i + c] = Math.round(from + (list[low + 1][c] - from) * (at - low))),
    );
  }
  tables.set(scale, table);
  return table;
}

/**
 * @param data row-major `height`×`width` from `offset` on; what is no number stays transparent
 * @param fade what is near zero is nearly transparent too, to be laid over a picture
 */
export function heat(
  data: ArrayLike<number>,
  { width, height, offset = 0 }: { width: number; height: number; offset?: number },
  [low, high]: readonly [number, number],
  scale: ColorScale,
  fade = false,
): Pixels {
  const table = colorTable(scale);
  const pixels = new Uint8Array(width * height * 4);
  const reach = Math.max(Math.abs(low), Math.abs(high)) || 1;
  for (let i = 0; i < width * height; i++) {
    const value = data[offset + i];
    if (!Number.isFinite(value)) continue;
    const share = high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : 0;
    const color = 3 * Math.round(255 * share);
    pixels[4 * i] = table[color];
    pixels[4 * i + 1] = table[color + 1];
    pixels[4 * i + 2] = table[color + 2];
    pixels[4 * i + 3] = fade ? Math.round(255 * Math.min(1, Math.abs(value) / reach) ** 0.5) : 255;
  }
  return { width, height, channels: 4, data: pixels };
}

/**
 * A matrix made small enough for a picture: of each block of neighbours the one of largest magnitude stays, so that
 * a single bright number among a thousand dark ones is still seen.
 * @param most rows and columns of the result, at most
 */
export function thinned(
  data: ArrayLike<number>,
  { width, height, offset = 0 }: { width: number; height: number; offset?: number },
  most: number,
): { data: ArrayLike<number>; width: number; height: number; offset: number } {
  const block = Math.ceil(Math.max(width, height) / most);
  if (block <= 1) return { data, width, height, offset };
  const [columns, rows] = [Math.ceil(width / block), Math.ceil(height / block)];
  const kept = new Float32Array(rows * columns).fill(NaN);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const value = data[offset + y * width + x];
      const at = Math.floor(y / block) * columns + Math.floor(x / block);
      if (!(Math.abs(kept[at]) >= Math.abs(value))) kept[at] = value;
    }
  return { data: kept, width: columns, height: rows, offset: 0 };
}
