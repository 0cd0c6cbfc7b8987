/** The chart types: values in, a `Chart` out. Data first, options last; every chart also reads without JavaScript. */
import { ShapeError } from '../../base/errors.ts';
import { isTensor, type Tensor } from '../../base/tensor.ts';
import { toNumbers, type Values } from '../values.ts';
import { Chart, type ColorScale, type Figure, type Layer } from './figure.ts';
import { extentOf, formatTick } from './scale.ts';

export interface PlotOptions {
  title?: string;
  /** Label of the axis. */
  x?: string;
  y?: string;
  /** Logarithmic axes. */
  log?: 'x' | 'y' | 'xy';
  xRange?: readonly [number, number];
  yRange?: readonly [number, number];
  width?: number;
  height?: number;
}

const indices = (length: number): number[] => Array.from({ length }, (_, i) => i);

function chart(
  kind: string,
  layers: readonly Layer[],
  options: PlotOptions,
  more: Partial<Figure> = {},
): Chart {
  const { title, x, y, log = '', xRange, yRange, width = 640, height = 360 } = options;
  return new Chart({
    kind,
    title,
    layers,
    width,
    height,
    ...more,
    x: { label: x, log: log.includes('x'), range: xRange, ...more.x },
    y: { label: y, log: log.includes('y'), range: yRange, ...more.y },
  });
}

function sameLength(what: string, xs: ArrayLike<unknown>, ys: ArrayLike<unknown>): void {
  if (xs.length !== ys.length)
    throw new ShapeError(
      `${what} of unequal length: ${xs.length} and ${ys.length}; expected one y for each x`,
    );
}

export interface LineOptions extends PlotOptions {
  /** Dots at the data. */
  markers?: boolean;
}

/**
 * A line through points; with one list, its values against their index.
 * @example plot.line([0, 1, 2], [1, 4, 9], { title: 'squares', log: 'y' })
 */
export function line(ys: Values, options?: LineOptions): Chart;
export function line(xs: Values, ys: Values, options?: LineOptions): Chart;
export function line(first: Values, second?: Values | LineOptions, third: LineOptions = {}): Chart {
  const hasX = isValues(second);
  const options = hasX ? third : (second ?? {});
  const y = toNumbers(hasX ? second : first);
  const x = hasX ? toNumbers(first) : indices(y.length);
  sameLength('lists', x, y);
  return chart('line chart', [{ type: 'line', x, y, markers: options.markers }], options);
}

const isValues = (value: unknown): value is Values =>
  Array.isArray(value) || ArrayBuffer.isView(value) || isTensor(value);

export interface Series {
  name?: string;
  x?: Values;
  y: Values;
}

/**
 * Several lines: `{loss, accuracy}`, or a list of `{name, x, y}`.
 * @example plot.lines({ ours: [3, 2, 1], theirs: [4, 3, 2] }, { x: 'step', y: 'loss' })
 */
export function lines(
  series: Readonly<Record<string, Values>> | readonly Series[],
  options: LineOptions = {},
): Chart {
  const list: readonly Series[] = Array.isArray(series)
    ? (series as readonly Series[])
    : Object.entries(series as Record<string, Values>).map(([name, y]) => ({ name, y }));
  const layers = list.map(({ name, x, y }): Layer => {
    const ys = toNumbers(y);
    const xs = x === undefined ? indices(ys.length) : toNumbers(x);
    sameLength(`lists of ${name ?? 'a line'}`, xs, ys);
    return { type: 'line', name, x: xs, y: ys, markers: options.markers };
  });
  return chart('line chart', layers, options);
}

/**
 * A bar for each label, or groups of bars where `values` are several named lists.
 * @example plot.bar(['a', 'b'], { before: [1, 2], after: [2, 3] })
 */
export function bar(
  labels: readonly (string | number)[],
  values: Values | Readonly<Record<string, Values>>,
  options: PlotOptions = {},
): Chart {
  const groups: [string | undefined, Values][] = isValues(values)
    ? [[undefined, values]]
    : Object.entries(values as Record<string, Values>);
  const names = labels.map(String);
  const width = 0.8 / groups.length;
  const layers = groups.map(([name, group], i): Layer => {
    const y = toNumbers(group);
    sameLength('labels and values', names, y);
    const shift = (i - (groups.length - 1) / 2) * width;
    return {
      type: 'bars',
      name,
      x: indices(y.length).map(at => at + shift),
      y,
      width: width * 0.95,
      labels: names,
    };
  });
  return chart('bar chart', layers, options, { x: { label: options.x, categories: names } });
}

