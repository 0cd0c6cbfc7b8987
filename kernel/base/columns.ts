/** A table in columns of typed arrays: what activation stores are written from and read into. */

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

/** Rows `from` … `to` − 1; data is shared. */
export const sliceColumns = ({ columns }: Columns, from: number, to: number): Columns => ({
  rows: to - from,
  columns: columns.map(({ name, width, data }) => ({
    name,
    width,
    data: data.subarray(from * width, to * width),
  })),
});
