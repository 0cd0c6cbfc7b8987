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
const lettering = { scale: 2, line: 18, grey: 128 };

/**
 * Rows of equal tiles, each at least `least` pixels wide, about twice as many columns as rows. Pictures are enlarged
 * smoothly, numbers (`smooth: false`) as squares.
 */
export function sheet(
  tiles: readonly Tile[],
  { columns = Math.ceil(Math.sqrt(tiles.length * 2)), least = 96, smooth = true } = {},
): Pixels {
  const zoom = Math.max(1, Math.round(least / tiles[0].pixels.width));
  const tileWidth = tiles[0].pixels.width * zoom;
  const tileHeight = tiles[0].pixels.height * zoom;
  const labels = tiles.map(({ label }) => wrap(label, Math.floor(tileWidth / (6 * lettering.scale))));
  const foot = Math.max(...labels.map(lines => lines.length)) * lettering.line + 6;
  const across = Math.min(columns, tiles.length);
  const width = across * (tileWidth + gap) - gap;
  const height = Math.ceil(tiles.length / across) * (tileHeight + foot + gap) - gap;
  const canvas: Pixels = { width, height, channels: 4, data: new Uint8Array(width * height * 4) };
  tiles.forEach(({ pixels }, i) => {
    const left = (i % across) * (tileWidth + gap);
    const top = Math.floor(i / across) * (tileHeight + foot + gap);
    (smooth ? drawEnlarged : drawSquares)(canvas, pixels, left, top, zoom);
    labels[i].forEach((line, k) => drawText(canvas, line, left, top + tileHeight + 6 + k * lettering.line));
  });
  return canvas;
}

/** At most two lines of at most `room` letters, broken between words where that fits. */
function wrap(label: string, room: number): string[] {
  const text = label.toLowerCase();
  if (text.length <= room) return text ? [text] : [];
  const space = text.lastIndexOf(' ', room);
  const cut = space > 0 ? space : room;
  return [text.slice(0, cut), text.slice(cut).trim().slice(0, room)];
}

/** Thirty-two levels of each colour: at this size no eye misses the rest, and files are much smaller. */
const level = (value: number): number => {
  const kept = Math.min(31, Math.round(value / 8.2));
  return (kept << 3) | (kept >> 2);
};

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
        canvas.data[to + c] = level(upper * (1 - v) + lower * v);
      }
      canvas.data[to + 3] = 255;
    }
  }
}

/** Each pixel a square of its exact colour. */
function drawSquares(
  canvas: Pixels,
  { width, height, channels, data }: Pixels,
  left: number,
  top: number,
  zoom: number,
): void {
  for (let y = 0; y < height * zoom; y++)
    for (let x = 0; x < width * zoom; x++) {
      const from = (Math.floor(y / zoom) * width + Math.floor(x / zoom)) * channels;
      const to = ((top + y) * canvas.width + left + x) * 4;
      for (let c = 0; c < 3; c++) canvas.data[to + c] = data[from + (channels >= 3 ? c : 0)];
      canvas.data[to + 3] = channels === 4 ? data[from + 3] : 255;
    }
}

function drawText(canvas: Pixels, text: string, left: number, top: number): void {
  const { scale, grey } = lettering;
  [...text].forEach((char, i) => {
    (glyphs[char] ?? glyphs['?']).forEach((column, dx) => {
      for (let dy = 0; dy < 8; dy++) {
        if (!((column >> dy) & 1)) continue;
        for (let p = 0; p < scale * scale; p++) {
          const x = left + (6 * i + dx) * scale + (p % scale);
          const y = top + dy * scale + Math.floor(p / scale);
          canvas.data.set([grey, grey, grey, 255], (y * canvas.width + x) * 4);
        }
      }
    });
  });
}
