/** What `#platform/download` is asked for: an address, where its content goes, and how to tell that it is whole. */

export interface Download {
  readonly address: string;
  /** Where the whole file will lie; it appears there only when it is whole and checked. */
  readonly path: string;
  /** Sent to the address's own origin only. */
  readonly token?: string;
  /** Bytes in all, where the server has told. */
  readonly size?: number;
  readonly checksum?: Checksum;
  /** Called as bytes arrive; what an earlier try left counts as received. */
  readonly onProgress?: (received: number, total: number | undefined) => void;
  /** Tries without a new byte before giving up, and the pause after the first, in milliseconds, doubled each time. */
  readonly tries?: number;
  readonly pause?: number;
}

/** `sha256` of the content, or `git`: the SHA-1 under which git keeps it. */
export interface Checksum {
  readonly kind: 'sha256' | 'git';
  readonly value: string;
}
