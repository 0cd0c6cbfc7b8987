/**
 * Activations that were harvested: a table with a row for every position, on disk in parts or in memory. Whatever is
 * asked of it reads a few parts at a time, never all.
 *
 *   example  position  token   blocks.1.mlp.post
 *   0        0         17      256 values
 */
import { query } from '#platform/store';
import { sliceColumns, type Columns } from '../../base/columns.ts';
import { NameError, NeuronbookError, ShapeError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { rng } from '../../base/rng.ts';
import { Tensor } from '../../base/tensor.ts';

/** Some consecutive rows of a store. */
export interface Part {
  readonly rows: number;
  /** Where it lies on disk, if it does. */
  readonly file?: string;
  /** Bytes it takes, on disk or in memory. */
  readonly bytes: number;
  load(): Promise<Columns>;
}

/** Tensors by column: `example`, `position` and `token` int64 of N; sites float32 of N×width. */
export type ActivationBatch = Readonly<Record<string, Tensor>>;

export interface BatchOptions {
  /** Rows in a batch; the last rows of a pass that fill none are left out. */
  size?: number;
  /** Seed of the order; `false` keeps the rows in the order in which they were harvested. */
  shuffle?: string | number | false;
  /**
   * Parts that are in memory together. Rows are shuffled among these, and which parts meet is drawn anew every pass.
   */
  window?: number;
}

export class Activations {
  /** Rows in all. */
  readonly rows: number;
  /** Bytes on disk, or in memory where there is no folder. */
  readonly bytes: number;
  private readonly starts: readonly number[];

  /** @param widths site → values a row */
  constructor(
    readonly widths: Readonly<Record<string, number>>,
    private readonly parts: readonly Part[],
    /** The folder they lie in, if they do. */
    readonly path?: string,
  ) {
    let rows = 0;
    this.starts = parts.map(part => (rows += part.rows) - part.rows);
    this.rows = rows;
    this.bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  }

  /** The sites that were read. */
  get sites(): string[] {
    return Object.keys(this.widths);
  }

  /**
   * Batches of one pass.
   * @example for await (const batch of acts.batches({ size: 16, shuffle: 1 })) display(batch['blocks.1.mlp.post'])
   */
  async *batches(options: BatchOptions = {}): AsyncGenerator<ActivationBatch> {
    const { size = 1024 } = options;
    const draw = this.draw(options);
    for (let step = 0; step < Math.floor(this.rows / size); step++) yield await draw(step);
  }

  /**
   * The batch of any step, for `fit`: passes follow one another, each in an order of its own. The same step gives the
   * same rows, so that a resumed run sees what it would have seen.
   * @throws ShapeError where a batch is larger than the store
   * @example
   * const inputs = { 'blocks.1.mlp.post': ['batch', acts.width('blocks.1.mlp.post')] }
   * const probe = nn.network(nn.linear('logits', { features: 8 }), { inputs })
   * await fit(probe, acts.draw({ size: 16 }), { loss: crossEntropy({ label: 'position' }), steps: 5000 })
   */
  draw({ size = 1024, shuffle = 0, window = 8 }: BatchOptions = {}): (
    step: number,
  ) => Promise<ActivationBatch> {
    if (!(size >= 1 && size <= this.rows))
      throw new ShapeError(`batch of ${size} rows; expected 1 to ${this.rows}, all that there are`);
    const perPass = Math.floor(this.rows / size);
    const known = new Map<string, Promise<Columns>>();
    return async step => {
      const pass = Math.floor(step / perPass);
      const groups = this.groups(pass, shuffle, window);
      const from = (step % perPass) * size;
      const pieces: Columns[] = [];
      for (const { key, parts, start, rows } of groups) {
        const [low, high] = [Math.max(from, start), Math.min(from + size, start + rows)];
        if (low >= high) continue;
        // the group that was left stays until the next but one is asked for
        if (!known.has(key)) for (const old of [...known.keys()].slice(0, -1)) known.delete(old);
        if (!known.has(key))
          known.set(key, this.group(parts, shuffle === false ? false : `${shuffle}/${key}`));
        pieces.push(sliceColumns(await known.get(key)!, low - start, high - start));
      }
      return tensorsOf(joinColumns(pieces));
    };
  }

  /**
   * Rows `from` … `to` − 1, as tensors.
   * @example (await acts.slice(0, 8)).token.toNumbers()
   */
  async slice(from: number, to: number = this.rows): Promise<ActivationBatch> {
    if (!(from >= 0 && from < to && to <= this.rows))
      throw new ShapeError(`rows ${from} to ${to}; expected a range within 0 to ${this.rows}`);
    const pieces: Columns[] = [];
    for (const [i, part] of this.parts.entries()) {
      const [low, high] = [Math.max(from, this.starts[i]), Math.min(to, this.starts[i] + part.rows)];
      if (low < high)
        pieces.push(sliceColumns(await part.load(), low - this.starts[i], high - this.starts[i]));
    }
    return tensorsOf(joinColumns(pieces));
  }

  /**
   * Asks DuckDB. The table is called `acts`; sites are lists, counted from 1.
   * @returns a record a row
   * @throws NeuronbookError with DuckDB's own message; in a browser, always
   * @example await acts.query('select token, avg("blocks.1.mlp.post"[6]) as mean from acts group by token order by mean')
   */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    if (!this.parts.length) throw new NeuronbookError('query: there are no rows to ask about');
    const files = this.parts.flatMap(({ file }) => file ?? []);
    if (files.length) return query(sql, 'acts', { files });
    return query(sql, 'acts', { tables: await Promise.all(this.parts.map(part => part.load())) });
  }

  /** Values a row at a site. @throws NameError with the nearest real sites */
  width(site: string): number {
    if (!(site in this.widths)) throw new NameError('harvested site', site, nearest(site, this.sites));
    return this.widths[site];
  }

  toString(): string {
    const count = (value: number, what: string) => `${value.toLocaleString('en')} ${what}`;
    const where = this.path === undefined ? 'in memory' : `in ${this.path}`;
    const head = `activations: ${count(this.rows, 'rows')}, ${megabytes(this.bytes)} ${where}`;
    return [head, ...Object.entries(this.widths).map(([site, width]) => `  ${site}  ×${width}`)].join('\n');
  }

  [Symbol.for('Jupyter.display')](): Record<string, unknown> {
    return { 'text/plain': this.toString() };
  }

  /** The parts of a pass, those of a window together: what is in memory at a time, and which rows it gives. */
  private groups(pass: number, shuffle: BatchOptions['shuffle'], window: number) {
    const order =
      shuffle === false
        ? this.parts.map((_, i) => i)
        : rng(`${shuffle}/${pass}`).permutation(this.parts.length);
    const groups: { key: string; parts: number[]; start: number; rows: number }[] = [];
    let start = 0;
    for (let at = 0; at < order.length; at += window) {
      const parts = order.slice(at, at + window);
      const rows = parts.reduce((sum, i) => sum + this.parts[i].rows, 0);
      groups.push({ key: `${pass}/${at}`, parts, start, rows });
      start += rows;
    }
    return groups;
  }

  private async group(parts: readonly number[], seed: string | false): Promise<Columns> {
    const loaded: Columns[] = [];
    for (const i of parts) loaded.push(await this.parts[i].load());
    const all = joinColumns(loaded);
    return seed === false ? all : reorder(all, rng(seed).permutation(all.rows));
  }
}

