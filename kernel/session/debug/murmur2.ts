/** The hash by which a front end and the kernel name a cell's source alike, without sending it back and forth. */

const M = 0x5bd1e995;

/**
 * MurmurHash2 of the UTF-8 bytes of `text`: an unsigned 32-bit number.
 * @see https://github.com/aappleby/smhasher/blob/master/src/MurmurHash2.cpp
 */
export function murmur2(text: string, seed: number): number {
  const bytes = new TextEncoder().encode(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length & ~3;
  let hash = seed ^ bytes.length;
  for (let i = 0; i < whole; i += 4) {
    let word = Math.imul(view.getInt32(i, true), M);
    word ^= word >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(word, M);
  }
  for (let i = bytes.length - 1; i >= whole; i--) hash ^= bytes[i] << (8 * (i - whole));
  if (whole < bytes.length) hash = Math.imul(hash, M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  hash ^= hash >>> 15;
  return hash >>> 0;
}
