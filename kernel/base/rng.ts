/** Seeded random numbers: the same seed gives the same stream on every platform. */

/** A stream of random numbers. `split` derives an independent stream, so that adding a draw moves nothing else. */
export interface Rng {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer in [0, count). */
  integer(count: number): number;
  pick<T>(items: readonly T[]): T;
  /** A random order of 0 … count−1. */
  permutation(count: number): number[];
  split(label: string | number): Rng;
}

/** FNV-1a, 32 bit. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state >>> 0;
}

/**
 * sfc32, Chris Doty-Humphrey's small fast counting generator: 128 bits of state, passes PractRand.
 * @see https://pracrand.sourceforge.net/RNG_engines.txt
 * @example rng('a seed').integer(6) === rng('a seed').integer(6) // → true
 */
export function rng(seed: string | number): Rng {
  const text = String(seed);
  let a = hash(`${text}/a`);
  let b = hash(`${text}/b`);
  let c = hash(`${text}/c`);
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();

  const uniform = () => next() / 2 ** 32;
  let spare: number | undefined;
  const normal = () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // Box–Muller: r = √(−2 ln u), θ = 2πv give two independent normals r cos θ, r sin θ
    const r = Math.sqrt(-2 * Math.log(1 - uniform()));
    const theta = 2 * Math.PI * uniform();
    spare = r * Math.sin(theta);
    return r * Math.cos(theta);
  };
  const integer = (count: number) => Math.floor(uniform() * count);
  return {
    uniform,
    normal,
    integer,
    between: (low, high) => low + (high - low) * uniform(),
    pick: items => items[integer(items.length)],
    permutation(count) {
      // Fisher–Yates
      const order = Array.from({ length: count }, (_, i) => i);
      for (let i = count - 1; i > 0; i--) {
        const j = integer(i + 1);
        [order[i], order[j]] = [order[j], order[i]];
      }
      return order;
    },
    split: label => rng(`${text}/${label}`),
  };
}
