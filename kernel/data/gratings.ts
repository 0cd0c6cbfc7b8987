/**
 * `gratings`: seeded pictures of waves in one of six directions, the plainest thing that a network can tell apart. What
 * was drawn can be measured in any picture by projection on the waves, with nothing of a network.
 */
import type { Rng } from '../base/rng.ts';
import { Tensor } from '../base/tensor.ts';

const SIDE = 24;
const BANDS = 6;
const PERIOD = 6;

export interface GratingBatch {
  /** float32, N×1×24×24 in [0, 1]. */
  image: Tensor;
  /** int64, N: the direction, in steps of 30°. */
  band: Tensor;
}

/** cos(2π·(x cos θ + y sin θ)/period + phase), θ = 30°·band */
const wave = (band: number, phase: number, x: number, y: number): number => {
  const angle = (Math.PI * band) / BANDS;
  return Math.cos((2 * Math.PI * (x * Math.cos(angle) + y * Math.sin(angle))) / PERIOD + phase);
};

/**
 * Seeded gratings.
 * @example const { image, band } = gratings.batch(rng('tour'), 12)
 */
export const gratings = {
  /** Height and width of a picture. */
  size: SIDE,
  /** How many directions there are. */
  bands: BANDS,
  wave,

  /** `count` pictures of all bands in turn, at random phase and contrast, in a little noise. */
  batch(rng: Rng, count: number): GratingBatch {
    const data = new Float32Array(count * SIDE * SIDE);
    const band = BigInt64Array.from({ length: count }, (_, n) => BigInt(n % BANDS));
    for (let n = 0; n < count; n++) {
      const [phase, contrast] = [rng.between(0, 2 * Math.PI), rng.between(0.25, 0.4)];
      for (let p = 0; p < SIDE * SIDE; p++) {
        const value = wave(n % BANDS, phase, p % SIDE, Math.floor(p / SIDE));
        data[n * SIDE * SIDE + p] = 0.5 + contrast * value + 0.03 * rng.normal();
      }
    }
    return {
      image: new Tensor('float32', [count, 1, SIDE, SIDE], data),
      band: new Tensor('int64', [count], band),
    };
  },

  /** How much of each band is in a picture of 24×24: the squared projections on its cosine and sine. */
  power(picture: Tensor): number[] {
    const values = picture.toNumbers();
    const along = (band: number, phase: number) =>
      values.reduce(
        (sum, value, p) => sum + (value - 0.5) * wave(band, phase, p % SIDE, Math.floor(p / SIDE)),
        0,
      );
    return Array.from({ length: BANDS }, (_, band) => along(band, 0) ** 2 + along(band, Math.PI / 2) ** 2);
  },
};