export interface ScatterOptions extends PlotOptions {
  /** A number per point shades it; a name per point groups it. */
  color?: Values | readonly string[];
  /** Shown where the pointer rests. */
  labels?: readonly string[];
  /** Diameter in pixels. */
  size?: number;
}

/** A dot for each pair. @example plot.scatter([0, 1, 2], [1, 4, 9], { color: ['odd', 'even', 'odd'] }) */
export function scatter(xs: Values, ys: Values, options: ScatterOptions = {}): Chart {
  const { color, labels, size = 7 } = options;
  const [x, y] = [toNumbers(xs), toNumbers(ys)];
  sameLength('lists', x, y);
  if (color) sameLength('points and colours', x, isTensor(color) ? color.data : color);
  if (color && Array.isArray(color) && typeof color[0] === 'string') {
    const names = color as readonly string[];
    const layers = [...new Set(names)].map((name): Layer => {
      const own = indices(x.length).filter(i => names[i] === name);
      return {
        type: 'points',
        name,
        x: own.map(i => x[i]),
        y: own.map(i => y[i]),
        labels: labels && own.map(i => labels[i]),
        size,
      };
    });
    return chart('scatter plot', layers, options);
  }
  const values = color && toNumbers(color as Values);
  return chart('scatter plot', [{ type: 'points', x, y, values, labels, size }], options);
}

export interface HistogramOptions extends PlotOptions {
  /** How many bars. */
  bins?: number;
}

/**
 * How often values fall into equal bins.
 * @example plot.histogram(image, { bins: 20, x: 'brightness' })
 */
export function histogram(values: Values, options: HistogramOptions = {}): Chart {
  const numbers = toNumbers(values).filter(Number.isFinite);
  // Sturges would blur large samples; the square root is what people expect to see
  const bins = options.bins ?? Math.min(80, Math.max(5, Math.ceil(Math.sqrt(numbers.length))));
  const [low, high] = options.xRange ?? extentOf(numbers);
  const width = (high - low) / bins;
  const counts = Array<number>(bins).fill(0);
  for (const value of numbers)
    if (value >= low && value <= high) counts[Math.min(bins - 1, Math.floor((value - low) / width))]++;
  const x = counts.map((_, i) => low + (i + 0.5) * width);
  const labels = x.map(
    center =>
      `${formatTick(+(center - width / 2).toPrecision(4))} to ${formatTick(+(center + width / 2).toPrecision(4))}`,
  );
  return chart('histogram', [{ type: 'bars', x, y: counts, width: width * 0.96, labels }], {
    y: 'count',
    ...options,
  });
}

export interface HeatmapOptions extends Omit<PlotOptions, 'log' | 'xRange' | 'yRange'> {
  /** Names of columns and rows. */
  columns?: readonly (string | number)[];
  rows?: readonly (string | number)[];
  /** `diverging` where there are values below zero, unless said otherwise: zero is then the middle. */
  scale?: ColorScale;
  /** Values at both ends of the scale. */
  range?: readonly [number, number];
  /** Cells are squares. */
  square?: boolean;
}

/**
 * A matrix as colours, its first row on top.
 * @example plot.heatmap([[0, 1], [-1, 0]], { columns: ['left', 'right'], square: true })
 */
export function heatmap(matrix: Tensor | readonly Values[], options: HeatmapOptions = {}): Chart {
  const z = isTensor(matrix) ? rowsOf(matrix) : matrix.map(toNumbers);
  const columns = z[0]?.length ?? 0;
  const ragged = z.findIndex(row => row.length !== columns);
  if (ragged >= 0)
    throw new ShapeError(
      `rows of unequal length: row ${ragged} has ${z[ragged].length} values; expected ${columns}`,
    );
  const [low, high] = extentOf(z.flat());
  const scale = options.scale ?? (z.some(row => row.some(value => value < 0)) ? 'diverging' : 'sequential');
  const reach = Math.max(Math.abs(low), Math.abs(high));
  const range = options.range ?? (scale === 'diverging' ? [-reach, reach] : [low, high]);
  return chart('heatmap', [{ type: 'cells', z, scale, range }], options, {
    x: { label: options.x, categories: options.columns?.map(String) },
    y: { label: options.y, categories: options.rows?.map(String), reversed: true },
    square: options.square,
  });
}

function rowsOf(matrix: Tensor): number[][] {
  const dims = matrix.dims.filter((dim, axis) => dim !== 1 || axis >= matrix.dims.length - 2);
  if (dims.length !== 2)
    throw new ShapeError(
      `heatmap needs a matrix: received ${matrix.dims.join('×') || 'a scalar'}; expected rows × columns`,
    );
  const values = matrix.toNumbers();
  return Array.from({ length: dims[0] }, (_, i) => values.slice(i * dims[1], (i + 1) * dims[1]));
}
