/** Smooth random fields for drawn pictures: value noise on a hashed lattice. Used by `patterns.ts`. */
import type { Rng } from '../base/rng.ts';

/** A field over the plane with values in [0, 1] that varies on a scale of one unit. */
export type Field = (x: number, y: number) => number;

const fade = (t: number) => t * t * (3 - 2 * t);

/** Value noise: random values at the integer points, smoothly interpolated between them. */
export function valueNoise(rng: Rng): Field {
  const values = Float64Array.from({ length: 256 }, () => rng.uniform());
  const at = (x: number, y: number) => {
    const mixed = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1);
    return values[(mixed ^ (mixed >>> 11) ^ (mixed >>> 19)) & 255];
  };
  return (x, y) => {
    const left = Math.floor(x);
    const top = Math.floor(y);
    const across = fade(x - left);
    const upper = at(left, top) + across * (at(left + 1, top) - at(left, top));
    const lower = at(left, top + 1) + across * (at(left + 1, top + 1) - at(left, top + 1));
    return upper + fade(y - top) * (lower - upper);
  };
}
