/** Dropout masks: made outside the graph, so that a resumed run draws what it would have drawn. */
import type { Rng } from '../base/rng.ts';

/**
 * Fills a mask with 0 and, for the share that is kept, 1/kept. Two elements are drawn from each number of splitmix32,
 * seeded once: a mask is as long as all activations of a layer, and a closure's call for each element would be slow.
 * @see https://doi.org/10.1145/2660193.2660195
 */
export function fillMask(mask: Float32Array, kept: number, random: Rng): void {
  // 16 bits each: the share is rounded to 1/65536, and the value follows it
  const limit = Math.max(1, Math.round(kept * 65536));
  const value = 65536 / limit;
  let state = random.integer(2 ** 32) | 0;
  for (let i = 0; i < mask.length; i += 2) {
    state = (state + 0x9e3779b9) | 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    z ^= z >>> 15;
    mask[i] = (z & 0xffff) < limit ? value : 0;
    if (i + 1 < mask.length) mask[i + 1] = z >>> 16 < limit ? value : 0;
  }
}
