/**
 * Tables from files: CSV and Parquet → a tensor a column. Whole numbers become int64, numbers float32, `true` and
 * `false` bool, all else text; lists of one length become a second axis. What is missing is NaN, or empty text.
 */
import { parquetRecords } from '#platform/store';
import { ShapeError } from '../../base/errors.ts';
import { Tensor } from '../../base/tensor.ts';
import { parsed, type Source } from './source.ts';

/** Column name → tensor with rows along the first axis. */
export type Table = Record<string, Tensor>;

/**
 * A file of comma-separated values; its first line names the columns. The separator is found out.
 * @throws FormatError where a line has too few or too many fields, or a quote is never closed
 * @example const { height, species } = await readCsv('flowers.csv')
 */
export const readCsv = (source: Source): Promise<Table> =>
  parsed(source, 'a .csv file', async bytes => {
    const { default: papa } = await import('papaparse');
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const { data, errors } = papa.parse<string[]>(text, { skipEmptyLines: true });
    // that a single column has no separator is no error
    const error = errors.find(({ type }) => type !== 'Delimiter');
    if (error) throw new Error(`near line ${(error.row ?? 0) + 1}: ${error.message}`);
    const [names, ...rows] = data;
    if (!names) throw new Error('it is empty; expected a line of column names');
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw new Error(`two columns are called ${twice || 'nothing'}; rename one`);
    const odd = rows.findIndex(row => row.length !== names.length);
    if (odd >= 0)
      throw new Error(
        `near line ${odd + 2}: ${rows[odd].length} fields; expected ${names.length}, as in the first line`,
      );
    return Object.fromEntries(names.map((name, i) => [name, column(rows.map(row => row[i]))]));
  });

/**
 * A Parquet file, whatever wrote it.
 * @param columns names of those to read; all where left out
 * @throws FormatError on anything else, and on a file that was cut short; NameError on a column it does not have
 * @example const { text, label } = await readParquet('train-00000-of-00001.parquet', ['text', 'label'])
 */
export const readParquet = (source: Source, columns?: readonly string[]): Promise<Table> =>
  parsed(source, 'a .parquet file', async bytes => {
    const { records, names, fractions } = await parquetRecords(bytes, columns);
    const of = (name: string) => records.map(record => record[name]);
    return Object.fromEntries(names.map(name => [name, column(of(name), fractions.has(name))]));
  });

const missing = (value: unknown): boolean => value === null || value === undefined || value === '';

/** Values of one column, as text or as what a file gave, as the narrowest tensor that holds them. */
function column(values: readonly unknown[], fraction = false): Tensor {
  const lists = values.filter(
    value => Array.isArray(value) || ArrayBuffer.isView(value),
  ) as ArrayLike<unknown>[];
  if (lists.length && lists.length === values.length) {
    const [{ length }] = lists;
    if (lists.some(list => list.length !== length))
      throw new ShapeError('lists differ in length; expected one length in a column');
    return column(
      lists.flatMap(list => Array.from(list)),
      fraction,
    ).reshape([values.length, length]);
  }
  const dims = [values.length];
  const present = values.filter(value => !missing(value));
  const every = (test: RegExp | ((value: unknown) => boolean)) =>
    present.length > 0 &&
    present.every(value => (typeof test === 'function' ? test(value) : test.test(String(value).trim())));
  const complete = present.length === values.length;
  if (complete && every(/^(true|false)$/i))
    return new Tensor(
      'bool',
      dims,
      Uint8Array.from(values, value => Number(/^true$/i.test(String(value).trim()))),
    );
  // what would lose digits as a number stays whole; beyond 64 bits it is text
  if (!fraction && complete && every(value => /^[+-]?\d{1,18}$/.test(String(value).trim())))
    return new Tensor(
      'int64',
      dims,
      BigInt64Array.from(values, value => BigInt(String(value).trim())),
    );
  if (
    every(value => Number.isFinite(Number(value)) || /^[+-]?(nan|inf(inity)?)$/i.test(String(value).trim()))
  )
    return new Tensor('float32', dims, Float32Array.from(values, number));
  return new Tensor(
    'string',
    dims,
    values.map(value => (missing(value) ? '' : String(value))),
  );
}

function number(value: unknown): number {
  if (missing(value)) return NaN;
  const text = String(value).trim();
  return /^[+-]?inf/i.test(text) ? (text.startsWith('-') ? -Infinity : Infinity) : Number(value);
}
