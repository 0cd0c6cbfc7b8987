/** Tables of values that have rows and columns: lists and maps of records, and Arrow tables of any package. */
import type { MimeBundle } from '../base/host.ts';
import { isDisplayable } from './displayable.ts';
import { cellText, htmlTable } from './html.ts';
import { isPlain } from './text.ts';

const maxRows = 50;
const maxColumns = 20;
/** Rows of a table in text. */
const maxLines = 10;

const isRow = (value: unknown): value is Record<string, unknown> => isPlain(value) && !isDisplayable(value);

/** At least two records become a table; anything else stays text. */
export function recordsTable(value: object): MimeBundle | undefined {
  if (value instanceof Map) return mapTable(value);
  if (!Array.isArray(value) || value.length < 2) return undefined;
  const rows = value.slice(0, maxRows) as unknown[];
  if (!rows.every(isRow)) return undefined;
  const columns = columnsOf(rows);
  return columns.length ? { 'text/html': tableOf(columns, rows, value.length) } : undefined;
}

function mapTable(map: ReadonlyMap<unknown, unknown>): MimeBundle | undefined {
  if (map.size < 2) return undefined;
  const rows: Record<string, unknown>[] = [];
  for (const [key, row] of map) {
    if (!isRow(row)) return undefined;
    rows.push({ key, ...row });
    if (rows.length === maxRows) break;
  }
  return { 'text/html': tableOf(columnsOf(rows), rows, map.size) };
}

const columnsOf = (rows: readonly Record<string, unknown>[]): string[] => [
  ...new Set(rows.flatMap(row => Object.keys(row))),
];

function tableOf(
  columns: readonly string[],
  rows: readonly Record<string, unknown>[],
  count: number,
): string {
  const shown = columns.slice(0, maxColumns);
  return htmlTable(
    shown,
    rows.map(row => shown.map(name => read(row, name))),
    [more(count - rows.length, 'row'), more(columns.length - shown.length, 'column')]
      .filter(Boolean)
      .join(', '),
  );
}

const more = (count: number, what: string): string =>
  count > 0 ? `… ${count} more ${what}${count > 1 ? 's' : ''}` : '';

/** A getter that throws costs its own cell of the table only. */
function read(row: Record<string, unknown>, name: string): unknown {
  try {
    return row[name];
  } catch (error) {
    return `(${error instanceof Error ? error.message : 'threw'})`;
  }
}

/** What apache-arrow and its kind have in common. */
interface Arrow {
  schema: { fields: readonly { name: string; type?: unknown }[] };
  numRows: number;
  get(index: number): Record<string, unknown> | null;
}

function isArrow(value: object): value is Arrow {
  const { schema, numRows, get } = value as Partial<Arrow>;
  return Array.isArray(schema?.fields) && Number.isInteger(numRows) && typeof get === 'function';
}

export function arrowTable(value: object): MimeBundle | undefined {
  if (!isArrow(value)) return undefined;
  const { fields } = value.schema;
  const columns = fields.map(({ name }) => String(name));
  const rows = Array.from({ length: Math.min(maxRows, value.numRows) }, (_, i) => value.get(i) ?? {});
  const types = fields.map(({ name, type }) =>
    type === undefined ? name : `${name}: ${String(type as string)}`,
  );
  const shown = columns.slice(0, maxColumns);
  const lines = rows.slice(0, maxLines).map(row => shown.map(name => cellText(read(row, name))).join('  '));
  return {
    'text/html': tableOf(columns, rows, value.numRows),
    'text/plain': [
      `table, ${value.numRows} rows × ${columns.length} columns`,
      types.join(', '),
      ...lines,
      ...(value.numRows > lines.length ? [more(value.numRows - lines.length, 'row')] : []),
    ].join('\n'),
  };
}
