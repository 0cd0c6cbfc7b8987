/** The activation curve: how strongly the network responded, step by step. Small under a picture, large in the zoom. */
import { el, svg } from './dom.ts';
import { footWords, levelLines } from './grid-lines.ts';
import '../../style/curve.css';

export interface Curve {
  steps: number[];
  curve: number[];
  /** Steps asked for: the curve grows towards the right edge while it runs. */
  total: number;
}

type Point = [step: number, value: number];

/** The recorded points that are numbers; JSON turns NaN and infinities into null. */
export const pointsOf = ({ steps, curve }: Curve): Point[] =>
  curve.map((value, i): Point => [steps[i], value]).filter(point => point.every(Number.isFinite));

const isPlain = (value: number): boolean => value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5);

/** Three digits: `12.4`, `14.0`, `0.310`, `1.2e+6`. */
export const short = (value: number): string =>
  !isPlain(value)
    ? value.toExponential(1)
    : Math.abs(value) >= 1000
      ? value.toFixed(0)
      : value.toPrecision(3);

/** A round number at an axis. */
const tickText = (value: number): string => (isPlain(value) ? String(value) : value.toExponential());

interface Scale {
  x: (step: number) => number;
  y: (value: number) => number;
}

function scaleOf(
  points: Point[],
  total: number,
  box: { left: number; right: number; top: number; bottom: number },
) {
  const values = points.map(point => point[1]);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const last = Math.max(total, points.at(-1)?.[0] ?? 0, 1);
  const span = high - low || Math.abs(high) || 1;
  const scale: Scale = {
    x: step => box.left + (step / last) * (box.right - box.left),
    y: value => box.bottom - ((value - low) / span) * (box.bottom - box.top),
  };
  return { scale, low, high, last, span };
}

const round = (value: number): number => Math.round(value * 100) / 100;

const line = (points: Point[], { x, y }: Scale): string =>
  points.map(([step, value], i) => `${i ? 'L' : 'M'}${round(x(step))} ${round(y(value))}`).join('');

/** Line and the area under it, down to `floor`. */
function shapes(points: Point[], scale: Scale, floor: number): { line: string; area: string } {
  if (points.length < 2) return { line: '', area: '' };
  const path = line(points, scale);
  const [first, last] = [points[0], points.at(-1)!];
  return {
    line: path,
    area: `${path}L${round(scale.x(last[0]))} ${floor}L${round(scale.x(first[0]))} ${floor}Z`,
  };
}

/** The small form: no axes, stretched to its box; decoration, since the value is written beside it. */
export class Sparkline {
  private readonly area = svg('path', { class: 'nb-curve-area' });
  private readonly line = svg('path', { class: 'nb-curve-line' });
  readonly node = svg(
    'svg',
    { class: 'nb-Sparkline', viewBox: '0 0 100 24', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    this.area,
    this.line,
  );

  update(curve: Curve): void {
    const points = pointsOf(curve);
    const { scale } = scaleOf(points, curve.total, { left: 0, right: 100, top: 2, bottom: 22 });
    const { line, area } = shapes(points, scale, 24);
    this.line.setAttribute('d', line);
    this.area.setAttribute('d', area);
  }
}

/** About `count` round numbers from `low` to `high`. */
export function ticks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find(multiple => multiple * power >= 0.75 * rough) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from(
    { length: Math.floor(high / step) - first + 1 },
    (_, i) => +((first + i) * step).toPrecision(12),
  );
}

/** The large form, with axes. `describe` says in words what it shows. */
export function curveChart(curve: Curve, names: { x: string; y: string; describe: string }): HTMLElement {
  const width = 400;
  const box = { left: 40, right: width - 8, top: 26, bottom: 192 };
  const points = pointsOf(curve);
  const figure = el('div', { class: 'nb-CurveChart' });
  if (points.length < 2) return figure;
  const { scale, low, high, last } = scaleOf(points, curve.total, box);
  const paths = shapes(points, scale, box.bottom);
  const [endStep, endValue] = points.at(-1)!;
  figure.append(
    svg(
      'svg',
      { viewBox: `0 0 ${width} 228`, role: 'img', 'aria-label': names.describe },
      svg('text', { x: 0, y: 12 }, names.y),
      ...levelLines(ticks(low, high, 4), scale.y, box, tickText),
      ...footWords(
        ticks(0, last, 4).map(step => ({ at: scale.x(step), text: String(step) })),
        box.bottom + 17,
      ),
      svg('text', { x: (box.left + box.right) / 2, y: box.bottom + 34, 'text-anchor': 'middle' }, names.x),
      svg('line', { class: 'nb-axis-line', x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
      svg('path', { class: 'nb-curve-area', d: paths.area }),
      svg('path', { class: 'nb-curve-line', d: paths.line }),
      svg('circle', { class: 'nb-curve-end', cx: scale.x(endStep), cy: scale.y(endValue), r: 3 }),
    ),
  );
  return figure;
}
