/** The cells of a heatmap in an SVG. */
import { toBase64 } from '../../base/base64.ts';
import { encodePng } from '../../base/png-encode.ts';
import { element } from '../svg.ts';
import { rgbOf, shade } from './colors.ts';
import type { Layer } from './figure.ts';
import type { Scale } from './scale.ts';

type Cells = Extract<Layer, { type: 'cells' }>;
/** More cells than this are one picture: a rectangle of its own takes a hundred letters, a pixel one or two. */
const MOST_CELLS = 48;

const shareOf = ({ range: [low, high] }: Cells, value: number): number => (value - low) / (high - low || 1);

export const drawCells = (cells: Cells, x: Scale, y: Scale): string[] =>
  (cells.z.flat().length > MOST_CELLS ? pixels : rectangles)(cells, x, y);

const rectangles = (cells: Cells, x: Scale, y: Scale): string[] =>
  cells.z.flatMap((row, i) =>
    row.map((value, j) =>
      Number.isFinite(value)
        ? element('rect', {
            x: x(j - 0.5),
            y: Math.min(y(i - 0.5), y(i + 0.5)),
            // a hair wider, so that no seams show between cells
            width: x(j + 0.5) - x(j - 0.5) + 0.3,
            height: Math.abs(y(i + 0.5) - y(i - 0.5)) + 0.3,
            fill: shade(shareOf(cells, value), cells.scale),
            'shape-rendering': 'crispEdges',
          })
        : '',
    ),
  );

/** A pixel for each cell, none where its value is missing. */
function pixels(cells: Cells, x: Scale, y: Scale): string[] {
  const [height, width] = [cells.z.length, cells.z[0].length];
  const [first, last] = [y(-0.5), y(height - 0.5)];
  const rows = first < last ? cells.z : cells.z.toReversed();
  const data = Uint8Array.from(
    rows.flatMap(row =>
      row.flatMap(value =>
        Number.isFinite(value) ? [...rgbOf(shareOf(cells, value), cells.scale), 255] : [0, 0, 0, 0],
      ),
    ),
  );
  return [
    element('image', {
      x: x(-0.5),
      y: Math.min(first, last),
      width: x(width - 0.5) - x(-0.5),
      height: Math.abs(last - first),
      href: `data:image/png;base64,${toBase64(encodePng({ width, height, channels: 4, data }))}`,
      preserveAspectRatio: 'none',
      style: 'image-rendering: pixelated',
    }),
  ];
}
