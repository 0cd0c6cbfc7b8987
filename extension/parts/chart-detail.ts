/**
 * Charts of many points, drawn in levels of detail. Of a scatter plot each few pixels show one point, on a canvas under
 * Plotly's axes, chosen again for each frame of a pan or zoom; of a line, the extremes of each pixel's column. Plotly itself
 * holds so few points that it stays quick, near enough to one another to be pointed at.
 */
import {
  countFor,
  countWithin,
  eachCell,
  envelope,
  evenSize,
  firstFrom,
  layersOf,
  type Cell,
  type Window,
} from 'neuronbook/display/drawings/detail';
import { el } from './dom.ts';
import { Dots, type Box, type Marker } from './dots.ts';
import { extent, isRecord, largeOf, perPoint, type Json, type Large, type Numbers } from './large-trace.ts';

/** What is read of Plotly's own state. */
interface PlotlyAxis {
  type: string;
  range: [number, number];
  _offset: number;
  _length: number;
}
interface PlotlyTrace {
  visible: boolean | 'legendonly';
  opacity?: number;
  marker?: Marker;
}
export interface PlotlyFigure extends HTMLElement {
  _fullLayout: Json & { width: number; height: number };
  _fullData: PlotlyTrace[];
  _dragging?: boolean;
  on(event: string, listener: () => void): void;
  removeListener(event: string, listener: () => void): void;
}
interface Plotly {
  restyle(figure: HTMLElement, update: object, traces: number[]): Promise<unknown>;
}

/** Points of a scatter plot that can be pointed at. */
const POINTED = 1200;
/** Between the end of a pan and the choice of other points to point at, in ms. */
const REST = 150;

export class ChartDetail {
  private readonly large: Large[];
  private readonly canvas = el('canvas', { class: 'nb-Chart-points', 'aria-hidden': 'true' });
  private figure?: PlotlyFigure;
  private plotly?: Plotly;
  private timer?: ReturnType<typeof setTimeout>;

  private constructor(private readonly data: readonly Json[]) {
    this.large = data.flatMap((trace, i) => largeOf(trace, i) ?? []);
  }

  /** Undefined where no trace of a chart is so large. */
  static of(data: readonly Json[]): ChartDetail | undefined {
    const made = new ChartDetail(data);
    return made.large.length ? made : undefined;
  }

  /** What Plotly is given to draw. */
  traces(): Json[] {
    const traces = [...this.data];
    for (const one of this.large) {
      one.shown = '';
      traces[one.index] = { ...one.trace, type: 'scatter', ...this.part(one, this.first(one)) };
    }
    return traces;
  }

  /** Follows the figure that Plotly has drawn. */
  attach(figure: PlotlyFigure, plotly: Plotly): void {
    if (this.figure !== figure) {
      this.dispose();
      this.figure = figure;
      this.plotly = plotly;
      figure.on('plotly_relayouting', this.paint);
      figure.on('plotly_afterplot', this.settle);
    }
    this.settle();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.figure?.removeListener('plotly_relayouting', this.paint);
    this.figure?.removeListener('plotly_afterplot', this.settle);
    this.figure = undefined;
    this.canvas.remove();
  }

