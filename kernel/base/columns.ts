/** A table in columns of typed arrays: what activation stores are written from and read into. */
import { NameError } from './errors.ts';
import { nearest } from './nearest.ts';

export interface Column {
  readonly name: string;
  /** Values a row: 1 is a plain number; more are a vector. */
  readonly width: number;
  /** Rows × width. */
  readonly data: Float32Array | Int32Array;
}

export interface Columns {
  readonly rows: number;
  readonly columns: readonly Column[];
}

/** A table as records, as a file of any origin gives it. */
export interface Records {
  readonly records: readonly Readonly<Record<string, unknown>>[];
  readonly names: readonly string[];
  /** Columns of floating point, or of lists of it: whole numbers in them are floats all the same. */
  readonly fractions: ReadonlySet<string>;
}

/** @throws NameError where a column is asked for that a file does not have */
export function assertColumns(wanted: readonly string[], names: readonly string[]): void {
  const wrong = wanted.find(name => !names.includes(name));
  if (wrong !== undefined) throw new NameError('column', wrong, nearest(wrong, names));
}

/** Rows `from` … `to` − 1; data is shared. */
export const sliceColumns = ({ columns }: Columns, from: number, to: number): Columns => ({
  rows: to - from,
  columns: columns.map(({ name, width, data }) => ({
    name,
    width,
    data: data.subarray(from * width, to * width),
  })),
});
