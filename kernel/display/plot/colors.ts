/** Colours that read on white and on black alike. */
import type { ColorScale } from './figure.ts';

/** Text, ticks and lines around the data. */
export const ink = '#7d7d7d';
export const grid = 'rgba(128,128,128,0.22)';

/** Series, in order; neighbours stay apart for colour-blind eyes too. */
export const series = [
  '#3d85c6',
  '#e07b39',
  '#2e9e7b',
  '#c75b9b',
  '#8b72d6',
  '#b8901c',
  '#4fb0c6',
  '#a9605a',
];

export const colorOf = (index: number): string => series[index % series.length];

type Rgb = readonly [number, number, number];

/** Stops at equal steps from the lowest to the highest value. Diverging scales are pale grey in the middle. */
export const stops: Readonly<Record<ColorScale, readonly Rgb[]>> = {
  sequential: [
    [47, 32, 92],
    [58, 82, 139],
    [43, 126, 142],
    [42, 166, 129],
    [128, 205, 90],
    [249, 230, 73],
  ],
  diverging: [
    [33, 82, 161],
    [96, 147, 203],
    [178, 200, 222],
    [222, 222, 222],
    [236, 184, 165],
    [214, 110, 88],
    [164, 32, 44],
  ],
};

/** The colour of a share between 0 and 1, as red, green and blue up to 255. */
export function rgbOf(share: number, scale: ColorScale): number[] {
  const list = stops[scale];
  const at = Math.min(1, Math.max(0, share)) * (list.length - 1);
  const low = Math.min(list.length - 2, Math.floor(at));
  const [from, to] = [list[low], list[low + 1]];
  return from.map((value, i) => Math.round(value + (to[i] - value) * (at - low)));
}

/** The same as SVG and CSS write it. */
export const shade = (share: number, scale: ColorScale): string =>
  `#${rgbOf(share, scale)
    .map(value => value.toString(16).padStart(2, '0'))
    .join('')}`;
