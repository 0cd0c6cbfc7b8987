/**
 * Colours that ascend independently. In a set of pictures red, green and blue rise and fall together; a step that
 * treats them as independent favours colours that are rare there. Parameters are therefore mixed by the principal
 * square root of the set's colour covariance, which takes independent numbers to numbers that vary as its colours do.
 * @see https://distill.pub/2017/feature-visualization (Olah et al. 2017, "Preconditioning")
 */
import { ShapeError } from '../../../base/errors.ts';
import { formatDims } from '../../../base/shape.ts';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import { constant, matmul, reshape, sigmoid } from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';
import type { PictureDims } from './parameterization.ts';

/** How independent numbers become colours: rows are the picture's channels. */
export interface Colours {
  readonly text: string;
  readonly mixing: readonly (readonly number[])[];
}

/**
 * The colour statistics of any set of pictures.
 * @param images N×C×H×W in [0, 1]
 * @returns what `decorrelated` of a parameterization takes
 * @throws ShapeError on what is no batch of pictures
 * @example await viz.feature(model, 'conv3', { channel: 5, image: viz.fourier({ decorrelated: viz.colours(image) }) })
 */
export function colours(images: Tensor): Colours {
  const { dims } = images;
  if (dims.length !== 4 || images.size === 0)
    throw new ShapeError(`colours of ${formatDims(dims)}; expected pictures, N×C×H×W`);
  const [count, channels, height, width] = dims;
  const plane = height * width;
  const values = images.toFloat32OrWider();
  const at = (n: number, c: number, p: number) => values[(n * channels + c) * plane + p];
  const each = (visit: (n: number, p: number) => void) => {
    for (let n = 0; n < count; n++) for (let p = 0; p < plane; p++) visit(n, p);
  };
  const mean = new Float64Array(channels);
  each((n, p) => mean.forEach((_, c) => (mean[c] += at(n, c, p) / (count * plane))));
  const covariance = Array.from(mean, () => new Array<number>(channels).fill(0));
  each((n, p) => {
    for (let a = 0; a < channels; a++)
      for (let b = 0; b < channels; b++)
        covariance[a][b] += ((at(n, a, p) - mean[a]) * (at(n, b, p) - mean[b])) / (count * plane);
  });
  return { text: `colours(${count} pictures)`, mixing: scaled(squareRoot(covariance)) };
}

type Rows = readonly (readonly number[])[];

/**
 * The principal square root: Y ← ½(Y + Z⁻¹), Z ← ½(Z + Y⁻¹) from Y = Σ, Z = 1. A colour that never varies keeps a hundredth
 * of the deviation that all have together.
 * @see https://doi.org/10.1016/0096-3003(76)90020-5 (Denman & Beavers 1976)
 */
function squareRoot(covariance: Rows): Rows {
  const floor = Math.max(1e-12, covariance.reduce((sum, row, i) => sum + row[i], 0) * 1e-4);
  const half = (a: Rows, b: Rows) => a.map((row, i) => row.map((value, j) => (value + b[i][j]) / 2));
  let y: Rows = covariance.map((row, i) => row.map((value, j) => value + (i === j ? floor : 0)));
  let z: Rows = covariance.map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
  for (let i = 0; i < 40; i++) [y, z] = [half(y, inverse(z)), half(z, inverse(y))];
  return y;
}

/** Gauss and Jordan's elimination, with the largest pivot. */
function inverse(matrix: Rows): number[][] {
  const size = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let k = 0; k < size; k++) {
    const pivot = rows
      .slice(k)
      .reduce((best, row, i) => (Math.abs(row[k]) > Math.abs(rows[best][k]) ? k + i : best), k);
    [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    rows[k] = rows[k].map(value => value / rows[k][k]);
    for (let i = 0; i < size; i++)
      if (i !== k) rows[i] = rows[i].map((value, j) => value - rows[i][k] * rows[k][j]);
  }
  return rows.map(row => row.slice(size));
}

/** Scaled so that the longest column is 1. */
function scaled(root: Rows): number[][] {
  const longest = Math.max(...root.map((_, column) => Math.hypot(...root.map(row => row[column]))));
  return root.map(row => row.map(value => value / longest));
}

/** Photographs: the root of ImageNet's colour covariance, as published with Lucid. Rows are red, green, blue. */
const photographs: Colours = {
  text: 'photographs',
  mixing: scaled([
    [0.26, 0.09, 0.02],
    [0.27, 0.0, -0.05],
    [0.27, -0.09, 0.03],
  ]),
};

/** The matrix for a picture of so many channels; a channel beyond the colours (opacity) is left as it is. */
function mixingFor(channels: number, decorrelated: boolean | Colours): number[][] | undefined {
  if (decorrelated === false) return undefined;
  const { mixing, text } = decorrelated === true ? photographs : decorrelated;
  if (channels !== mixing.length && channels !== mixing.length + 1) {
    if (decorrelated === true) return undefined;
    throw new ShapeError(`${text} mix ${mixing.length} channels; the picture has ${channels}`);
  }
  const identity = (i: number, j: number) => (i === j ? 1 : 0);
  return Array.from({ length: channels }, (_, i) =>
    Array.from({ length: channels }, (_, j) => mixing[i]?.[j] ?? identity(i, j)),
  );
}

/** Parameters in colour space → [0, 1]: mix, then squash. */
export function mixed(
  x: Var,
  [count, channels, height, width]: PictureDims,
  decorrelated: boolean | Colours,
): Var {
  const mixing = mixingFor(channels, decorrelated);
  if (!mixing) return sigmoid(reshape(x, [count, channels, height, width]));
  const matrix = constant(x.trace, tensor(mixing.flat(), [channels, channels]));
  const mixture = matmul(matrix, reshape(x, [count, channels, height * width]));
  return sigmoid(reshape(mixture, [count, channels, height, width]));
}

/** The parameters whose picture is `from`: the inverse of `mixed`, away from pure black and white. */
export function encodedPicture(from: Tensor, picture: PictureDims, decorrelated: boolean | Colours): Tensor {
  const [count, channels, height, width] = picture;
  const plane = height * width;
  const [pictures, given] = from.dims.length === 4 ? from.dims : [1, from.dims[0]];
  const fits =
    (from.dims.length === 4 || from.dims.length === 3) &&
    (pictures === 1 || pictures === count) &&
    (given === channels || (given === channels - 1 && channels % 2 === 0)) &&
    from.size === pictures * given * plane;
  if (!fits)
    throw new ShapeError(`starting picture is ${formatDims(from.dims)}; expected ${formatDims(picture)}`);
  const pixels = from.toFloat32OrWider();
  const mixing = mixingFor(channels, decorrelated);
  const unmixing = mixing && inverse(mixing);
  const data = new Float32Array(count * channels * plane);
  for (let n = 0; n < count; n++)
    for (let p = 0; p < plane; p++) {
      // logit, the inverse of the sigmoid; a picture without opacity starts opaque
      const colour = Array.from({ length: channels }, (_, c) => {
        const pixel = c < given ? pixels[((pictures === 1 ? 0 : n) * given + c) * plane + p] : 1;
        const value = Math.min(0.99, Math.max(0.01, pixel));
        return Math.log(value / (1 - value));
      });
      for (let c = 0; c < channels; c++)
        data[(n * channels + c) * plane + p] = unmixing
          ? unmixing[c].reduce((sum, weight, k) => sum + weight * colour[k], 0)
          : colour[c];
    }
  return tensor(data, picture);
}
