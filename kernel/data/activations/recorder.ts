/**
 * Where activations go while they are harvested: into one buffer that is written out as a Parquet part and used again
 * whenever it is full, so that memory does not grow with the harvest. A part is written whole before the folder's
 * manifest names it: a harvest that is killed loses the part it was filling, and goes on from there.
 */
import { exists, list, readFile, writeFile } from '#platform/files';
import { readParquet, writeParquet } from '#platform/store';
import { sliceColumns, type Column, type Columns } from '../../base/columns.ts';
import { FormatError, NeuronbookError, ShapeError } from '../../base/errors.ts';
import { fromHalf, toHalf } from '../../base/float16.ts';
import { Activations, type Part } from './activations.ts';

export interface RecorderOptions {
  /** The folder; in memory where left out. */
  to?: string;
  /** `float16` rounds values to half precision, which takes half the room on disk. */
  dtype?: 'float32' | 'float16';
  /** What decides the rows: a folder that holds other ones is not written to. */
  fingerprint: string;
  /** Replace what the folder holds. */
  overwrite?: boolean;
  /** Bytes of values in a part. */
  partBytes?: number;
}

/** `manifest.json` of a folder. */
interface Manifest {
  format: 'neuronbook.activations';
  version: 1;
  dtype: 'float32' | 'float16';
  fingerprint: string;
  /** Whether the harvest came to its end. */
  complete: boolean;
  /** Batches of the data that are in the parts. */
  batches: number;
  widths: Record<string, number>;
  parts: { file: string; rows: number; bytes: number }[];
}

const MANIFEST = 'manifest.json';
const PART_BYTES = 16 * 2 ** 20;

export class Recorder {
  /** Rows so far, those of an earlier attempt included. */
  rows = 0;
  /** Batches so far; a harvest that goes on begins behind these. */
  batches = 0;
  /** Whether the folder holds the whole harvest already. */
  complete = false;
  private readonly parts: Part[] = [];
  private widths: Record<string, number> = {};
  /** The buffer: columns for `capacity` rows, of which `filled` are used. */
  private buffer?: Columns;
  private filled = 0;

  private constructor(private readonly options: RecorderOptions) {}

  /**
   * @throws NeuronbookError where the folder holds something else
   * @throws FormatError where its manifest is broken
   */
  static async open(options: RecorderOptions): Promise<Recorder> {
    const to = options.to === undefined ? undefined : withoutSlash(options.to);
    const { fingerprint, overwrite = false } = options;
    const recorder = new Recorder({ ...options, to });
    if (to === undefined || overwrite) return recorder;
    const manifest = await readManifest(to);
    if (!manifest) {
      if ((await exists(to)) && (await list(to)).length)
        throw new NeuronbookError(`${to} is not empty, and holds no activations; give another folder`);
      return recorder;
    }
    if (manifest.fingerprint !== fingerprint)
      throw new NeuronbookError(
        `${to} holds another harvest, of ${Object.keys(manifest.widths).join(', ')}: the model, the data or an option ` +
          'has changed; give another folder, open it with openActivations, or pass `overwrite: true`',
      );
    recorder.widths = manifest.widths;
    recorder.parts.push(...manifest.parts.map(part => partOf(to, part, manifest.widths)));
    recorder.rows = manifest.parts.reduce((sum, { rows }) => sum + rows, 0);
    recorder.batches = manifest.batches;
    recorder.complete = manifest.complete;
    return recorder;
  }

  /**
   * Takes the rows of one batch. A batch lies in one part as a whole, so that parts and the count of batches agree.
   * @throws ShapeError where its columns are not those of the batches before
   */
  async append(table: Columns): Promise<void> {
    if (this.buffer && this.filled + table.rows > this.buffer.rows) await this.flush();
    if (!this.buffer || table.rows > this.buffer.rows) this.buffer = this.allocate(table);
    const { columns } = this.buffer;
    table.columns.forEach(({ name, width, data }, i) => {
      if (columns[i]?.name !== name || columns[i].width !== width)
        throw new ShapeError(
          `${name} has ${width} values a row; expected ${columns[i]?.name ?? 'no more columns'} with ${columns[i]?.width ?? 0}, as before`,
        );
      columns[i].data.set(this.rounded(data), this.filled * width);
    });
    this.filled += table.rows;
    this.rows += table.rows;
    this.batches++;
  }

  /** Writes what is left. @param complete whether the data has come to its end */
  async close(complete: boolean): Promise<Activations> {
    await this.flush();
    this.complete = complete;
    if (this.options.to !== undefined) await this.writeManifest();
    return new Activations(this.widths, this.parts, this.options.to);
  }

