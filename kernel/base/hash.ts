/** Fingerprints of data: not for secrets, only to tell whether something is what it was. */

export interface Fingerprint {
  add(part: string | ArrayBufferView): Fingerprint;
  /** Sixteen hexadecimal digits. */
  toString(): string;
}

/** FNV-1a over 32-bit words, twice with different offsets: 64 bits, at memory speed. */
export function fingerprint(): Fingerprint {
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  const mix = (word: number) => {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul(b ^ (word >>> 15) ^ (word << 17), 0x85ebca6b) + (a >>> 16);
  };
  const made: Fingerprint = {
    add(part) {
      const bytes =
        typeof part === 'string'
          ? new TextEncoder().encode(part)
          : new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
      mix(bytes.length);
      const aligned = bytes.byteOffset % 4 === 0 ? bytes.length >>> 2 : 0;
      for (const word of new Int32Array(bytes.buffer, aligned ? bytes.byteOffset : 0, aligned)) mix(word);
      for (let i = 4 * aligned; i < bytes.length; i++) mix(bytes[i]);
      return made;
    },
    toString: () => [a, b].map(half => (half >>> 0).toString(16).padStart(8, '0')).join(''),
  };
  return made;
}
