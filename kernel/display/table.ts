/** Rows that show themselves: a text table in a terminal, an HTML one in a notebook. */
import { cellText, htmlTable } from './html.ts';

export type Row = Readonly<Record<string, string | number | undefined>>;

/**
 * Rows of equal columns; iterable, and readable as `rows`.
 * @example new Table([{ site: 'conv1', ms: 1.25 }, { site: 'conv2', ms: 3.5 }], 'two sites')
 */
export class Table<R extends Row = Row> implements Iterable<R> {
  /** @param note a line below the rows */
  constructor(
    readonly rows: readonly R[],
    readonly note = '',
  ) {}

  get length(): number {
    return this.rows.length;
  }

  [Symbol.iterator](): Iterator<R> {
    return this.rows[Symbol.iterator]();
  }

  toString(): string {
    const columns = Object.keys(this.rows[0] ?? {});
    const widths = columns.map(column =>
      Math.max(column.length, ...this.rows.map(row => cellText(row[column]).length)),
    );
    const line = (row: Row) =>
      columns
        .map((column, i) => {
          const text = cellText(row[column]);
          return typeof row[column] === 'number' ? text.padStart(widths[i]) : text.padEnd(widths[i]);
        })
        .join('  ')
        .trimEnd();
    const head = columns
      .map((column, i) => column.padEnd(widths[i]))
      .join('  ')
      .trimEnd();
    return [head, ...this.rows.map(line), ...(this.note ? [this.note] : [])].join('\n');
  }

  toHtml(): string {
    const columns = Object.keys(this.rows[0] ?? {});
    return htmlTable(
      columns,
      this.rows.map(row => columns.map(column => row[column])),
      this.note,
    );
  }

  [Symbol.for('Jupyter.display')](): Record<string, unknown> {
    return { 'text/plain': this.toString(), 'text/html': this.toHtml() };
  }
}