function joinColumns(pieces: readonly Columns[]): Columns {
  if (pieces.length === 1) return pieces[0];
  return {
    rows: pieces.reduce((sum, { rows }) => sum + rows, 0),
    columns: pieces[0].columns.map(({ name, width, data }, i) => {
      const total = pieces.reduce((sum, { columns }) => sum + columns[i].data.length, 0);
      const all = data instanceof Int32Array ? new Int32Array(total) : new Float32Array(total);
      pieces.reduce((at, { columns }) => (all.set(columns[i].data, at), at + columns[i].data.length), 0);
      return { name, width, data: all };
    }),
  };
}

const reorder = ({ rows, columns }: Columns, order: readonly number[]): Columns => ({
  rows,
  columns: columns.map(({ name, width, data }) => {
    const turned = data instanceof Int32Array ? new Int32Array(data.length) : new Float32Array(data.length);
    order.forEach((row, i) => turned.set(data.subarray(row * width, (row + 1) * width), i * width));
    return { name, width, data: turned };
  }),
});

/** Copies, so that a batch outlives the parts it came from. */
const tensorsOf = ({ rows, columns }: Columns): ActivationBatch =>
  Object.fromEntries(
    columns.map(({ name, width, data }) => [
      name,
      data instanceof Int32Array
        ? new Tensor('int64', [rows], BigInt64Array.from(data, BigInt))
        : new Tensor('float32', [rows, width], data.slice()),
    ]),
  );

function megabytes(bytes: number): string {
  const unit = bytes >= 1e9 ? 'GB' : bytes >= 1e6 ? 'MB' : 'kB';
  return `${+(bytes / { GB: 1e9, MB: 1e6, kB: 1e3 }[unit]).toPrecision(3)} ${unit}`;
}
