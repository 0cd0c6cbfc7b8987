/** Data → pixels along one axis, with ticks at round numbers. */
import type { Axis } from './figure.ts';

export interface Scale {
  /** Pixel of a value. */
  (value: number): number;
  ticks: readonly { at: number; text: string }[];
}

/** @param extent least and greatest value; @param pixels where they land */
export function scaleOf(
  axis: Axis,
  extent: readonly [number, number],
  pixels: readonly [number, number],
): Scale {
  const [from, to] = axis.reversed ? [pixels[1], pixels[0]] : pixels;
  const forward = axis.log ? Math.log10 : (value: number) => value;
  const low = forward(extent[0]);
  const span = forward(extent[1]) - low || 1;
  const place = (value: number) => from + ((forward(value) - low) / span) * (to - from);
  return Object.assign(place, { ticks: ticksOf(axis, extent, Math.abs(to - from)) });
}

function ticksOf(
  axis: Axis,
  extent: readonly [number, number],
  room: number,
): { at: number; text: string }[] {
  if (axis.categories) {
    // as many names as there is room for
    const every = Math.ceil((axis.categories.length * 18) / Math.max(room, 1));
    return axis.categories.map((text, at) => ({ at, text })).filter(({ at }) => at % every === 0);
  }
  const values = axis.log ? logTicks(...extent) : niceTicks(...extent, Math.max(2, Math.round(room / 70)));
  return values.map(at => ({ at, text: formatTick(at) }));
}

/** Multiples of 1, 2 or 5 times a power of ten, about `count` of them. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step =
    [1, 2, 5, 10].map(factor => factor * power).find(candidate => candidate >= rough * 0.999) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from(
    { length: Math.max(0, last - first + 1) },
    (_, i) => +((first + i) * step).toPrecision(12),
  );
}

function logTicks(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const every = Math.ceil((last - first + 1) / 8);
  const powers = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => 10 ** (first + i));
  if (powers.length >= 2) return powers.filter((_, i) => i % every === 0);
  return niceTicks(low, high, 4).filter(value => value > 0);
}

export function formatTick(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4)
    return value
      .toExponential()
      .replace('e+', 'e')
      .replace(/(\.\d{3})\d+/, '$1');
  return String(+value.toPrecision(6));
}

/** Least and greatest finite value, widened a little where `pad` is given; logarithmic axes see only what is positive. */
export function extentOf(values: Iterable<number>, { log = false, pad = 0 } = {}): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return log ? [1, 10] : [0, 1];
  if (low === high)
    return log ? [low / 2, high * 2] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  if (log) return [low / (high / low) ** pad, high * (high / low) ** pad];
  return [low - (high - low) * pad, high + (high - low) * pad];
}
