/**
 * Transforms: what happens to the picture, at random, before the network sees it at each step, so that the
 * ascent cannot rely on one exact alignment. All four are affine maps of the plane; a chain of them is one
 * affine map, so the picture is resampled once, bilinearly, whatever the chain.
 * @see https://distill.pub/2017/feature-visualization (Olah et al. 2017, "transformation robustness")
 */
import type { Rng } from '../../base/rng.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { add, gather, mul, reshape, transpose } from '../../engine/functions.ts';
import type { Var } from '../../engine/var.ts';

/** x′ = a·x + b·y + c, y′ = d·x + e·y + f, in pixels from the picture's centre. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export interface Transform {
  readonly text: string;
  /** Where a point of the result comes from in the picture before it. */
  draw(rng: Rng): Affine;
}

/** Shifts by up to `pixels` in each direction. */
export const jitter = (pixels: number): Transform => ({
  text: `jitter(${pixels})`,
  draw: rng => [1, 0, rng.integer(2 * pixels + 1) - pixels, 0, 1, rng.integer(2 * pixels + 1) - pixels],
});

/** Sees the picture from further away: a border of `pixels` grey ones on each side of a picture `size` wide. */
export const pad = (pixels: number, size: number): Transform => {
  const zoom = (size + 2 * pixels) / size;
  return { text: `pad(${pixels})`, draw: () => [zoom, 0, 0, 0, zoom, 0] };
};

/** Enlarges by one of the factors. */
export const scale = (factors: readonly number[]): Transform => ({
  text: `scale(${factors.join(', ')})`,
  draw(rng) {
    const zoom = 1 / rng.pick(factors);
    return [zoom, 0, 0, 0, zoom, 0];
  },
});

/** Turns about the centre by one of the angles, in degrees. */
export const rotate = (degrees: readonly number[]): Transform => ({
  text: `rotate(${degrees.join(', ')})`,
  draw(rng) {
    const angle = (rng.pick(degrees) * Math.PI) / 180;
    return [Math.cos(angle), Math.sin(angle), 0, -Math.sin(angle), Math.cos(angle), 0];
  },
});

/** What Lucid uses, in proportion to the picture: shifts, scales of ±10 %, turns of ±10°. */
export function standardTransforms(size: number): Transform[] {
  const some = (fraction: number) => Math.max(1, Math.round(size * fraction));
  return [
    jitter(some(1 / 28)),
    scale(Array.from({ length: 11 }, (_, i) => 0.9 + i * 0.02)),
    rotate(Array.from({ length: 21 }, (_, i) => i - 10)),
    jitter(some(1 / 56)),
  ];
}

/** The first transform is applied first, so the result's points are traced back through the last one first. */
export function compose(transforms: readonly Transform[], rng: Rng): Affine {
  return transforms
    .map(transform => transform.draw(rng))
    .reduce<Affine>(
      ([a, b, c, d, e, f], [p, q, r, s, t, u]) => [
        a * p + b * s,
        a * q + b * t,
        a * r + b * u + c,
        d * p + e * s,
        d * q + e * t,
        d * r + e * u + f,
      ],
      [1, 0, 0, 0, 1, 0],
    );
}

/** Bilinear resampling as four gathers: for each result pixel the four around its source, and their weights. */
export interface Sampling {
  /** int64 [4, H·W]. */
  readonly indices: Tensor;
  /** float32 [4, H·W]; outside the picture 0. */
  readonly weights: Tensor;
  /** float32 [H·W]: how much of the pixel lies outside. */
  readonly outside: Tensor;
}

/** out[p] = Σ_k w_k(p) · x[i_k(p)] + o(p)·grey */
export function sampling(
  [a, b, c, d, e, f]: Affine,
  height: number,
  width: number,
  into?: Sampling,
): Sampling {
  const plane = height * width;
  const made: Sampling = into ?? {
    indices: tensor(new BigInt64Array(4 * plane), [4, plane]),
    weights: tensor(new Float32Array(4 * plane), [4, plane]),
    outside: tensor(new Float32Array(plane), [plane]),
  };
  const indices = made.indices.data as BigInt64Array;
  const weights = made.weights.data as Float32Array;
  const outside = made.outside.data as Float32Array;
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2];
  for (let y = 0, p = 0; y < height; y++)
    for (let x = 0; x < width; x++, p++) {
      const sourceX = a * (x - centreX) + b * (y - centreY) + c + centreX;
      const sourceY = d * (x - centreX) + e * (y - centreY) + f + centreY;
      const [left, top] = [Math.floor(sourceX), Math.floor(sourceY)];
      const [u, v] = [sourceX - left, sourceY - top];
      let inside = 0;
      for (let k = 0; k < 4; k++) {
        const [column, row] = [left + (k & 1), top + (k >> 1)];
        const weight = (k & 1 ? u : 1 - u) * (k >> 1 ? v : 1 - v);
        const within = column >= 0 && column < width && row >= 0 && row < height;
        indices[k * plane + p] = BigInt(within ? row * width + column : 0);
        weights[k * plane + p] = within ? weight : 0;
        if (within) inside += weight;
      }
      outside[p] = 1 - inside;
    }
  return made;
}

/** The vars that stand for a `Sampling` in a graph. */
export interface SamplingVars {
  readonly indices: Var;
  readonly weights: Var;
  readonly outside: Var;
}

/** The graph piece: a picture N×C×H×W, resampled. What lies outside is mid-grey. */
export function resample(picture: Var, { indices, weights, outside }: SamplingVars): Var {
  const [count, channels, height, width] = picture.dims;
  const plane = height * width;
  // one row per pixel, so that a gather copies whole colours
  const pixels = transpose(reshape(picture, [count * channels, plane]), [1, 0]);
  const corners = mul(gather(pixels, indices), reshape(weights, [4, plane, 1]));
  const summed = picture.trace.apply('ReduceSum', [corners, picture.trace.constant(tensor([0n]))], {
    keepdims: 0n,
  })[0];
  const filled = add(summed, mul(reshape(outside, [plane, 1]), 0.5));
  return reshape(transpose(filled, [1, 0]), [count, channels, height, width]);
}
