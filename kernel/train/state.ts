/**
 * What a run carries from step to step: flat vectors in two sets. A step reads one set and writes into the other,
 * then they swap, so that nothing is allocated while it runs.
 */
import { Tensor } from '../base/tensor.ts';

export class State {
  current: Record<string, Tensor>;
  next: Record<string, Tensor>;

  /** All zero. @param sizes name → length */
  constructor(sizes: Readonly<Record<string, number>>) {
    const blank = () =>
      Object.fromEntries(
        Object.entries(sizes).map(([name, size]) => [
          name,
          new Tensor('float32', [size], new Float32Array(size)),
        ]),
      );
    [this.current, this.next] = [blank(), blank()];
  }

  /** The vectors that were just written are the current ones. @param names all where left out */
  swap(names: readonly string[] = Object.keys(this.current)): void {
    for (const name of names) [this.current[name], this.next[name]] = [this.next[name], this.current[name]];
  }

  /** The numbers themselves, not a copy: overwritten two steps later. */
  vector(name: string): Float32Array {
    return this.current[name].data as Float32Array;
  }

  vectors(): Record<string, Float32Array> {
    return Object.fromEntries(Object.keys(this.current).map(name => [name, this.vector(name)]));
  }

  copies(names: readonly string[]): Record<string, Float32Array> {
    return Object.fromEntries(names.map(name => [name, this.vector(name).slice()]));
  }

  /** Writes over the vectors that are given. */
  set(vectors: Readonly<Record<string, Float32Array>>): void {
    for (const [name, values] of Object.entries(vectors)) this.vector(name).set(values);
  }
}
