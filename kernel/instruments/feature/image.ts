/**
 * Parameterizations: how the numbers that ascend become a picture in [0, 1]. A graph piece from parameters to
 * N×3×H×W, and the seeded start. Colours are mixed by a decorrelating matrix, unless told otherwise.
 * @see https://distill.pub/2018/differentiable-parameterizations (Mordvintsev et al. 2018)
 */
import type { Rng } from '../../base/rng.ts';
import { ShapeError } from '../../base/errors.ts';
import { formatDims, sizeOf, type Dims } from '../../base/shape.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { add, constant, matmul, mul, reshape, sigmoid, slice, sub } from '../../engine/functions.ts';
import type { Recorder, Var } from '../../engine/var.ts';

/** What a picture is: batch, channels, height, width. */
export type PictureDims = readonly [count: number, channels: number, height: number, width: number];

export interface Parameterization {
  readonly text: string;
  /** Dims of the parameters behind a picture of these dims. */
  dims(picture: PictureDims): Dims;
  /** Where the ascent starts. */
  start(picture: PictureDims, rng: Rng): Tensor;
  /** Parameters → picture, in [0, 1]. */
  decode(parameters: Var, picture: PictureDims): Var;
}

export interface PixelOptions {
  /** Deviation of the start. */
  sd?: number;
  /** Ascend in a colour space whose axes are independent in photographs. */
  decorrelated?: boolean;
  /** Start from this picture, 1×3×H×W or N×3×H×W in [0, 1], instead of noise. */
  from?: Tensor;
}

/** Each pixel is a parameter. Honest, and noisy: high frequencies ascend fastest. */
export function pixel({ sd = 0.01, decorrelated = true, from }: PixelOptions = {}): Parameterization {
  return {
    text: `pixel(${from ? 'from a picture' : ''})`,
    dims: picture => picture,
    start: (picture, rng) =>
      from ? toParameters(from, picture, decorrelated) : tensor(noise(sizeOf(picture), sd, rng), picture),
    decode: (parameters, picture) => toPicture(parameters, picture, decorrelated),
  };
}

/**
 * The parameters are the picture's spatial frequencies, scaled by 1/f^decay as photographs are, so that all
 * scales ascend together.
 *
 *     x = Re Σ_f (S_f · s_f) e^{2πi f·p} / √(HW),   s_f = ¼ / max(|f|, 1/max(H, W))^decay
 */
export function fourier({
  sd = 0.01,
  decay = 1,
  decorrelated = true,
}: Omit<PixelOptions, 'from'> & { decay?: number } = {}): Parameterization {
  return {
    text: `fourier(decay ${decay})`,
    // real and imaginary parts of the half spectrum that a real picture has
    dims: ([count, channels, height, width]) => [2, count * channels, height, Math.floor(width / 2) + 1],
    start(picture, rng) {
      const dims = this.dims(picture);
      return tensor(noise(sizeOf(dims), sd, rng), dims);
    },
    decode(parameters, picture) {
      return toPicture(inverseDft(parameters, picture, decay), picture, decorrelated);
    },
  };
}

const noise = (count: number, sd: number, rng: Rng): Float32Array =>
  Float32Array.from({ length: count }, () => sd * rng.normal());

/**
 * The inverse transform as four matrix products: every row of frequencies by a complex H×H matrix, then real
 * parts along the width. Exact, and its gradient is the same products transposed.
 */
function inverseDft(spectrum: Var, [count, channels, height, width]: PictureDims, decay: number): Var {
  const { trace } = spectrum;
  const half = Math.floor(width / 2) + 1;
  const scaled = mul(spectrum, constant(trace, frequencyScale(height, width, decay)));
  const [re, im] = [0, 1].map(part =>
    reshape(slice(scaled, [part], [part + 1], [0]), [count * channels, height, half]),
  );
  // columns: T = E·S with E[p, f] = e^{2πi f p / H} = C + iD
  const [c, d] = waves(trace, height, height, (p, f) => [p, f, height]);
  const tRe = sub(matmul(c, re), matmul(d, im));
  const tIm = add(matmul(c, im), matmul(d, re));
  // rows: x = Re(T·W), where a frequency and its mirror image count together: twice, but once at 0 and H/2
  const twice = (f: number) => (f === 0 || 2 * f === width ? 1 : 2);
  const [rowC, rowD] = waves(trace, half, width, (f, p) => [p, f, width], twice);
  const x = sub(matmul(tRe, rowC), matmul(tIm, rowD));
  return reshape(x, [count, channels, height, width]);
}

