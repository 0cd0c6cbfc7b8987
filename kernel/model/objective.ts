/**
 * What a gradient is taken of: a value that turns activations into one number, composes and prints itself.
 * `pick` is the plainest; richer ones (channel, direction, …) live in `instruments/feature/`.
 */
import { NeuronbookError, ShapeError } from '../base/errors.ts';
import { fingerprint } from '../base/hash.ts';
import { formatDims } from '../base/shape.ts';
import { add, mul, reshape, slice } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import type { Site } from './sites.ts';

/** What an objective may look at: the value at a site, and what is known about the site. */
export interface Reading {
  value(site: string): Var;
  describe(site: string): Site;
  /** Where several examples are looked at together: the value of each at a site, and which of them this one is. */
  readonly examples?: { readonly index: number; values(site: string): readonly Var[] };
}

export class Objective {
  /**
   * @param text how it prints, e.g. `channel('conv3', 5)`
   * @param build the graph piece: activations in, one number (dims []) out
   * @param key what tells it from every other objective: gradients of one key share a graph. Where it is left out,
   *   each gradient is traced anew, since functions cannot be compared
   */
  constructor(
    readonly text: string,
    readonly build: (read: Reading) => Var,
    readonly key?: string,
    private readonly compound = false,
  ) {}

  /**
   * this + other
   * @example channel('conv3', 5).add(channel('conv3', 6)) // → channel('conv3', 5) + channel('conv3', 6)
   */
  add(other: Objective): Objective {
    return new Objective(
      `${this.text} + ${other.text}`,
      read => add(this.build(read), other.build(read)),
      both(this.key, other.key),
      true,
    );
  }

  /**
   * this × factor
   * @example pick('logits', [0, 3]).scale(2) // → 2·pick('logits', [0, 3])
   */
  scale(factor: number): Objective {
    if (!Number.isFinite(factor))
      throw new NeuronbookError(`objective scaled by ${factor}; expected a finite number`);
    return new Objective(
      `${factor}·${this.grouped}`,
      read => mul(this.build(read), factor),
      both(`${factor}`, this.key),
    );
  }

  /**
   * −this: ascent on it is descent on the original.
   * @example channel('conv3', 5).neg() // → −channel('conv3', 5)
   */
  neg(): Objective {
    return new Objective(`−${this.grouped}`, read => mul(this.build(read), -1), both('−', this.key));
  }

  toString(): string {
    return this.text;
  }

  [Symbol.for('Jupyter.display')](): Record<string, unknown> {
    return { 'text/plain': this.text };
  }

  private get grouped(): string {
    return this.compound ? `(${this.text})` : this.text;
  }
}

/**
 * One element of a site's value.
 * @param index one number per axis, batch first; −1 counts from the end
 * @throws ShapeError where the index does not fit the site
 * @example await model.gradient({ image }, { of: pick('logits', [0, 3]), at: ['image'] })
 */
export function pick(site: string, index: readonly number[]): Objective {
  return stated(`pick('${site}', [${index.join(', ')}])`, read => elementAt(read.value(site), index, site));
}

/** An objective whose text says all that it depends on, but for the numbers of `data`. */
export function stated(
  text: string,
  build: (read: Reading) => Var,
  ...data: readonly ArrayBufferView[]
): Objective {
  const print = data.reduce((all, part) => all.add(part), fingerprint());
  return new Objective(text, build, data.length ? `${text} ${print}` : text);
}

/** The key of what is made of two; none where one has none. */
const both = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || b === undefined ? undefined : `(${a} ${b})`;

/** x[index] as a scalar var. */
export function elementAt(value: Var, index: readonly number[], site: string): Var {
  const fits =
    index.length === value.dims.length &&
    index.every((at, axis) => Number.isInteger(at) && at >= -value.dims[axis] && at < value.dims[axis]);
  if (!fits)
    throw new ShapeError(
      `index [${index.join(', ')}] does not fit ${site}; expected ${value.dims.length} numbers within ${formatDims(value.dims)}`,
    );
  const starts = index.map((at, axis) => (at < 0 ? at + value.dims[axis] : at));
  const ends = starts.map(start => start + 1);
  return reshape(slice(value, starts, ends), []);
}
