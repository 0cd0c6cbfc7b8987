/** Many numbers at a glance: how many, their least, mean and greatest, and a strip of colour. Without script. */
import { toBase64 } from '../base/base64.ts';
import { encodePng } from '../base/png-encode.ts';
import { formatDims, sizeOf, type Dims } from '../base/shape.ts';
import { heat, thinned } from './heat.ts';
import { cellText, escapeHtml } from './html.ts';

const strip = { width: 256, height: 128 };
/** Slices of an array of more than two dims that are drawn side by side. */
const maxSlices = 6;
/** The first values, as numbers. */
const maxValues = 8;

export interface Statistics {
  /** Of the finite values; undefined where there are none. */
  min?: number;
  mean?: number;
  max?: number;
  /** Values that are NaN or infinite. */
  strange: number;
}

export function statisticsOf(data: ArrayLike<number>): Statistics {
  let [min, max, sum, strange] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (!Number.isFinite(value)) strange++;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
      sum += value;
    }
  }
  const count = data.length - strange;
  return count ? { min, mean: sum / count, max, strange } : { strange };
}

/** @param data row-major values of `dims`; @param name what they are, e.g. a dtype */
export function numbersHtml(data: ArrayLike<number>, dims: Dims, name: string): string {
  const { min, mean, max, strange } = statisticsOf(data);
  const facts = [
    `<b>${escapeHtml(name)}</b> ${formatDims(dims)}`,
    ...(min === undefined ? [] : [`min ${cellText(min)}`, `mean ${cellText(mean)}`, `max ${cellText(max)}`]),
    ...(strange ? [`${strange} not finite`] : []),
  ];
  const pictures =
    min === undefined || max === undefined ? [] : slicesOf(dims).map(slice => image(data, slice, min, max));
  const left = sizeOf(dims.slice(0, -2)) - pictures.length;
  const more = pictures.length && left > 0 ? ` … ${left} more` : '';
  const first = Array.from({ length: Math.min(maxValues, data.length) }, (_, i) => cellText(data[i]));
  return [
    `<div>${facts.join(' · ')}</div>`,
    `<div>${pictures.join(' ')}${more}</div>`,
    `<div><code>[${first.join(', ')}${data.length > maxValues ? ', …' : ''}]</code></div>`,
  ].join('\n');
}

interface Slice {
  width: number;
  height: number;
  offset: number;
}

/** The first slices of the last two dims; a list is one slice of one row. */
function slicesOf(dims: Dims): Slice[] {
  const [height, width] = [1, 1, ...dims].slice(-2);
  const count = Math.min(maxSlices, sizeOf(dims.slice(0, -2)));
  if (!width || !height) return [];
  return Array.from({ length: count }, (_, i) => ({ width, height, offset: i * width * height }));
}

function image(data: ArrayLike<number>, slice: Slice, min: number, max: number): string {
  const small = thinned(data, slice, strip.width);
  const reach = Math.max(-min, max);
  const signed = min < 0 && max > 0;
  const pixels = heat(
    small.data,
    small,
    signed ? [-reach, reach] : [min, max],
    signed ? 'diverging' : 'sequential',
  );
  const source = `data:image/png;base64,${toBase64(encodePng(pixels))}`;
  // a row is drawn as a band, a matrix as large as there is room
  const height = small.height === 1 ? 16 : Math.min(strip.height, Math.max(32, small.height * 4));
  const width = small.height === 1 ? strip.width : Math.round((height * small.width) / small.height);
  return `<img alt="values as colours" width="${Math.min(width, 2 * strip.width)}" height="${height}" style="image-rendering: pixelated" src="${source}">`;
}
