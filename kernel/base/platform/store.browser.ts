/** `#platform/store` in a browser: there is no DuckDB there; activations stay in memory. */
import { NeuronbookError } from '../errors.ts';
import type { Columns } from '../columns.ts';

const refuse = (what: string): NeuronbookError =>
  new NeuronbookError(`${what}: not in a browser, which has no DuckDB; harvest without \`to\`, or use Node`);

export async function writeParquet(path: string, _table: Columns): Promise<number> {
  throw refuse(`cannot write ${path}`);
}

export async function readParquet(path: string): Promise<Columns> {
  throw refuse(`cannot read ${path}`);
}

export async function query(
  _sql: string,
  _name: string,
  _from: { files: readonly string[] } | { tables: readonly Columns[] },
): Promise<Record<string, unknown>[]> {
  throw refuse('cannot query');
}
