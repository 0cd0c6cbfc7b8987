/** A figure as a small static SVG: what readers see on GitHub, in nbconvert and in an untrusted notebook. */
import { eachCell, envelope } from '../drawings/detail.ts';
import { element, label, picture, type Attributes } from '../svg.ts';
import { drawCells } from './cells.ts';
import { colorOf, grid, ink, shade } from './colors.ts';
import { describe } from './describe.ts';
import { extentsOf } from './extents.ts';
import type { Figure, Layer } from './figure.ts';
import { extentOf, formatTick, niceTicks, scaleOf, type Scale } from './scale.ts';

interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export function toSvg(figure: Figure): string {
  const { width, title, layers } = figure;
  const extents = extentsOf(figure);
  const frame = frameOf(figure, extents.y);
  // square cells take the height that their width gives them
  const height = figure.square ? squareHeight(figure, frame) : figure.height;
  if (figure.square) frame.bottom = height - (figure.height - frame.bottom);
  const x = scaleOf(figure.x, extents.x, [frame.left, frame.right]);
  const y = scaleOf(figure.y, extents.y, [frame.bottom, frame.top]);
  const parts = [
    ...(title ? [label(frame.left, 20, title, { 'font-size': 15, 'font-weight': 600 })] : []),
    ...axes(figure, x, y, frame, height),
    ...layers.flatMap((layer, i) => draw(layer, x, y, i, frame)),
    ...legend(figure, frame),
  ];
  return picture({ width, height, alt: describe(figure), fill: ink }, parts);
}

/** A row of names above a chart, in pixels, and how many there are at most. */
const ROW = 18;
const ROWS = 6;

function frameOf(figure: Figure, extentY: readonly [number, number]): Frame {
  const { width, height, title, x, y, layers } = figure;
  const bar = layers.some(layer => layer.type === 'cells' || (layer.type === 'points' && layer.values));
  const texts = scaleOf(y, extentY, [height, 0]).ticks.map(({ text }) => text);
  const widest = Math.max(2, ...texts.map(text => clip(text).length));
  const left = 14 + widest * 6.6 + (y.label ? 20 : 0);
  const last = entriesOf(figure, left).at(-1);
  return {
    left,
    right: width - (bar ? 76 : 16),
    top: 12 + (title ? 24 : 0) + (last ? 22 + last.row * ROW : 0),
    bottom: height - 26 - (x.label ? 18 : 0) - (slanted(figure) ? 44 : 0),
  };
}

function squareHeight({ layers, height }: Figure, { left, right, top, bottom }: Frame): number {
  const [cells] = layers;
  if (cells?.type !== 'cells') return height;
  const wanted = ((right - left) * cells.z.length) / Math.max(1, cells.z[0]?.length ?? 1);
  return Math.round(top + Math.min(wanted, 640) + (height - bottom));
}

/** Names that would run into each other stand aslant. */
const slanted = ({ x, width }: Figure): boolean =>
  !!x.categories &&
  Math.max(...x.categories.map(name => clip(name).length)) * 6.6 + 6 > (width - 80) / x.categories.length;

const clip = (text: string, most = 16): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function axes(figure: Figure, x: Scale, y: Scale, frame: Frame, height: number): string[] {
  const { left, right, top, bottom } = frame;
  const lines = (ticks: Scale['ticks'], line: (at: number) => Attributes) =>
    ticks.map(({ at }) => element('line', { ...line(at), stroke: grid }));
  const tilt = slanted(figure);
  const cells = figure.layers.some(layer => layer.type === 'cells');
  return [
    ...(figure.x.categories || cells
      ? []
      : lines(x.ticks, at => ({ x1: x(at), x2: x(at), y1: top, y2: bottom }))),
    ...(figure.y.categories || cells
      ? []
      : lines(y.ticks, at => ({ x1: left, x2: right, y1: y(at), y2: y(at) }))),
    ...x.ticks.map(({ at, text }) =>
      tilt
        ? label(x(at), bottom + 12, clip(text), {
            'text-anchor': 'end',
            transform: `rotate(-40 ${x(at).toFixed(1)} ${bottom + 12})`,
          })
        : label(x(at), bottom + 17, clip(text), { 'text-anchor': 'middle' }),
    ),
    ...y.ticks.map(({ at, text }) => label(left - 7, y(at) + 4, clip(text), { 'text-anchor': 'end' })),
    ...(figure.x.label
      ? [label((left + right) / 2, height - 8, figure.x.label, { 'text-anchor': 'middle' })]
      : []),
    ...(figure.y.label
      ? [
          label(14, (top + bottom) / 2, figure.y.label, {
            'text-anchor': 'middle',
            transform: `rotate(-90 14 ${(top + bottom) / 2})`,
          }),
        ]
      : []),
  ];
}

