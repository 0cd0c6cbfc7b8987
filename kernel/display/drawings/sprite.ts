/** Many small pictures in one large: side by side in a sprite sheet, or each at a place of its own. */
import type { Pixels } from '../../base/png.ts';

/** One pixel of a tile as red, green, blue. */
const channel = ({ channels, data }: Pixels, pixel: number, c: number): number =>
  data[pixel * channels + (channels >= 3 ? c : 0)];

/** Rows of `columns` tiles, all of the size of the first. */
export function spriteOf(tiles: readonly Pixels[], columns: number): Pixels {
  const { width, height } = tiles[0];
  const sheet: Pixels = {
    width: width * Math.min(columns, tiles.length),
    height: height * Math.ceil(tiles.length / columns),
    channels: 3,
    data: new Uint8Array(),
  };
  sheet.data = new Uint8Array(sheet.width * sheet.height * 3);
  tiles.forEach((tile, i) => {
    const [left, top] = [(i % columns) * width, Math.floor(i / columns) * height];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < 3; c++)
          sheet.data[((top + y) * sheet.width + left + x) * 3 + c] = channel(tile, y * width + x, c);
  });
  return sheet;
}

/** How far apart a few tiles may stand, in their own widths: an atlas of n tiles is this many times √n wide. */
export const LOOSE = 1.7;

/** @param places tiles × (x, y), in 0 … 1 */
export function spread(tiles: readonly Pixels[], places: ArrayLike<number>, side = 720): Pixels {
  const across = LOOSE * Math.sqrt(tiles.length) + 1;
  const size = Math.max(4, Math.floor(side / across));
  const canvas: Pixels = { width: side, height: side, channels: 4, data: new Uint8Array(side * side * 4) };
  tiles.forEach((tile, i) => {
    const left = Math.round(places[2 * i] * (side - size));
    const top = Math.round(places[2 * i + 1] * (side - size));
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const row = Math.floor((y * tile.height) / size);
        const from = row * tile.width + Math.floor((x * tile.width) / size);
        const to = ((top + y) * side + left + x) * 4;
        for (let c = 0; c < 3; c++) canvas.data[to + c] = channel(tile, from, c);
        canvas.data[to + 3] = 255;
      }
  });
  return canvas;
}
