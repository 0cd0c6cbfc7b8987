/** Bytes that are read piece by piece: a file that stays on disk, or an array that is in memory already. */

export interface RandomAccess {
  /** Bytes in all. */
  readonly size: number;
  /** A fresh copy of `length` bytes from `offset` on. The caller has checked that they lie inside. */
  read(offset: number, length: number): Uint8Array;
  /** Lets go of the file; reading afterwards is an error. */
  close(): void;
}

/** Bytes in memory, read as a file is. */
export const inMemory = (bytes: Uint8Array): RandomAccess => ({
  size: bytes.length,
  read: (offset, length) => bytes.slice(offset, offset + length),
  close() {},
});
