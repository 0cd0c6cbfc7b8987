/** `#platform/store` in a browser: there is no DuckDB there; activations stay in memory. */
import { NeuronbookError } from '../errors.ts';
import type { SchemaTree } from 'hyparquet';
import { assertColumns, type Columns, type Records } from '../columns.ts';

const refuse = (what: string, next: string): NeuronbookError =>
  new NeuronbookError(`cannot ${what}: a browser has no DuckDB; ${next}, or use Node`);

export async function writeParquet(path: string, _table: Columns): Promise<number> {
  throw refuse(`write ${path}`, 'harvest without `to`');
}

export async function readParquet(path: string): Promise<Columns> {
  throw refuse(`read ${path}`, 'harvest in the page');
}

export async function query(
  _sql: string,
  _name: string,
  _from: { files: readonly string[] } | { tables: readonly Columns[] },
): Promise<Record<string, unknown>[]> {
  throw refuse('query', 'take rows by `slice` or `batches`');
}

/** Any Parquet file as records. @param columns those to read; all where left out */
export async function parquetRecords(bytes: Uint8Array, columns?: readonly string[]): Promise<Records> {
  const [{ parquetMetadataAsync, parquetReadObjects, parquetSchema }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const file = bytes.slice().buffer;
  const metadata = await parquetMetadataAsync(file);
  const schema = parquetSchema(metadata).children;
  const known = schema.map(({ element }) => element.name);
  const names = columns ?? known;
  assertColumns(names, known);
  return {
    records: await parquetReadObjects({ file, metadata, compressors, columns: [...names] }),
    names,
    fractions: new Set(schema.filter(isFraction).map(({ element }) => element.name)),
  };
}

const isFraction = ({ element, children }: SchemaTree): boolean =>
  element.type === 'FLOAT' || element.type === 'DOUBLE' || children.some(isFraction);
