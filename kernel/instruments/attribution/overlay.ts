/** An attribution over its picture: the picture, the heat alone, and the heat where the picture shows through. */
import type { Pixels } from '../../base/png.ts';
import type { Tensor } from '../../base/tensor.ts';
import { toPixels } from '../../data/images.ts';
import { heat } from '../../display/heat.ts';
import type { Tile } from '../../display/sheet.ts';

/**
 * @param places H×W numbers; red speaks for the score, blue against it, the strongest at full colour
 * @param picture C×H×W in [0, 1], where there is one; its size is taken
 * @returns tiles of one size; the first label is left empty
 */
export function overlay(places: Tensor, picture?: Tensor): Tile[] {
  const [height, width] = picture?.dims.slice(1) ?? places.dims;
  const values = stretched(places, height, width);
  const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  const colours = heat(values, { width, height }, [-most, most], 'diverging');
  if (!picture) return [{ pixels: colours, label: '' }];
  return [
    { pixels: rgba(toPixels(picture)), label: '' },
    { pixels: colours, label: 'attribution' },
    { pixels: blended(toPixels(picture), colours, values, most), label: 'overlaid' },
  ];
}

/** Bilinear, with the corners of the pixels aligned (PyTorch's `align_corners=False`). */
export function stretched(
  { dims: [rows, columns], data }: Tensor,
  height: number,
  width: number,
): Float32Array {
  const from = data as Float32Array;
  const made = new Float32Array(height * width);
  const [ys, xs] = [along(rows, height), along(columns, width)];
  ys.forEach(([y0, y1, v], y) =>
    xs.forEach(([x0, x1, u], x) => {
      const top = from[y0 * columns + x0] * (1 - u) + from[y0 * columns + x1] * u;
      const bottom = from[y1 * columns + x0] * (1 - u) + from[y1 * columns + x1] * u;
      made[y * width + x] = top * (1 - v) + bottom * v;
    }),
  );
  return made;
}

/** For each place of the result: its two neighbours in the source, and the share of the second. */
function along(size: number, wanted: number): [low: number, high: number, share: number][] {
  return Array.from({ length: wanted }, (_, i) => {
    const at = Math.max(0, ((i + 0.5) * size) / wanted - 0.5);
    const low = Math.min(size - 1, Math.floor(at));
    return [low, Math.min(size - 1, low + 1), at - low];
  });
}

const rgba = ({ width, height, channels, data }: Pixels): Pixels => {
  const made = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) made[4 * i + c] = data[i * channels + (channels >= 3 ? c : 0)];
  return { width, height, channels: 4, data: made };
};

/** The picture in pale grey, coloured as far as a place counts. */
function blended(picture: Pixels, colours: Pixels, values: Float32Array, most: number): Pixels {
  const base = rgba(picture);
  values.forEach((value, i) => {
    const [r, g, b] = base.data.subarray(4 * i, 4 * i + 3);
    // luma of Rec. 601, in the upper half of the scale
    const grey = 110 + 0.5 * (0.299 * r + 0.587 * g + 0.114 * b);
    const share = Math.min(1, Math.abs(value) / most) ** 0.6;
    for (let c = 0; c < 3; c++)
      base.data[4 * i + c] = Math.round(grey + (colours.data[4 * i + c] - grey) * share);
  });
  return base;
}
