/**
 * A run on disk: where it stood and every bit of its state, so that it goes on as if it had never stopped.
 *
 *   "NBRUN1\n\0" · header length (uint32) · checksum of the rest (uint32) · header (JSON) · state vectors (float32)
 */
import { FormatError, NeuronbookError } from '../base/errors.ts';
import { exists, readFile, writeFile } from '#platform/files';

const MAGIC = 'NBRUN1\n\0';
const HEAD = 16;

export interface Checkpoint {
  /** What must agree for the run to be the same: parameters, optimizer, loss, seed, schedule. */
  signature: Readonly<Record<string, string>>;
  /** Steps done. */
  step: number;
  losses: readonly number[];
  /** Parameters, then the optimizer's slots. */
  state: readonly Float32Array[];
}

/** FNV-1a over 32-bit words. */
function checksum(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  for (let i = 0; i < words.length; i++) state = Math.imul(state ^ words[i], 0x01000193);
  return state >>> 0;
}

export function encodeCheckpoint({ signature, step, losses, state }: Checkpoint): Uint8Array {
  const header = JSON.stringify({ signature, step, losses, sizes: state.map(vector => vector.length) });
  const text = new TextEncoder().encode(header);
  const padded = Math.ceil(text.length / 4) * 4;
  const bytes = new Uint8Array(HEAD + padded + 4 * state.reduce((sum, vector) => sum + vector.length, 0));
  bytes.set(new TextEncoder().encode(MAGIC));
  bytes.set(text, HEAD);
  let at = HEAD + padded;
  for (const vector of state) {
    bytes.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), at);
    at += vector.byteLength;
  }
  new DataView(bytes.buffer).setUint32(8, text.length, true);
  new DataView(bytes.buffer).setUint32(12, checksum(bytes.subarray(HEAD)), true);
  return bytes;
}

/** @returns undefined where the bytes are not a whole checkpoint */
export function decodeCheckpoint(given: Uint8Array): Checkpoint | undefined {
  // a copy, so that the vectors lie aligned
  const bytes = given.slice();
  if (bytes.length < HEAD || new TextDecoder().decode(bytes.subarray(0, 8)) !== MAGIC) return undefined;
  const view = new DataView(bytes.buffer);
  if (bytes.length % 4 || view.getUint32(12, true) !== checksum(bytes.subarray(HEAD))) return undefined;
  const length = view.getUint32(8, true);
  const { signature, step, losses, sizes } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(HEAD, HEAD + length)),
  ) as Omit<Checkpoint, 'state'> & { sizes: number[] };
  let at = HEAD + Math.ceil(length / 4) * 4;
  const state = sizes.map(size => {
    const vector = new Float32Array(bytes.buffer, at, size);
    at += 4 * size;
    return vector;
  });
  return { signature, step, losses, state };
}

/** The checkpoint of one run, in the run's folder. */
export class CheckpointFolder {
  private readonly path: string;

  constructor(
    private readonly folder: string,
    private readonly signature: Readonly<Record<string, string>>,
  ) {
    this.path = `${folder.replace(/[\\/]$/, '')}/checkpoint.bin`;
  }

  /**
   * Where the run stands; undefined in a folder without a checkpoint.
   * @throws FormatError where the file is damaged; NeuronbookError where it belongs to another run
   */
  async load(): Promise<Checkpoint | undefined> {
    if (!(await exists(this.path))) return undefined;
    const checkpoint = decodeCheckpoint(await readFile(this.path));
    if (!checkpoint)
      throw new FormatError(`checkpoint is damaged: ${this.path}; delete it to start again`, this.path);
    for (const [what, ours] of Object.entries(this.signature))
      if (checkpoint.signature[what] !== ours)
        throw new NeuronbookError(
          `checkpoint ${this.folder} belongs to another run: its ${what} is ${checkpoint.signature[what]}; ` +
            `expected ${ours}; use another folder, or delete this one to start again`,
        );
    return checkpoint;
  }

  async save(checkpoint: Omit<Checkpoint, 'signature'>): Promise<void> {
    await writeFile(this.path, encodeCheckpoint({ ...checkpoint, signature: this.signature }));
  }
}
