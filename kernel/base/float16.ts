/** IEEE 754 half precision, to and from float32. Node 20 has no `Float16Array`. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The float that half-precision `half` stands for. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  // subnormal: ±2⁻¹⁴ · f/1024     normal: ±2^(e−15) · (1 + f/1024)
  if (exponent === 0) return sign * 2 ** -14 * (fraction / 1024);
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

/** The nearest half-precision bits of `value`, ties to even, overflow to infinity. */
export function toHalf(value: number): number {
  float[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const magnitude = bits[0] & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // ≥ 65520 rounds to infinity
  if (magnitude < 0x38800000) {
    // below 2⁻¹⁴: count in units of 2⁻²⁴, rounding to even
    const units = Math.abs(float[0]) * 2 ** 24;
    const floor = Math.floor(units);
    const rest = units - floor;
    return sign | (rest > 0.5 || (rest === 0.5 && floor & 1) ? floor + 1 : floor);
  }
  // drop 13 fraction bits, rounding to even
  return sign | ((magnitude - 0x38000000 + 0x0fff + ((magnitude >>> 13) & 1)) >>> 13);
}

/** Every half as a float: a quarter of a megabyte, made on first use. */
let floats: Float32Array | undefined;

/** Checkpoints hold hundreds of millions of halves, so each is looked up. */
export function halvesToFloats(halves: ArrayLike<number>): Float32Array {
  const table = (floats ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => fromHalf(half)));
  const made = new Float32Array(halves.length);
  for (let i = 0; i < made.length; i++) made[i] = table[halves[i]];
  return made;
}

export function floatsToHalves(values: ArrayLike<number>): Uint16Array {
  const made = new Uint16Array(values.length);
  for (let i = 0; i < made.length; i++) made[i] = toHalf(values[i]);
  return made;
}