function draw(layer: Layer, x: Scale, y: Scale, index: number, frame: Frame): string[] {
  const color = colorOf(index);
  switch (layer.type) {
    case 'line': {
      const marks = layer.markers ? layer.x.map((value, i) => dot(x(value), y(layer.y[i]), 2.5, color)) : [];
      return [
        element('path', {
          d: pathOf(layer.x, layer.y, x, y),
          fill: 'none',
          stroke: color,
          'stroke-width': 1.8,
        }),
        ...marks,
      ];
    }
    case 'points': {
      const { values } = layer;
      if (!values) return dots(layer, x, y, frame, () => color, 0.8);
      const range = extentOf(values);
      // of many, few colours: those of one are one path
      const steps = layer.x.length > MANY ? 63 : 255;
      const share = (i: number) => {
        const at = (values[i] - range[0]) / (range[1] - range[0] || 1);
        return Number.isFinite(at) ? Math.round(at * steps) / steps : 0;
      };
      return [
        ...dots(layer, x, y, frame, i => shade(share(i), 'sequential')),
        ...colorBar('sequential', range, frame),
      ];
    }
    case 'bars':
      return layer.x.map((value, i) => {
        const [from, to] = [x(value - layer.width / 2), x(value + layer.width / 2)];
        const [zero, tip] = [Math.min(frame.bottom, y(0)), y(layer.y[i])];
        if (!Number.isFinite(tip)) return '';
        return element('rect', {
          x: from,
          y: Math.min(zero, tip),
          width: Math.max(0.5, to - from),
          height: Math.abs(zero - tip),
          fill: color,
        });
      });
    case 'cells':
      return [...drawCells(layer, x, y), ...colorBar(layer.scale, layer.range, frame)];
  }
}

/** Dots of a picture that are drawn one by one; of more, one for each few pixels. */
const MANY = 5000;

function dots(
  { x: xs, y: ys, size }: { x: readonly number[]; y: readonly number[]; size: number },
  x: Scale,
  y: Scale,
  { left, right, top, bottom }: Frame,
  fill: (index: number) => string,
  opacity?: number,
): string[] {
  if (xs.length <= MANY) return xs.map((value, i) => dot(x(value), y(ys[i]), size / 2, fill(i), opacity));
  const [px, py] = [Float64Array.from(xs, x), Float64Array.from(ys, y)];
  const window = { x: [left - size, right + size], y: [top - size, bottom + size] } as const;
  const side = Math.max(2, size * 0.6);
  // points of no length with round ends, in one path for each colour: a tenth of the text that circles take
  const paths = new Map<string, string[]>();
  eachCell(px, py, window, { width: side, height: side }, i => {
    const stroke = fill(i);
    if (!paths.has(stroke)) paths.set(stroke, []);
    paths.get(stroke)!.push(`M${px[i].toFixed(1)} ${py[i].toFixed(1)}h0`);
  });
  const look = { fill: 'none', 'stroke-width': size, 'stroke-linecap': 'round', 'stroke-opacity': opacity };
  return [...paths].map(([stroke, d]) => element('path', { d: d.join(''), stroke, ...look }));
}

const dot = (cx: number, cy: number, r: number, fill: string, opacity?: number): string =>
  Number.isFinite(cx + cy) ? element('circle', { cx, cy, r, fill, 'fill-opacity': opacity }) : '';

/** Gaps where values are missing; a long line is thinned to the least and greatest of each pixel column. */
function pathOf(xs: readonly number[], ys: readonly number[], x: Scale, y: Scale): string {
  let pen = false;
  let path = '';
  for (const i of envelope(ys, 0, ys.length, 1000)) {
    const [px, py] = [x(xs[i]), y(ys[i])];
    const drawn = Number.isFinite(px + py);
    if (drawn) path += `${pen ? 'L' : 'M'}${px.toFixed(1)} ${py.toFixed(1)}`;
    pen = drawn;
  }
  return path;
}

function colorBar(
  scale: 'sequential' | 'diverging',
  [low, high]: readonly [number, number],
  { right, top, bottom }: Frame,
): string[] {
  const steps = 24;
  const height = (bottom - top) / steps;
  const at = (value: number) => bottom - ((value - low) / (high - low || 1)) * (bottom - top);
  return [
    ...Array.from({ length: steps }, (_, i) =>
      element('rect', {
        x: right + 14,
        y: bottom - (i + 1) * height,
        width: 12,
        height: height + 0.4,
        fill: shade((i + 0.5) / steps, scale),
      }),
    ),
    ...niceTicks(low, high, 4).map(value => label(right + 31, at(value) + 4, formatTick(value))),
  ];
}

interface Entry {
  name: string;
  /** The layer that it names. */
  layer: number;
  x: number;
  row: number;
}

/** Names side by side, in as many rows as they need; of very many the first. */
function entriesOf({ layers, width }: Figure, left: number): Entry[] {
  let [x, row] = [left, 0];
  return layers.flatMap((layer, i) => {
    if (layer.type === 'cells' || layer.name === undefined) return [];
    const name = clip(layer.name, 40);
    const room = 24 + name.length * 7;
    if (x > left && x + room > width) [x, row] = [left, row + 1];
    const entry = { name, layer: i, x, row };
    x += room + 12;
    return row < ROWS ? [entry] : [];
  });
}

function legend(figure: Figure, { left, top }: Frame): string[] {
  const entries = entriesOf(figure, left);
  return entries.flatMap(({ name, layer, x, row }) => {
    const y = top - 12 - (entries.at(-1)!.row - row) * ROW;
    return [
      element('rect', { x, y: y - 7, width: 14, height: 4, rx: 2, fill: colorOf(layer) }),
      label(x + 19, y, name),
    ];
  });
}
