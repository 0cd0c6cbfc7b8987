/**
 * Warps: how the picture is moved, at random, before the network sees it at each step, so that the ascent cannot rely
 * on one exact alignment. All four are affine maps of the plane; a chain of them is one affine map, so the picture is
 * resampled once, bilinearly, whatever the chain.
 * @see https://distill.pub/2017/feature-visualization (Olah et al. 2017, "transformation robustness")
 */
import type { Rng } from '../../../base/rng.ts';
import type { Affine } from './resample.ts';

/** An affine map, drawn at each step. */
export interface Warp {
  readonly text: string;
  /** Where a point of the result comes from in the picture before it. */
  draw(rng: Rng): Affine;
  /** The largest row sum of |A⁻¹| that it can draw: how far a pixel's influence spreads. 1 where left out. */
  readonly reach?: number;
}

/**
 * Shifts by up to `pixels` in each direction.
 * @example await viz.feature(model, 'conv3', { channel: 5, transforms: [viz.jitter(2)] })
 */
export const jitter = (pixels: number): Warp => ({
  text: `jitter(${pixels})`,
  draw: rng => [1, 0, rng.integer(2 * pixels + 1) - pixels, 0, 1, rng.integer(2 * pixels + 1) - pixels],
});

/**
 * Sees the picture from further away: a border of `pixels` grey ones on each side of a picture `size` wide.
 * @example await viz.feature(model, 'conv3', { channel: 5, transforms: [viz.pad(4, 48), viz.jitter(4)] })
 */
export const pad = (pixels: number, size: number): Warp => {
  const zoom = (size + 2 * pixels) / size;
  return { text: `pad(${pixels})`, reach: 1 / zoom, draw: () => [zoom, 0, 0, 0, zoom, 0] };
};

/**
 * Enlarges by one of the factors.
 * @example await viz.feature(model, 'conv3', { channel: 5, transforms: [viz.scale([0.9, 1, 1.1])] })
 */
export const scale = (factors: readonly number[]): Warp => ({
  text: `scale(${factors.join(', ')})`,
  reach: Math.max(...factors),
  draw(rng) {
    const zoom = 1 / rng.pick(factors);
    return [zoom, 0, 0, 0, zoom, 0];
  },
});

/**
 * Turns about the centre by one of the angles, in degrees.
 * @example await viz.feature(model, 'conv3', { channel: 5, transforms: [viz.rotate([-10, 0, 10])] })
 */
export const rotate = (degrees: readonly number[]): Warp => ({
  text: `rotate(${degrees.join(', ')})`,
  reach: Math.max(...degrees.map(spread)),
  draw(rng) {
    const angle = (rng.pick(degrees) * Math.PI) / 180;
    return [Math.cos(angle), Math.sin(angle), 0, -Math.sin(angle), Math.cos(angle), 0];
  },
});

/** |cos| + |sin|: the half width of a turned pixel. */
function spread(degrees: number): number {
  const angle = (degrees * Math.PI) / 180;
  return Math.abs(Math.cos(angle)) + Math.abs(Math.sin(angle));
}

/**
 * What Lucid uses, in proportion to the picture: shifts, scales of ±10 %, turns of ±10°.
 * @example await viz.feature(model, 'conv3', { channel: 5, transforms: [...viz.standardTransforms(48), viz.jitter(1)] })
 */
export function standardTransforms(size: number): Warp[] {
  const some = (fraction: number) => Math.max(1, Math.round(size * fraction));
  return [
    jitter(some(1 / 28)),
    scale(Array.from({ length: 11 }, (_, i) => 0.9 + i * 0.02)),
    rotate(Array.from({ length: 21 }, (_, i) => i - 10)),
    jitter(some(1 / 56)),
  ];
}

/** The first transform is applied first, so the result's points are traced back through the last one first. */
export function compose(transforms: readonly Warp[], rng: Rng): Affine {
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

/** A bound on the row sums of the chain's |A⁻¹|: they multiply at most. A little is added for rounding. */
export const reachOf = (transforms: readonly Warp[]): number =>
  transforms.reduce((reach, transform) => reach * (transform.reach ?? 1), 1) + 1e-3;
