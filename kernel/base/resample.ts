/**
 * Pictures at another size, by the rule of Pillow and torchvision (with antialiasing): what networks were trained on.
 * Each new pixel is a weighted mean of those around its place; where a picture shrinks, the filter widens with it.
 *
 *   y(i) = Σₓ f((x + ½ − c) / s)·pixel(x) / Σₓ f((x + ½ − c) / s),   c = (i + ½)·in/out,  s = max(in/out, 1)
 *
 * @see https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c
 */
import { Tensor } from './tensor.ts';

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Keys' cubic with a = −½. */
function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return ((-0.5 * x + 2.5) * x - 4) * x + 2;
}

/** Each filter's reach, in old pixels, and its weight at a distance within. */
const filters = {
  nearest: { reach: 0.5, weight: () => 1 },
  box: { reach: 0.5, weight: () => 1 },
  bilinear: { reach: 1, weight: (x: number) => 1 - x },
  bicubic: { reach: 2, weight: cubic },
  lanczos: { reach: 3, weight: (x: number) => sinc(x) * sinc(x / 3) },
} as const satisfies Record<string, { reach: number; weight: (distance: number) => number }>;

export type Filter = keyof typeof filters;
export const filterNames = Object.keys(filters) as readonly Filter[];

/** The old pixels that one new pixel is made of. */
interface Taps {
  first: number;
  /** In units of 1/ONE. */
  weights: readonly number[];
}

function tapsOf(before: number, after: number, filter: Filter): Taps[] {
  const { reach, weight } = filters[filter];
  const scale = before / after;
  const width = Math.max(scale, 1);
  return Array.from({ length: after }, (_, i) => {
    const center = (i + 0.5) * scale;
    if (filter === 'nearest') return { first: Math.floor(center), weights: [ONE] };
    const first = Math.max(0, Math.trunc(center - reach * width + 0.5));
    const end = Math.min(before, Math.trunc(center + reach * width + 0.5));
    const raw = Array.from({ length: end - first }, (_, x) => {
      const distance = Math.abs((first + x + 0.5 - center) / width);
      return distance < reach ? weight(distance) : 0;
    });
    const total = raw.reduce((sum, value) => sum + value, 0);
    return { first, weights: raw.map(value => Math.round((value / total) * ONE)) };
  });
}

/** One of the 256 levels that a pixel of an 8-bit picture has; halves go up. */
const level = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));

/** Weights are whole multiples of 1/ONE, as Pillow's are: where a mean lies between two levels, that decides. */
const ONE = 2 ** 22;

/**
 * float32 N×C×H×W in [0, 1] → N×C×height×width, in steps of 1/255 as Pillow's 8-bit pixels; as it is where nothing changes.
 */
export function resampled(image: Tensor, height: number, width: number, filter: Filter = 'bilinear'): Tensor {
  const [n, c, rows, columns] = image.dims;
  if (rows === height && columns === width) return image;
  const planes = n * c;
  const across = tapsOf(columns, width, filter);
  const down = tapsOf(rows, height, filter);
  const old = Uint8Array.from(image.toFloat32OrWider(), value => level(255 * value));

  // 1. rows: planes × rows × width
  const narrow = new Uint8Array(planes * rows * width);
  for (let line = 0; line < planes * rows; line++)
    for (let i = 0; i < width; i++) {
      const { first, weights } = across[i];
      let sum = 0;
      for (let x = 0; x < weights.length; x++) sum += weights[x] * old[line * columns + first + x];
      narrow[line * width + i] = level(sum / ONE);
    }

  // 2. columns: planes × height × width
  const made = new Float32Array(planes * height * width);
  for (let plane = 0; plane < planes; plane++)
    for (let j = 0; j < height; j++) {
      const { first, weights } = down[j];
      for (let i = 0; i < width; i++) {
        let sum = 0;
        for (let y = 0; y < weights.length; y++)
          sum += weights[y] * narrow[(plane * rows + first + y) * width + i];
        made[(plane * height + j) * width + i] = level(sum / ONE) / 255;
      }
    }
  return new Tensor('float32', [n, c, height, width], made);
}

/** N×C×H×W cut to height×width around its middle. */
export function cropped(image: Tensor, height: number, width: number): Tensor {
  const [n, c, rows, columns] = image.dims;
  const [top, left] = [Math.floor((rows - height) / 2), Math.floor((columns - width) / 2)];
  const old = image.toFloat32OrWider();
  const made = new Float32Array(n * c * height * width);
  for (let plane = 0; plane < n * c; plane++)
    for (let j = 0; j < height; j++) {
      const from = (plane * rows + top + j) * columns + left;
      made.set(old.subarray(from, from + width), (plane * height + j) * width);
    }
  return new Tensor('float32', [n, c, height, width], made);
}
