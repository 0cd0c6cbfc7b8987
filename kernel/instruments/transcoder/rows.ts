/**
 * Where the rows that a coder learns from come in: read from a model as it goes, from a store, or from data that
 * holds them. A batch depends on the seed and the step alone, so that a resumed run sees what it would have seen.
 *
 *   model   data ─▶ batches ─▶ [activations] ─▶ blocks of `buffer` rows, each in an order of its own ─▶ batches of rows
 */
import { NameError, NeuronbookError, ShapeError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { rng } from '../../base/rng.ts';
import { formatDims } from '../../base/shape.ts';
import { Tensor } from '../../base/tensor.ts';
import type { Activations } from '../../data/activations/activations.ts';
import { readings } from '../../model/harvest.ts';
import type { Model } from '../../model/model.ts';
import { drawing, isStream, lengthOf, type Batch, type Data, type Source } from '../../train/data.ts';

/** Values of the sites that are read side by side, N×inputs, and of those that are written, N×outputs. */
export interface Rows {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Rows by site: N×width. */
type Sites = Readonly<Record<string, Tensor>>;

export interface RowSource {
  /** Channels of each site. */
  readonly widths: Readonly<Record<string, number>>;
  /** Rows to measure means and norms on: those that training begins with. */
  sample(): Promise<Rows>;
  /** @returns undefined where the data has ended */
  draw(step: number): Promise<Rows | undefined>;
  close(): void;
}

export interface RowOptions {
  from: readonly string[];
  to: readonly string[];
  /** What the model is run on. */
  data?: Data;
  /** Rows in a batch. */
  batch: number;
  /** Rows that are held and shuffled together, where they come from a model. */
  buffer: number;
  /** Examples that the model is given at a time, where the data is whole tensors. */
  examples?: number;
  seed: number | string;
  /** The axis of the sites that counts positions, where it cannot be told. */
  axis?: number;
}

const isModel = (source: Model | Activations | Data): source is Model =>
  'graph' in source && 'edit' in source;
const isStore = (source: Model | Activations | Data): source is Activations =>
  'widths' in source && 'draw' in source && typeof source.draw === 'function';

/** @throws NeuronbookError where a model comes without data, or the data ends before the first batch */
export async function openRows(source: Model | Activations | Data, options: RowOptions): Promise<RowSource> {
  const { from, to, batch, seed } = options;
  const {
    sites,
    close,
    sample = 0,
  } = isModel(source)
    ? blocks(source, options)
    : isStore(source)
      ? stored(source, batch, seed)
      : given(source, batch, seed);
  const join = (rows: Sites): Rows => {
    const x = joined(rows, from);
    return { x, y: sameSites(from, to) ? x : joined(rows, to) };
  };
  const first = await sites(sample);
  if (!first) {
    close();
    throw new NeuronbookError(`the data ended before the first ${batch} rows; lower \`batch\`, or give more`);
  }
  return {
    widths: Object.fromEntries([...from, ...to].map(site => [site, widthOf(first, site)])),
    sample: async () => join(first),
    async draw(step) {
      const rows = await sites(step);
      return rows && join(rows);
    },
    close,
  };
}

export const sameSites = (from: readonly string[], to: readonly string[]): boolean =>
  from.length === to.length && from.every((site, i) => site === to[i]);

interface SiteSource {
  /** The rows of step 0, 1, …; those of `sample` are for measuring alone. */
  sites(step: number): Promise<Sites | undefined>;
  /** The step to ask for first, to measure on. */
  sample?: number;
  close(): void;
}

function stored(store: Activations, batch: number, seed: number | string): SiteSource {
  const draw = store.draw({ size: batch, shuffle: seed });
  return { sites: draw, close() {} };
}

/** Data that holds the rows themselves. A stream is asked for each batch once. */
function given(data: Data, batch: number, seed: number | string): SiteSource {
  const source = drawing(data, seed, batch);
  let kept: { step: number; rows: Batch } | undefined;
  return {
    async sites(step) {
      if (kept?.step === step) return kept.rows;
      const rows = await source.draw(step);
      kept = rows && { step, rows };
      return rows;
    },
    close: () => source.close?.(),
  };
}

/** Rows of a model, block by block; what is left of a block behind its last whole batch is dropped. */
function blocks(model: Model, options: RowOptions): SiteSource {
  const { from, to, data, batch, seed, axis, examples = 32 } = options;
  if (!data)
    throw new NeuronbookError(
      'a model needs `data` to be run on; expected tensors, a function or an iterable',
    );
  const count = typeof data === 'function' || isStream(data) ? undefined : lengthOf(data);
  const each = count && Math.floor(count / Math.ceil(count / examples));
  const source = drawing(data, seed, each);
  const perPass = count && each ? Math.floor(count / each) : Infinity;
  const buffer = Math.max(batch, options.buffer);
  const reader = new BlockReader(model, source, [...new Set([...from, ...to])], {
    buffer,
    perPass,
    whole: count !== undefined && count === each! * perPass,
    axis,
  });
  let held: { block: number; rows: Sites; order: readonly number[] } | undefined;
  return {
    async sites(step) {
      const perBlock = Math.floor((await reader.blockRows()) / batch);
      if (perBlock < 1) return undefined;
      const block = Math.floor(step / perBlock);
      if (held?.block !== block) {
        const again = reader.wholePass ? held?.rows : undefined;
        held = undefined;
        const rows = again ?? (await reader.read(block));
        if (!rows) return undefined;
        const length = Object.values(rows)[0].dims[0];
        held = { block, rows, order: rng(`${seed}/block/${block}`).permutation(length) };
      }
      const at = (step % perBlock) * batch;
      const chosen = held.order.slice(at, at + batch);
      if (chosen.length < batch) return undefined;
      const { rows } = held;
      return Object.fromEntries(Object.entries(rows).map(([site, all]) => [site, picked(all, chosen)]));
    },
    close: () => source.close?.(),
  };
}

/** Reads a model's activations in blocks of as many batches as fill the buffer, or as there are in a pass. */
class BlockReader {
  private first?: Promise<Sites | undefined>;
  private perBlock = 0;

  constructor(
    private readonly model: Model,
    private readonly source: Source,
    private readonly sites: readonly string[],
    private readonly options: { buffer: number; perPass: number; whole: boolean; axis?: number },
  ) {}

  /** Whether a block is all that there is: then every block has the same rows, and they are read once. */
  get wholePass(): boolean {
    return this.options.whole && this.perBlock === this.options.perPass;
  }

  /** Rows in a block, of batches of the size of the first; 0 where there is none. */
  async blockRows(): Promise<number> {
    const first = await (this.first ??= this.one(0));
    if (!first) return 0;
    const rows = Object.values(first)[0].dims[0];
    this.perBlock = Math.min(this.options.perPass, Math.max(1, Math.ceil(this.options.buffer / rows)));
    return this.perBlock * rows;
  }

  async read(block: number): Promise<Sites | undefined> {
    const parts: Sites[] = [];
    // a run that is resumed has them in the order in which they were read at first
    const from = this.wholePass ? 0 : block * this.perBlock;
    for (let index = from; index < from + this.perBlock; index++) {
      const part = await (index === 0 ? this.first : this.one(index));
      if (!part) break;
      parts.push(part);
    }
    if (!parts.length) return undefined;
    return Object.fromEntries(
      Object.keys(parts[0]).map(site => [site, stacked(parts.map(part => part[site]))]),
    );
  }

  private async one(index: number): Promise<Sites | undefined> {
    const batch = await this.source.draw(index);
    if (!batch) return undefined;
    const { axis } = this.options;
    for await (const { rows, columns } of readings(this.model, [batch], { read: this.sites, axis })) {
      const named = this.sites.map(site => [site, this.model.sites.get(site).name] as const);
      return Object.fromEntries(
        named.map(([site, name]) => {
          const { width, data } = columns.find(column => column.name === name)!;
          return [site, new Tensor('float32', [rows, width], data as Float32Array)];
        }),
      );
    }
    return undefined;
  }
}

function stacked(parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0];
  const width = parts[0].dims[1];
  const rows = parts.reduce((sum, { dims }) => sum + dims[0], 0);
  const all = new Float32Array(rows * width);
  parts.reduce((at, { data }) => (all.set(data as Float32Array, at), at + data.length), 0);
  return new Tensor('float32', [rows, width], all);
}

function picked({ dims: [, width], data }: Tensor, rows: readonly number[]): Tensor {
  const chosen = new Float32Array(rows.length * width);
  rows.forEach((row, i) =>
    chosen.set((data as Float32Array).subarray(row * width, (row + 1) * width), i * width),
  );
  return new Tensor('float32', [rows.length, width], chosen);
}

function widthOf(rows: Sites, site: string): number {
  const found = rows[site];
  if (!found)
    throw new NameError('site', site, nearest(site, Object.keys(rows)), 'the rows have no such entry');
  if (found.dims.length !== 2 || found.dtype !== 'float32')
    throw new ShapeError(
      `rows of ${site} are ${found.dtype} ${formatDims(found.dims)}; expected float32, rows × channels`,
    );
  return found.dims[1];
}

/** Sites side by side, in memory of their own. */
export function joined(rows: Sites, sites: readonly string[]): Tensor {
  if (sites.length === 1) return rows[sites[0]];
  const parts = sites.map(site => rows[site]);
  const [count] = parts[0].dims;
  const width = parts.reduce((sum, { dims }) => sum + dims[1], 0);
  const all = new Float32Array(count * width);
  let at = 0;
  for (const { dims, data } of parts) {
    for (let row = 0; row < count; row++)
      all.set((data as Float32Array).subarray(row * dims[1], (row + 1) * dims[1]), row * width + at);
    at += dims[1];
  }
  return new Tensor('float32', [count, width], all);
}