  private allocate({ rows: least, columns }: Columns): Columns {
    const perRow = columns.reduce((sum, { width }) => sum + 4 * width, 0);
    const rows = Math.max(least, Math.floor((this.options.partBytes ?? PART_BYTES) / perRow));
    const measured = columns.filter(({ data }) => data instanceof Float32Array);
    this.widths = Object.fromEntries(measured.map(({ name, width }) => [name, width]));
    return {
      rows,
      columns: columns.map(({ name, width, data }) => ({
        name,
        width,
        data: data instanceof Int32Array ? new Int32Array(rows * width) : new Float32Array(rows * width),
      })),
    };
  }

  private rounded(values: Column['data']): Column['data'] {
    if (this.options.dtype !== 'float16' || values instanceof Int32Array) return values;
    return values.map(value => fromHalf(toHalf(value)));
  }

  private async flush(): Promise<void> {
    if (!this.buffer || !this.filled) return;
    const table = sliceColumns(this.buffer, 0, this.filled);
    this.filled = 0;
    const { to } = this.options;
    if (to === undefined) {
      // the part keeps the rows; the buffer is used again
      const columns = table.columns.map(column => ({ ...column, data: column.data.slice() }));
      const bytes = columns.reduce((sum, { data }) => sum + data.byteLength, 0);
      const kept = { rows: table.rows, columns };
      this.parts.push({ rows: table.rows, bytes, load: async () => kept });
      return;
    }
    const file = `part-${String(this.parts.length).padStart(6, '0')}.parquet`;
    // the manifest makes the folder
    if (!this.parts.length) await this.writeManifest();
    const bytes = await writeParquet(`${to}/${file}`, table);
    this.parts.push(partOf(to, { file, rows: table.rows, bytes }, this.widths));
    await this.writeManifest();
  }

  private async writeManifest(): Promise<void> {
    const { to, dtype = 'float32', fingerprint } = this.options;
    const manifest: Manifest = {
      format: 'neuronbook.activations',
      version: 1,
      dtype,
      fingerprint,
      complete: this.complete,
      batches: this.parts.length ? this.batches : 0,
      widths: this.widths,
      parts: this.parts.map(({ file, rows, bytes }) => ({ file: file!.slice(to!.length + 1), rows, bytes })),
    };
    await writeFile(`${to}/${MANIFEST}`, `${JSON.stringify(manifest, undefined, 1)}\n`);
  }
}

const partOf = (
  folder: string,
  { file, rows, bytes }: Manifest['parts'][number],
  widths: Readonly<Record<string, number>>,
): Part => ({
  rows,
  bytes,
  file: `${folder}/${file}`,
  async load() {
    const path = `${folder}/${file}`;
    const table = await readParquet(path);
    const found = new Map(table.columns.map(({ name, width }) => [name, width]));
    const odd = Object.keys(widths).find(name => found.get(name) !== widths[name]);
    if (table.rows !== rows || odd)
      throw new FormatError(
        odd
          ? `${path} has ${found.get(odd) ?? 'no'} values of ${odd} a row; expected ${widths[odd]}: it was changed`
          : `${path} has ${table.rows} rows; expected ${rows}: it was changed`,
        path,
      );
    return table;
  },
});

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = `${folder}/${MANIFEST}`;
  if (!(await exists(path))) return undefined;
  const broken = (why: string) => new FormatError(`${path} is not a store of activations: ${why}`, path);
  let found: Partial<Manifest>;
  try {
    found = JSON.parse(new TextDecoder().decode(await readFile(path))) as Partial<Manifest>;
  } catch (error) {
    throw broken((error as Error).message);
  }
  if (found.format !== 'neuronbook.activations' || found.version !== 1)
    throw broken(`it says ${found.format} ${found.version}; expected neuronbook.activations 1`);
  const { widths, parts } = found;
  // a manifest from elsewhere must not name files outside its folder
  const stray = Array.isArray(parts)
    ? parts.find(({ file, rows, bytes }) => !/^part-\d+\.parquet$/.test(file) || !(rows >= 0 && bytes >= 0))
    : parts;
  if (!Array.isArray(parts) || stray)
    throw broken(`part ${JSON.stringify(stray)}; expected file, rows and bytes`);
  if (!widths || !Object.values(widths).every(width => width >= 1))
    throw broken(`widths ${JSON.stringify(widths)}; expected a number for each site`);
  return found as Manifest;
}

/**
 * What an earlier harvest left in a folder, also one that was stopped or killed.
 * @throws NeuronbookError where the folder holds none; FormatError where its manifest is broken
 * @example const acts = await openActivations('acts/')
 */
export async function openActivations(path: string): Promise<Activations> {
  const folder = withoutSlash(path);
  const manifest = await readManifest(folder);
  if (!manifest)
    throw new NeuronbookError(`${path} holds no activations; harvest(model, data, { read, to }) makes some`);
  return new Activations(
    manifest.widths,
    manifest.parts.map(part => partOf(folder, part, manifest.widths)),
    folder,
  );
}

const withoutSlash = (path: string): string => path.replace(/[/\\]+$/, '') || path;
