/** Histograms of layers one above another, each over its own line: the page and the saved picture draw them alike. */
import { ink, series } from '../plot/colors.ts';
import { formatTick, niceTicks } from '../plot/scale.ts';
import { element, label, picture } from '../svg.ts';

export interface Ridges {
  title: string;
  unit: string;
  /** Names from the input up. */
  layers: string[];
  /** What else is known of each layer, such as its share of zeros. */
  notes: string[];
  /** Both ends of the values that are counted. */
  range: [number, number];
}

const look = { left: 120, right: 16, width: 640, row: 34, rise: 56, foot: 40 };

export interface RidgeLayout {
  width: number;
  height: number;
  left: number;
  right: number;
  /** Where each layer's line is, from the input up: the input is lowest. */
  base: number[];
  /** Of a value. */
  x(value: number): number;
  ticks: { at: number; text: string }[];
}

export function layOutRidges({ layers, range }: Ridges): RidgeLayout {
  const [low, high] = range;
  const right = look.width - look.right;
  const x = (value: number) => look.left + ((value - low) / (high - low || 1)) * (right - look.left);
  return {
    width: look.width,
    height: look.rise + layers.length * look.row + look.foot,
    left: look.left,
    right,
    base: layers.map((_, l) => look.rise + (layers.length - l) * look.row),
    x,
    ticks: niceTicks(low, high, 6).map(value => ({ at: x(value), text: formatTick(value) })),
  };
}

/** The outline of one layer's counts over its line; as high as its largest bin, in counts or their logarithm. */
export function ridgePath(
  counts: ArrayLike<number>,
  layout: RidgeLayout,
  base: number,
  log: boolean,
): string {
  const rise = (count: number) => (log ? Math.log1p(Math.max(0, count)) : Math.max(0, count));
  let most = 0;
  for (let b = 0; b < counts.length; b++) most = Math.max(most, rise(counts[b]));
  const step = (layout.right - layout.left) / counts.length;
  const round = (value: number) => Math.round(value * 10) / 10;
  const points = Array.from(
    counts,
    (count, b) =>
      `${round(layout.left + (b + 0.5) * step)} ${round(base - (most > 0 ? (rise(count) / most) * look.rise : 0))}`,
  );
  return `M${layout.left} ${base}L${points.join('L')}L${layout.right} ${base}Z`;
}

export const clipName = (name: string): string => (name.length > 18 ? `${name.slice(0, 17)}…` : name);

export function ridgesSvg(ridges: Ridges, counts: (layer: number) => ArrayLike<number>): string {
  const layout = layOutRidges(ridges);
  const top = ridges.title ? 24 : 0;
  const foot = layout.height - look.foot + 14 + top;
  const order = [...ridges.layers.keys()].reverse();
  return picture(
    {
      width: layout.width,
      height: layout.height + top,
      alt: `${ridges.title || 'histograms'}: ${ridges.layers.length} layers by ${ridges.unit}`,
      fill: ink,
    },
    [
      ...(ridges.title ? [label(8, 20, ridges.title, { 'font-size': 15, 'font-weight': 600 })] : []),
      ...order.flatMap(l => [
        element('path', {
          d: ridgePath(counts(l), layout, layout.base[l] + top, false),
          fill: series[0],
          'fill-opacity': 0.45,
          stroke: series[0],
        }),
        label(layout.left - 8, layout.base[l] - 2 + top, clipName(ridges.layers[l]), {
          'text-anchor': 'end',
        }),
      ]),
      ...layout.ticks.map(({ at, text }) =>
        label(at, foot, text, { 'text-anchor': 'middle', 'font-size': 11 }),
      ),
      label((layout.left + layout.right) / 2, foot + 18, ridges.unit, { 'text-anchor': 'middle' }),
    ],
  );
}
