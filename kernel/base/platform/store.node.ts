/**
 * `#platform/store` in Node: columns of typed arrays ↔ Parquet files, and SQL over both, by DuckDB.
 * Vectors are lists of FLOAT in the files, split by byte and compressed with zstd, so that values which were rounded
 * to half precision take half the room or less.
 */
import type * as DuckDB from '@duckdb/node-api';
import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertColumns, type Column, type Columns, type Records } from '../columns.ts';
import { FormatError, NeuronbookError } from '../errors.ts';

/** Rows that DuckDB hands over at once. */
const CHUNK = 2048;

let loaded: Promise<{ duckdb: typeof DuckDB; instance: DuckDB.DuckDBInstance }> | undefined;

/** Loaded when first needed: most sessions never do. */
const database = () =>
  (loaded ??= (async () => {
    const duckdb = await import('@duckdb/node-api');
    const options = { memory_limit: '1GB', threads: '2' };
    return { duckdb, instance: await duckdb.DuckDBInstance.create(':memory:', options) };
  })());

async function connected<T>(
  work: (connection: DuckDB.DuckDBConnection, duckdb: typeof DuckDB) => Promise<T>,
): Promise<T> {
  const { duckdb, instance } = await database();
  const connection = await instance.connect();
  try {
    return await work(connection, duckdb);
  } finally {
    connection.closeSync();
  }
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/**
 * Writes the whole file or nothing.
 * @returns bytes on disk
 */
export const writeParquet = (path: string, table: Columns): Promise<number> =>
  connected(async (connection, duckdb) => {
    const draft = `${path}.${process.pid}.part`;
    try {
      await fill(connection, duckdb, 'part', table);
      await connection.run(
        `copy part to ${literal(draft)} (format parquet, parquet_version v2, codec zstd, row_group_size 16384)`,
      );
      await rename(draft, path);
      return (await stat(path)).size;
    } catch (error) {
      await rm(draft, { force: true });
      throw new NeuronbookError(`cannot write ${path}: ${(error as Error).message}`, { cause: error });
    } finally {
      await connection.run('drop table if exists part');
    }
  });

/** DuckDB's message without the lines of SQL below it. */
const reason = (error: unknown): string => (error as Error).message.split('\n\nLINE')[0];

/** A temporary table of this connection, filled chunk by chunk. */
async function fill(
  connection: DuckDB.DuckDBConnection,
  duckdb: typeof DuckDB,
  name: string,
  { rows, columns }: Columns,
): Promise<void> {
  const scalar = ({ data }: Column) => (data instanceof Int32Array ? duckdb.INTEGER : duckdb.FLOAT);
  const types = columns.map(column =>
    column.width === 1 ? scalar(column) : duckdb.ARRAY(scalar(column), column.width),
  );
  const names = columns.map(({ name }, i) => `${identifier(name)} ${types[i]}`);
  await connection.run(`create or replace temp table ${name} (${names.join(', ')})`);
  const appender = await connection.createAppender(name, undefined, 'temp');
  for (let from = 0; from < rows; from += CHUNK) {
    const count = Math.min(CHUNK, rows - from);
    const chunk = duckdb.DuckDBDataChunk.create(types, count);
    columns.forEach(({ width, data }, i) => {
      const vector = chunk.getColumnVector(i);
      const values = (width === 1 ? vector : (vector as unknown as Nested).childData) as Flat;
      values.items.set(data.subarray(from * width, (from + count) * width) as never);
      vector.flush();
    });
    appender.appendDataChunk(chunk);
    appender.flushSync();
  }
  appender.closeSync();
}

/** What DuckDB's vectors hold, which their types keep private: the values as they lie in memory. */
interface Flat {
  readonly items: Float32Array | Int32Array;
}
interface Nested {
  readonly childData: unknown;
}

/** @throws FormatError saying what is wrong with the file */
export const readParquet = (path: string): Promise<Columns> =>
  connected(async connection => {
    try {
      const result = await connection.stream(`select * from read_parquet(${literal(path)})`);
      const names = result.columnNames();
      const parts: (Float32Array | Int32Array)[][] = names.map(() => []);
      let rows = 0;
      for (;;) {
        const chunk = await result.fetchChunk();
        if (!chunk?.rowCount) break;
        names.forEach((_, i) => {
          const vector = chunk.getColumnVector(i);
          // the vectors are DuckDB's memory: what is kept is copied
          const { items } = ('childData' in vector ? vector.childData : vector) as Flat;
          parts[i].push(items.slice());
        });
        rows += chunk.rowCount;
      }
      return {
        rows,
        columns: names.map((name, i) => {
          const data = joined(parts[i]);
          return { name, data, width: rows ? data.length / rows : 1 };
        }),
      };
    } catch (error) {
      throw new FormatError(`cannot read ${path}: ${reason(error)}`, path);
    }
  });

function joined(parts: readonly (Float32Array | Int32Array)[]): Float32Array | Int32Array {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const all = parts[0] instanceof Int32Array ? new Int32Array(total) : new Float32Array(total);
  parts.reduce((at, part) => (all.set(part as never, at), at + part.length), 0);
  return all;
}

/**
 * SQL over a view called `name`.
 * @returns a record a row; 64-bit integers as numbers where they fit
 * @throws NeuronbookError with DuckDB's own message
 */
export const query = (
  sql: string,
  name: string,
  from: { files: readonly string[] } | { tables: readonly Columns[] },
): Promise<Record<string, unknown>[]> =>
  connected(async (connection, duckdb) => {
    const sources: string[] = [];
    try {
      if ('files' in from) sources.push(`read_parquet([${from.files.map(literal).join(', ')}])`);
      else
        for (const [i, table] of from.tables.entries()) {
          sources.push(`part${i}`);
          await fill(connection, duckdb, `part${i}`, table);
        }
      const union = sources.map(source => `select * from ${source}`).join(' union all ');
      await connection.run(`create or replace temp view ${identifier(name)} as ${union}`);
      const rows = (await connection.runAndReadAll(sql)).getRowObjectsJS();
      return rows.map(row =>
        Object.fromEntries(Object.entries(row).map(([key, value]) => [key, narrowed(value)])),
      );
    } catch (error) {
      throw new NeuronbookError(`query failed: ${reason(error)}`, { cause: error });
    }
  });

/**
 * Any Parquet file as records. DuckDB reads them here and not hyparquet, as in a browser: of 1,000 files with a few
 * bytes changed, one made that one end the process.
 * @param columns those to read; all where left out
 */
export const parquetRecords = (bytes: Uint8Array, columns?: readonly string[]): Promise<Records> =>
  withFile(bytes, path =>
    connected(async connection => {
      const from = `from read_parquet(${literal(path)})`;
      const described = (await connection.runAndReadAll(`describe select * ${from}`)).getRowObjectsJS();
      const types = new Map(described.map(row => [String(row.column_name), String(row.column_type)]));
      const names = columns ?? [...types.keys()];
      assertColumns(names, [...types.keys()]);
      const result = await connection.runAndReadAll(`select ${names.map(identifier).join(', ')} ${from}`);
      return {
        records: result.getRowObjectsJS(),
        names,
        fractions: new Set(names.filter(name => /FLOAT|DOUBLE|DECIMAL/.test(types.get(name)!))),
      };
    }),
  );

/** DuckDB reads files only. */
async function withFile<T>(bytes: Uint8Array, work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'neuronbook-parquet-'));
  try {
    await writeFile(join(folder, 'data.parquet'), bytes);
    return await work(join(folder, 'data.parquet'));
  } catch (error) {
    if (error instanceof NeuronbookError) throw error;
    throw new Error(reason(error).replaceAll(folder, '…'), { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const narrowed = (value: unknown): unknown =>
  typeof value === 'bigint' && BigInt(Number(value)) === value ? Number(value) : value;
