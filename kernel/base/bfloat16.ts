/** bfloat16, the upper half of a float32, which is how most language models are stored. */

/** Exact: every bfloat16 is a float32. */
export function fromBrain(brains: Uint16Array): Float32Array {
  const bits = new Uint32Array(brains.length);
  for (let i = 0; i < brains.length; i++) bits[i] = brains[i] << 16;
  return new Float32Array(bits.buffer);
}
