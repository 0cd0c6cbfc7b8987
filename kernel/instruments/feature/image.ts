/**
 * Parameterizations: how the numbers that ascend become a picture in [0, 1]. A graph piece from parameters to
 * N×3×H×W, and the seeded start. Colours are mixed by a decorrelating matrix, unless told otherwise.
 * @see https://distill.pub/2018/differentiable-parameterizations (Mordvintsev et al. 2018)
 */
import type { Rng } from '../../base/rng.ts';
import { ShapeError } from '../../base/errors.ts';
import { formatDims, sizeOf, type Dims } from '../../base/shape.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import {
  add,
  concat,
  constant,
  matmul,
  mul,
  reshape,
  sigmoid,
  split,
  sub,
  transpose,
} from '../../engine/functions.ts';
import type { Var } from '../../engine/var.ts';

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

/**
 * Each pixel is a parameter. Honest, and noisy: high frequencies ascend fastest.
 * @example await viz.feature(model, 'conv3', { channel: 5, image: viz.pixel({ from: image }) })
 */
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
 * @example await viz.feature(model, 'conv3', { channel: 5, image: viz.fourier({ decay: 1.5 }) })
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
 * The inverse transform as two matrix products, exact, whose gradient is the same products transposed.
 *
 * Down the columns one step of the fast transform (Cooley & Tukey 1965) halves the work where H is even. Frequencies
 * f = 2k + r are split by r; U_r[p] = Σ_k e^{2πi(2k+r)p/H} S[2k+r] is computed for the upper half of the rows only:
 *
 *     T[p] = U₀[p] + U₁[p],   T[p + H/2] = U₀[p] − U₁[p]
 *
 * Along the rows only the real part is wanted: x = Re(T·W). Being linear, it goes before the sum and difference.
 */
function inverseDft(spectrum: Var, [count, channels, height, width]: PictureDims, decay: number): Var {
  const { trace } = spectrum;
  const maps = count * channels;
  const half = Math.floor(width / 2) + 1;
  const radix = height % 2 === 0 ? 2 : 1;
  const rows = height / radix;

  const scaled = mul(spectrum, constant(trace, frequencyScale(height, width, decay)));
  const byRest = transpose(reshape(scaled, [2, maps, rows, radix, half]), [3, 0, 2, 1, 4]); // r×part×k×maps×half
  const down = matmul(
    constant(trace, columnWaves(height, radix)),
    reshape(byRest, [radix, 2 * rows, maps * half]),
  );
  const byRow = transpose(reshape(down, [radix, 2, rows, maps, half]), [0, 2, 3, 1, 4]); // r×p×maps×part×half
  const parts = matmul(reshape(byRow, [height * maps, 2 * half]), constant(trace, rowWaves(width)));
  const pictures = butterfly(reshape(parts, [radix, rows, maps * width]), radix);
  const upright = transpose(reshape(pictures, [height, maps, width]), [1, 0, 2]);
  return reshape(upright, [count, channels, height, width]);
}

/** U₀ + U₁ above U₀ − U₁: [r, p, n] → [H, n]. */
function butterfly(parts: Var, radix: number): Var {
  const [, rows, length] = parts.dims;
  if (radix === 1) return reshape(parts, [rows, length]);
  const [even, odd] = split(parts, [1, 1], 0);
  return reshape(concat([add(even, odd), sub(even, odd)], 0), [2 * rows, length]);
}

/** From parts and k to parts and p: (C + iD)(re + i·im), with C + iD = e^{2πi(2k+r)p/H} / √H, [r, 2·p, 2·k]. */
function columnWaves(height: number, radix: number): Tensor {
  const rows = height / radix;
  const data = new Float32Array(radix * 4 * rows * rows);
  for (let r = 0; r < radix; r++)
    for (let p = 0; p < rows; p++)
      for (let k = 0; k < rows; k++) {
        const [cos, sin] = wave(p, radix * k + r, height);
        const at = (toPart: number, fromPart: number) =>
          ((r * 2 + toPart) * rows + p) * 2 * rows + fromPart * rows + k;
        data[at(0, 0)] = data[at(1, 1)] = cos;
        data[at(0, 1)] = -sin;
        data[at(1, 0)] = sin;
      }
  return tensor(data, [radix, 2 * rows, 2 * rows]);
}

/** Re((re + i·im)·e^{2πi f p/W}) / √W, [2·half, W]. A frequency and its mirror image count together: twice, but once at 0 and W/2. */
function rowWaves(width: number): Tensor {
  const half = Math.floor(width / 2) + 1;
  const data = new Float32Array(2 * half * width);
  for (let f = 0; f < half; f++) {
    const twice = f === 0 || 2 * f === width ? 1 : 2;
    for (let p = 0; p < width; p++) {
      const [cos, sin] = wave(p, f, width);
      data[f * width + p] = twice * cos;
      data[(half + f) * width + p] = -twice * sin;
    }
  }
  return tensor(data, [2 * half, width]);
}

/** cos and sin of 2πpf/n, over √n: an orthonormal transform. p·f modulo n keeps the angle small and the table exact. */
function wave(p: number, f: number, n: number): [cos: number, sin: number] {
  const angle = (2 * Math.PI * ((p * f) % n)) / n;
  return [Math.cos(angle) / Math.sqrt(n), Math.sin(angle) / Math.sqrt(n)];
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
