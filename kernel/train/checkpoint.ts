/**
 * A run on disk: where it stood and every bit of its state, so that it goes on as if it had never stopped.
 *
 *   "NBRUN2\n\0" · header length (uint32) · checksum of the rest (uint32) · header (JSON) · vectors (float32)
 *
 * There are two files, written in turn: whatever happens to one while it is written, the other is whole.
 */
import { FormatError, NeuronbookError } from '../base/errors.ts';
import { exists, isFolder, list, readFile, remove, writeFile } from '#platform/files';

const MAGIC = 'NBRUN2\n\0';
const HEAD = 16;

/** The held-out loss after a step. */
export interface Measure {
  step: number;
  loss: number;
}

export interface Checkpoint {
  /** What must agree for the run to be the same: parameters, optimizer, loss, seed, schedule. */
  signature: Readonly<Record<string, string>>;
  /** Steps done. */
  step: number;
  measures: readonly Measure[];
  /** Parameters, the optimizer's slots, the losses, and whatever else the run carries. */
  vectors: Readonly<Record<string, Float32Array>>;
}

/** FNV-1a over 32-bit words. */
function checksum(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  for (let i = 0; i < words.length; i++) state = Math.imul(state ^ words[i], 0x01000193);
  return state >>> 0;
}

export function encodeCheckpoint({ vectors, ...rest }: Checkpoint): Uint8Array {
  const entries = Object.entries(vectors);
  const sizes = entries.map(([name, { length }]) => [name, length]);
  const text = new TextEncoder().encode(JSON.stringify({ ...rest, sizes }));
  const padded = Math.ceil(text.length / 4) * 4;
  const bytes = new Uint8Array(HEAD + padded + 4 * entries.reduce((sum, [, { length }]) => sum + length, 0));
  bytes.set(new TextEncoder().encode(MAGIC));
  bytes.set(text, HEAD);
  let at = HEAD + padded;
  for (const [, vector] of entries) {
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
  const { sizes, ...rest } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(HEAD, HEAD + length)),
  ) as Omit<Checkpoint, 'vectors'> & { sizes: [string, number][] };
  let at = HEAD + Math.ceil(length / 4) * 4;
  const vectors: Record<string, Float32Array> = {};
  for (const [name, size] of sizes) {
    vectors[name] = new Float32Array(bytes.buffer, at, size);
    at += 4 * size;
  }
  return { ...rest, vectors };
}

/** The checkpoints of one run, in the run's folder. */
export class CheckpointFolder {
  private readonly folder: string;
  /** The file to write next: the one that does not hold the newest checkpoint. */
  private turn = 0;

  constructor(
    folder: string,
    private readonly signature: Readonly<Record<string, string>>,
  ) {
    this.folder = folder.replace(/[\\/]$/, '');
  }

  private path(turn: number): string {
    return `${this.folder}/checkpoint-${turn + 1}.bin`;
  }

  /**
   * Where the run stands: the newest whole checkpoint; undefined in a folder without one.
   * @throws FormatError where none is whole; NeuronbookError where it belongs to another run
   */
  async load(): Promise<Checkpoint | undefined> {
    if (await isFolder(this.folder)) await this.clear();
    const found: { turn: number; checkpoint?: Checkpoint }[] = [];
    for (const turn of [0, 1])
      if (await exists(this.path(turn)))
        found.push({ turn, checkpoint: decodeCheckpoint(await readFile(this.path(turn))) });
    if (!found.length) return undefined;
    const whole = found.filter(({ checkpoint }) => checkpoint);
    const [newest] = whole.sort((a, b) => b.checkpoint!.step - a.checkpoint!.step);
    if (!newest) {
      const paths = found.map(({ turn }) => this.path(turn)).join(', ');
      throw new FormatError(`checkpoint is damaged: ${paths}; delete it to start again`, paths);
    }
    this.turn = 1 - newest.turn;
    const checkpoint = newest.checkpoint!;
    for (const [what, ours] of Object.entries(this.signature))
      if (checkpoint.signature[what] !== ours)
        throw new NeuronbookError(
          `checkpoint ${this.folder} belongs to another run: its ${what} is ${checkpoint.signature[what]}; ` +
            `expected ${ours}; use another folder, or delete this one to start again`,
        );
    return checkpoint;
  }

  /** The checkpoint is on the disk when this resolves. */
  async save(checkpoint: Omit<Checkpoint, 'signature'>): Promise<void> {
    await writeFile(this.path(this.turn), encodeCheckpoint({ ...checkpoint, signature: this.signature }));
    this.turn = 1 - this.turn;
  }

  /** Drafts of a process that was killed while it wrote. */
  private async clear(): Promise<void> {
    for (const name of await list(this.folder))
      if (/^checkpoint-[12]\.bin\.\d+\.part$/.test(name)) await remove(`${this.folder}/${name}`);
  }
}
