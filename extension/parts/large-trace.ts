/** Traces of so many points that a chart shows some of them: which they are, and their numbers. */
import { ascends, type Layers } from 'neuronbook/display/drawings/detail';
import { unpackList } from 'neuronbook/display/packed';

export type Json = Record<string, unknown>;
export type Numbers = ArrayLike<number>;

/** Points that Plotly draws one by one without being slow. */
const FEW = 4000;
/** Lists that have an entry for each point. */
export const perPoint = ['text', 'hovertext', 'customdata', 'ids'] as const;

export interface Large {
  kind: 'points' | 'line';
  index: number;
  trace: Json;
  x: Numbers;
  y: Numbers;
  /** Points that keep the axes as they would be with all. */
  ends: number[];
  /** A number for each point's colour. */
  color?: Numbers;
  /** The part of which Plotly holds points. */
  shown: string;
  /** Once the points are ordered so that those which stand for the rest come first. */
  layers?: Layers;
  /** Coordinates as logarithmic axes measure them, made when one asks. */
  logs: { x?: Numbers; y?: Numbers };
}

export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A list of numbers, or undefined; what is missing is NaN. */
function numbers(value: unknown): Numbers | undefined {
  if (!Array.isArray(value)) return unpackList(value);
  const list = new Float64Array(value.length);
  for (const [i, item] of value.entries()) {
    if (typeof item !== 'number' && item !== null) return undefined;
    list[i] = item ?? NaN;
  }
  return list;
}

/** Undefined where Plotly had better draw the trace itself. */
export function largeOf(trace: Json, index: number): Large | undefined {
  const { type = 'scatter', mode = 'lines', marker = {}, line = {} } = trace;
  if (type !== 'scatter' && type !== 'scattergl') return undefined;
  const y = numbers(trace.y);
  const x = trace.x === undefined && y ? Float64Array.from(y, (_, i) => i) : numbers(trace.x);
  if (!x || !y || x.length !== y.length || x.length <= FEW || !isRecord(marker) || !isRecord(line))
    return undefined;
  const { size = 6, symbol = 'circle', color, opacity = 1, coloraxis } = marker;
  const plain = ['error_x', 'error_y', 'stackgroup', 'selectedpoints'].every(key => trace[key] === undefined);
  if (
    !plain ||
    typeof size !== 'number' ||
    !(size > 0 && size < 200) ||
    symbol !== 'circle' ||
    typeof opacity !== 'number' ||
    coloraxis
  )
    return undefined;
  const made = { index, trace, x, y, ends: ends({ x, y }), shown: '', logs: {} };
  if (mode !== 'markers') {
    const whole = color === undefined || typeof color === 'string';
    return whole && ascends(x) && /^lines(\+markers)?$/.test(String(mode))
      ? { ...made, kind: 'line' }
      : undefined;
  }
  if (color === undefined || typeof color === 'string') return { ...made, kind: 'points' };
  const colors = numbers(color);
  return colors?.length === x.length ? { ...made, kind: 'points', color: colors } : undefined;
}

/** The least and greatest finite number. */
export const extent = (list: Numbers): [number, number] => {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < list.length; i++) {
    if (list[i] < low && list[i] !== -Infinity) low = list[i];
    if (list[i] > high && list[i] !== Infinity) high = list[i];
  }
  return low <= high ? [low, high] : [0, 1];
};

/** Where the least and greatest of both coordinates are. */
function ends({ x, y }: Pick<Large, 'x' | 'y'>): number[] {
  let [left, right, low, high] = [-1, -1, -1, -1];
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i]) || !Number.isFinite(y[i])) continue;
    if (left < 0) left = right = low = high = i;
    if (x[i] < x[left]) left = i;
    if (x[i] > x[right]) right = i;
    if (y[i] < y[low]) low = i;
    if (y[i] > y[high]) high = i;
  }
  return left < 0 ? [] : [...new Set([left, right, low, high])];
}