  private readonly settle = (): void => {
    this.paint();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.choose(), REST);
  };

  /** Puts the points that stand for the rest before them, where cells have another shape than before. */
  private layer(one: Large, axes: { x: PlotlyAxis; y: PlotlyAxis }): void {
    const cell = cellOf(one, axes);
    const had = one.layers?.cell;
    if (one.kind !== 'points' || !cell || (had && cell.width / cell.height === had.width / had.height))
      return;
    const [x, y] = this.coordinates(one, axes);
    const made = layersOf(x, y, { x: extent(x), y: extent(y) }, cell);
    const place = new Uint32Array(made.order.length);
    made.order.forEach((i, at) => (place[i] = at));
    const ordered = (list: Numbers) => {
      const copy =
        list instanceof Float32Array ? new Float32Array(list.length) : new Float64Array(list.length);
      made.order.forEach((i, at) => (copy[at] = list[i]));
      return copy;
    };
    const before = one.layers?.order;
    one.layers = before ? { ...made, order: made.order.map(i => before[i]) } : made;
    one.ends = one.ends.map(i => place[i]);
    [one.x, one.y, one.logs] = [ordered(one.x), ordered(one.y), {}];
    if (one.color) one.color = ordered(one.color);
  }

  /** Gives Plotly the points of what is in sight that can be pointed at. */
  private async choose(): Promise<void> {
    const { figure, plotly } = this;
    if (!figure || !plotly) return;
    // what is held is not taken away
    if (figure._dragging) return this.settle();
    for (const one of this.large) {
      if (this.figure !== figure) return;
      const axes = this.axes(one);
      if (!axes) continue;
      const key = JSON.stringify([axes.x.range, axes.y.range, axes.x.type, axes.y.type, axes.x._length]);
      if (key === one.shown) continue;
      one.shown = key;
      this.layer(one, axes);
      const { marker, ...lists } = this.part(one, this.near(one, axes));
      const update: Json = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, [list]]));
      if (marker && one.color) update['marker.color'] = [(marker as Json).color];
      await plotly.restyle(figure, update, [one.index]);
    }
  }

  /** Indices to begin with, before anything is known of the axes. */
  private first(one: Large): number[] {
    const { x, y, kind } = one;
    if (kind === 'line') return envelope(y, 0, y.length, 1000);
    const window: Window = { x: extent(x), y: extent(y) };
    return this.sample(one, x, y, window, 32);
  }

  private near(one: Large, axes: { x: PlotlyAxis; y: PlotlyAxis }): number[] {
    if (one.kind === 'points') {
      const [x, y] = this.coordinates(one, axes);
      const window = windowOf(axes);
      const few = countWithin(x, y, window) <= POINTED;
      return this.sample(one, x, y, window, few ? 1000 : Math.sqrt(POINTED / 2));
    }
    const { x, y } = one;
    const [low, high] = windowOf(axes).x.map(value => (axes.x.type === 'log' ? 10 ** value : value));
    const span = high - low;
    // as far again to both sides, for a pan; beyond that an outline
    const [from, to] = [firstFrom(x, low - span), Math.min(x.length, firstFrom(x, high + span) + 1)];
    const outside = 200;
    return [
      ...envelope(y, 0, from, outside),
      ...envelope(y, from, to, Math.ceil(3 * axes.x._length)),
      ...envelope(y, to, y.length, outside),
    ];
  }

  private sample(one: Large, x: Numbers, y: Numbers, window: Window, cells: number): number[] {
    const size = ([low, high]: readonly [number, number]) => evenSize((high - low || 1) / cells);
    const chosen = new Set(one.ends);
    eachCell(x, y, window, { width: size(window.x), height: size(window.y) }, i => chosen.add(i));
    return [...chosen].sort((a, b) => a - b);
  }

  /** Of each list of a trace, the entries of these points. */
  private part({ kind, index, trace, x, y, color, layers }: Large, chosen: readonly number[]): Json {
    const some: Json = { x: chosen.map(i => x[i]), y: chosen.map(i => y[i]) };
    for (const name of perPoint) {
      const list = trace[name];
      if (Array.isArray(list)) some[name] = chosen.map(i => list[layers?.order[i] ?? i] as unknown);
    }
    if (kind === 'line') return some;
    const marker = isRecord(trace.marker) ? trace.marker : {};
    const [cmin, cmax] = color ? extent(color) : [];
    return {
      ...some,
      uid: `nbdetail${index}`,
      marker: color ? { cmin, cmax, ...marker, color: chosen.map(i => color[i]) } : marker,
    };
  }

  private axes({ index, trace }: Large): { x: PlotlyAxis; y: PlotlyAxis } | undefined {
    const { _fullLayout: layout, _fullData: data } = this.figure!;
    if (data[index]?.visible !== true) return undefined;
    const axis = (name: unknown, letter: string) =>
      layout[`${letter}axis${String(name ?? letter).slice(1)}`] as PlotlyAxis | undefined;
    const [x, y] = [axis(trace.xaxis, 'x'), axis(trace.yaxis, 'y')];
    const measures = (axis?: PlotlyAxis) => axis?.type === 'linear' || axis?.type === 'log';
    return x && y && measures(x) && measures(y) ? { x, y } : undefined;
  }

  private coordinates(one: Large, axes: { x: PlotlyAxis; y: PlotlyAxis }): [Numbers, Numbers] {
    const along = (letter: 'x' | 'y') =>
      axes[letter].type === 'log'
        ? (one.logs[letter] ??= Float64Array.from(one[letter], value =>
            value > 0 ? Math.log10(value) : NaN,
          ))
        : one[letter];
    return [along('x'), along('y')];
  }

  private readonly paint = (): void => {
    const { figure, canvas } = this;
    if (!figure?._fullLayout) return;
    const { width, height } = figure._fullLayout;
    const scale = window.devicePixelRatio || 1;
    if (!canvas.isConnected) figure.querySelector('.main-svg')?.after(canvas);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext('2d');
    if (!context || canvas.width === 0 || canvas.height === 0) return;
    const picture = context.createImageData(canvas.width, canvas.height);
    for (const one of this.large) {
      const axes = one.kind === 'points' ? this.axes(one) : undefined;
      if (axes) this.dots(picture, one, axes, scale);
    }
    context.putImageData(picture, 0, 0);
  };

  private dots(picture: ImageData, one: Large, axes: { x: PlotlyAxis; y: PlotlyAxis }, scale: number): void {
    const [x, y] = this.coordinates(one, axes);
    const { marker = {}, opacity: whole = 1 } = this.figure!._fullData[one.index];
    const { size = 6, opacity = 1 } = marker;
    const cell = cellOf(one, axes);
    if (!cell) return;
    // a dot whose middle is outside may reach into sight
    const seen = windowOf(axes, size / 2);
    const place = ({ range: [from, to], _offset, _length }: PlotlyAxis, isY: boolean) => {
      const by = (isY ? -1 : 1) * (_length / (to - from));
      const start = (isY ? _offset + _length : _offset) - from * by;
      return (value: number) => (start + value * by) * scale;
    };
    const [px, py] = [place(axes.x, false), place(axes.y, true)];
    const dots = new Dots(marker, one.color, size * scale, opacity * whole);
    const along = ({ _offset, _length }: PlotlyAxis, most: number) =>
      [_offset, _offset + _length].map(edge => Math.min(most, Math.max(0, Math.round(edge * scale))));
    const [[left, right], [top, bottom]] = [along(axes.x, picture.width), along(axes.y, picture.height)];
    const box: Box = { left, top, right, bottom };
    const put = (i: number) => dots.put(picture, box, px(x[i]), py(y[i]), i);
    eachCell(x, y, seen, cell, put, one.layers ? countFor(one.layers, cell) : x.length);
  }
}

/** Cells of which one dot is enough: it covers most of them. */
function cellOf({ trace }: Large, { x, y }: { x: PlotlyAxis; y: PlotlyAxis }): Cell | undefined {
  const { size = 6 } = (trace.marker ?? {}) as Marker;
  const side = ({ range, _length }: PlotlyAxis) =>
    evenSize((Math.max(2, size * 0.75) * Math.abs(range[1] - range[0])) / _length);
  const cell = { width: side(x), height: side(y) };
  return cell.width > 0 && cell.height > 0 ? cell : undefined;
}

/** What is in sight, and so many pixels around it. */
function windowOf({ x, y }: { x: PlotlyAxis; y: PlotlyAxis }, around = 0): Window {
  const along = ({ range: [from, to], _length }: PlotlyAxis): [number, number] => {
    const more = (Math.abs(to - from) / _length) * around;
    return [Math.min(from, to) - more, Math.max(from, to) + more];
  };
  return { x: along(x), y: along(y) };
}
