/**
 * Pictures with labels in one PNG: what a grid looks like where no extension draws it, on GitHub above all.
 * The background is transparent and the lettering mid-grey, so that it reads on white and on black.
 */
import type { Pixels } from '../base/png.ts';
import { glyphs } from './glyphs.ts';

export interface Tile {
  readonly pixels: Pixels;
  readonly label: string;
}

const gap = 12;
const lettering = { scale: 2, height: 24, grey: 128 };

/** Rows of equal tiles, each at least `least` pixels wide, about twice as many columns as rows. */
export function sheet(
  tiles: readonly Tile[],
  { columns = Math.ceil(Math.sqrt(tiles.length * 2)), least = 144 } = {},
): Pixels {
  const zoom = Math.max(1, Math.round(least / tiles[0].pixels.width));
  const tileWidth = tiles[0].pixels.width * zoom;
  const tileHeight = tiles[0].pixels.height * zoom;
  const across = Math.min(columns, tiles.length);
  const width = across * (tileWidth + gap) - gap;
  const height = Math.ceil(tiles.length / across) * (tileHeight + lettering.height + gap) - gap;
  const canvas: Pixels = { width, height, channels: 4, data: new Uint8Array(width * height * 4) };
  tiles.forEach(({ pixels, label }, i) => {
    const left = (i % across) * (tileWidth + gap);
    const top = Math.floor(i / across) * (tileHeight + lettering.height + gap);
    drawEnlarged(canvas, pixels, left, top, zoom);
    drawText(canvas, label, left, top + tileHeight + 6, tileWidth);
  });
  return canvas;
}

/** Bilinear enlargement: feature pictures are smooth, and blocks would read as detail. */
function drawEnlarged(
  canvas: Pixels,
  { width, height, channels, data }: Pixels,
  left: number,
  top: number,
  zoom: number,
): void {
  const clamp = (value: number, most: number) => Math.min(most, Math.max(0, value));
  for (let y = 0; y < height * zoom; y++) {
    const sourceY = clamp((y + 0.5) / zoom - 0.5, height - 1);
    const [y0, v] = [Math.floor(sourceY), sourceY % 1];
    const y1 = Math.min(y0 + 1, height - 1);
    for (let x = 0; x < width * zoom; x++) {
      const sourceX = clamp((x + 0.5) / zoom - 0.5, width - 1);
      const [x0, u] = [Math.floor(sourceX), sourceX % 1];
      const x1 = Math.min(x0 + 1, width - 1);
      const to = ((top + y) * canvas.width + left + x) * 4;
      for (let c = 0; c < 3; c++) {
        const at = (row: number, column: number) =>
          data[(row * width + column) * channels + (channels >= 3 ? c : 0)];
        const upper = at(y0, x0) * (1 - u) + at(y0, x1) * u;
        const lower = at(y1, x0) * (1 - u) + at(y1, x1) * u;
        canvas.data[to + c] = Math.round(upper * (1 - v) + lower * v);
      }
      canvas.data[to + 3] = 255;
    }
  }
}

/** Left-aligned, cut where the room ends. */
function drawText(canvas: Pixels, text: string, left: number, top: number, room: number): void {
  const { scale, grey } = lettering;
  const advance = 6 * scale;
  const fitting = text.slice(0, Math.floor(room / advance)).toLowerCase();
  [...fitting].forEach((char, i) => {
    (glyphs[char] ?? glyphs['?']).forEach((column, dx) => {
      for (let dy = 0; dy < 8; dy++) {
        if (!((column >> dy) & 1)) continue;
        for (let p = 0; p < scale * scale; p++) {
          const x = left + i * advance + dx * scale + (p % scale);
          const y = top + dy * scale + Math.floor(p / scale);
          const to = (y * canvas.width + x) * 4;
          canvas.data.set([grey, grey, grey, 255], to);
        }
      }
    });
  });
}