/** cos and sin of 2π·p·f/n as matrices, weighted per row and divided by √n (an orthonormal transform). */
function waves(
  trace: Recorder,
  rows: number,
  columns: number,
  at: (row: number, column: number) => [p: number, f: number, n: number],
  weight: (row: number) => number = () => 1,
): [Var, Var] {
  const [cos, sin] = [new Float32Array(rows * columns), new Float32Array(rows * columns)];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const [p, f, n] = at(row, column);
      // p·f modulo n keeps the angle small and the table exact
      const angle = (2 * Math.PI * ((p * f) % n)) / n;
      const scale = weight(row) / Math.sqrt(n);
      cos[row * columns + column] = Math.cos(angle) * scale;
      sin[row * columns + column] = Math.sin(angle) * scale;
    }
  return [constant(trace, tensor(cos, [rows, columns])), constant(trace, tensor(sin, [rows, columns]))];
}

function frequencyScale(height: number, width: number, decay: number): Tensor {
  const half = Math.floor(width / 2) + 1;
  const values = new Float32Array(height * half);
  const least = 1 / Math.max(height, width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < half; x++) {
      const fy = (y <= height / 2 ? y : y - height) / height;
      const frequency = Math.max(Math.hypot(fy, x / width), least);
      values[y * half + x] = 1 / 4 / frequency ** decay;
    }
  return tensor(values, [1, 1, height, half]);
}

/**
 * Colour axes independent in photographs: the principal square root of the colour covariance of ImageNet, as
 * published with Lucid, scaled so that its longest column is 1. Rows are red, green, blue.
 */
const mixing = (() => {
  const root = [
    [0.26, 0.09, 0.02],
    [0.27, 0.0, -0.05],
    [0.27, -0.09, 0.03],
  ];
  const norms = [0, 1, 2].map(column => Math.hypot(...root.map(row => row[column])));
  return root.map(row => row.map(value => value / Math.max(...norms)));
})();

/** Parameters in colour space → [0, 1]: mix, then squash. */
function toPicture(x: Var, [count, channels, height, width]: PictureDims, decorrelated: boolean): Var {
  if (!decorrelated || channels !== 3) return sigmoid(reshape(x, [count, channels, height, width]));
  const matrix = constant(x.trace, tensor(mixing.flat(), [3, 3]));
  const mixed = matmul(matrix, reshape(x, [count, 3, height * width]));
  return sigmoid(reshape(mixed, [count, 3, height, width]));
}

/** The parameters whose picture is `from`: the inverse of `toPicture`, away from pure black and white. */
function toParameters(
  from: Tensor,
  [count, channels, height, width]: PictureDims,
  decorrelated: boolean,
): Tensor {
  const size = channels * height * width;
  if (from.size !== size && from.size !== count * size)
    throw new ShapeError(
      `starting picture is ${formatDims(from.dims)}; expected ${formatDims([count, channels, height, width])}`,
    );
  const pixels = from.toFloat32OrWider();
  const inverse = channels === 3 && decorrelated ? invert3(mixing) : undefined;
  const data = new Float32Array(count * size);
  const plane = height * width;
  for (let n = 0; n < count; n++)
    for (let p = 0; p < plane; p++) {
      // logit, the inverse of the sigmoid
      const colour = Array.from({ length: channels }, (_, c) => {
        const value = Math.min(
          0.99,
          Math.max(0.01, pixels[(from.size === size ? 0 : n * size) + c * plane + p]),
        );
        return Math.log(value / (1 - value));
      });
      for (let c = 0; c < channels; c++)
        data[n * size + c * plane + p] = inverse
          ? inverse[c].reduce((sum, weight, k) => sum + weight * colour[k], 0)
          : colour[c];
    }
  return tensor(data, [count, channels, height, width]);
}

/** Cramer's rule. */
function invert3([[a, b, c], [d, e, f], [g, h, i]]: number[][]): number[][] {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const adjugate = [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ];
  return adjugate.map(row => row.map(value => value / determinant));
}

/** Pixels in [0, 1] → what the network was trained on: (order(x)·scale − mean) / std, per channel. */
export function preprocess(
  picture: Var,
  {
    scale,
    mean,
    std,
    order,
  }: { scale: number; mean: readonly number[]; std: readonly number[]; order: 'rgb' | 'bgr' },
): Var {
  const channels = picture.dims[1];
  const ordered =
    order === 'bgr' && channels === 3
      ? picture.trace.apply('Gather', [picture, constant(picture.trace, tensor([2n, 1n, 0n]))], {
          axis: 1n,
        })[0]
      : picture;
  const vector = (values: readonly number[]) =>
    constant(
      picture.trace,
      tensor(
        Array.from({ length: channels }, (_, c) => values[c % values.length]),
        [1, channels, 1, 1],
      ),
    );
  // folded into one multiplication and one addition: x·(scale/std) + (−mean/std)
  const slope = vector(Array.from({ length: channels }, (_, c) => scale / std[c % std.length]));
  const offset = vector(
    Array.from({ length: channels }, (_, c) => -mean[c % mean.length] / std[c % std.length]),
  );
  return add(mul(ordered, slope), offset);
}
