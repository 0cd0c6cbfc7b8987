/** Tensors out of a safetensors file, each read only when it is asked for. */
import { fromBrain } from '../bfloat16.ts';
import { view, type DType } from '../dtype.ts';
import { FormatError, NameError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import type { RandomAccess } from '../random-access.ts';
import { sizeOf, type Dims } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { readHeader, storedTypes, type Header } from './header.ts';

export class Safetensors {
  private readonly header: Header;

  /**
   * Reads the header alone.
   * @throws FormatError where it does not fit the file
   */
  constructor(
    private readonly source: RandomAccess,
    readonly path = 'safetensors',
  ) {
    this.header = readHeader(source, path);
  }

  get names(): string[] {
    return [...this.header.entries.keys()];
  }

  get metadata(): Readonly<Record<string, string>> {
    return this.header.metadata;
  }

  has(name: string): boolean {
    return this.header.entries.has(name);
  }

  /** What is stored under a name: its dims, and its type as the file spells it. */
  info(name: string): { stored: string; dims: Dims; bytes: number } {
    const { stored, dims, length } = this.entry(name);
    return { stored, dims, bytes: length };
  }

  /**
   * One tensor, in memory of its own. bfloat16 becomes float32, which holds it exactly.
   * @throws NameError on an unknown name; FormatError on a stored type that has no dtype here
   */
  read(name: string): Tensor {
    const { stored, dims, offset, length } = this.entry(name);
    const dtype = storedTypes[stored][1];
    if (!dtype)
      throw new FormatError(
        `${this.path}: tensor ${name} is ${stored}, which has no dtype here; store it as BF16, F16 or F32`,
        this.path,
      );
    const { buffer, byteOffset } = this.source.read(offset, length);
    if (stored === 'BF16')
      return new Tensor('float32', dims, fromBrain(new Uint16Array(buffer, byteOffset, length / 2)));
    return new Tensor(dtype, dims, view(dtype as Exclude<DType, 'string'>, buffer, byteOffset, sizeOf(dims)));
  }

  /** Lets go of the file. Tensors that were read stay. */
  close(): void {
    this.source.close();
  }

  private entry(name: string) {
    const entry = this.header.entries.get(name);
    if (!entry) throw new NameError('tensor', name, nearest(name, this.names), `looked in ${this.path}`);
    return entry;
  }
}
