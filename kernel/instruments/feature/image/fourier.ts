/**
 * A picture's frequencies as parameters.
 * @see https://distill.pub/2018/differentiable-parameterizations (Mordvintsev et al. 2018)
 */
import { tensor, type Tensor } from '../../../base/tensor.ts';
import {
  add,
  concat,
  constant,
  matmul,
  mul,
  reshape,
  split,
  sub,
  transpose,
} from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';
import { encodedPicture, mixed, type Colours } from './colours.ts';
import { noise, type Parameterization, type PictureDims } from './parameterization.ts';

export interface FourierOptions {
  /** Deviation of the start. */
  sd?: number;
  /** How much less the high frequencies weigh: 1 as in photographs, 0 not at all, more for smoother pictures. */
  decay?: number;
  /** Ascend in a colour space whose axes are independent: in photographs, or in the pictures that were measured. */
  decorrelated?: boolean | Colours;
  /** Start from this picture, 1×C×H×W or N×C×H×W in [0, 1], instead of noise. */
  from?: Tensor;
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
  from,
}: FourierOptions = {}): Parameterization {
  const dims = ([count, channels, height, width]: PictureDims) =>
    // real and imaginary parts of the half spectrum that a real picture has
    [2, count * channels, height, Math.floor(width / 2) + 1];
  return {
    text: `fourier(decay ${decay}${from ? ', from a picture' : ''})`,
    dims,
    start: (picture, rng) =>
      from
        ? spectrumOf(encodedPicture(from, picture, decorrelated), picture, decay)
        : noise(dims(picture), sd, rng),
    decode: (parameters, picture) => mixed(inverseDft(parameters, picture, decay), picture, decorrelated),
  };
}

/**
 * The parameters whose picture is x: S_f = Σ_p x[p]·e^{−2πi f·p} / √(HW) / s_f, rows first, then columns.
 * @param x N×C×H×W, before the colours are mixed
 */
function spectrumOf(x: Tensor, picture: PictureDims, decay: number): Tensor {
  const [count, channels, height, width] = picture;
  const [maps, half] = [count * channels, Math.floor(width / 2) + 1];
  const [values, scales] = [x.toFloat32OrWider(), frequencyScale(height, width, decay).toNumbers()];
  const plane = height * half;
  const data = new Float32Array(2 * maps * plane);
  const rows = new Float64Array(2 * plane);
  const across = waves(width, half);
  const down = waves(height, height);
  for (let map = 0; map < maps; map++) {
    rows.fill(0);
    for (let y = 0; y < height; y++)
      for (let f = 0; f < half; f++)
        for (let p = 0; p < width; p++) {
          const value = values[(map * height + y) * width + p];
          rows[y * half + f] += value * across[2 * (f * width + p)];
          rows[plane + y * half + f] -= value * across[2 * (f * width + p) + 1];
        }
    for (let g = 0; g < height; g++)
      for (let f = 0; f < half; f++) {
        let [re, im] = [0, 0];
        for (let y = 0; y < height; y++) {
          const [cos, sin] = [down[2 * (g * height + y)], down[2 * (g * height + y) + 1]];
          const [a, b] = [rows[y * half + f], rows[plane + y * half + f]];
          re += a * cos + b * sin;
          im += b * cos - a * sin;
        }
        data[map * plane + g * half + f] = re / scales[g * half + f];
        data[(maps + map) * plane + g * half + f] = im / scales[g * half + f];
      }
  }
  return tensor(data, [2, maps, height, half]);
}

/** cos and sin of 2πpf/n over √n for each f and p, side by side. */
function waves(n: number, frequencies: number): Float64Array {
  const data = new Float64Array(2 * frequencies * n);
  for (let f = 0; f < frequencies; f++) for (let p = 0; p < n; p++) data.set(wave(p, f, n), 2 * (f * n + p));
  return data;
}

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
