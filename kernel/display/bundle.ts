/**
 * A value → MIME bundle: what a cell's result and `display` send. Values that answer `Symbol.for('Jupyter.display')`
 * show themselves; the rest is text, and lists of records are tables.
 */
import { inspect } from '#platform/inspect';
import type { MimeBundle } from '../base/host.ts';
import { htmlTable } from './html.ts';

/** A method with this name returns a MIME bundle, or a promise of one. Deno and other kernels ask for it too. */
export const displaySymbol: unique symbol = Symbol.for('Jupyter.display') as never;

/** A value for which this is true has already shown itself: as a cell's last value it shows nothing. */
export const silentSymbol: unique symbol = Symbol.for('neuronbook.silent') as never;

export interface Displayable {
  [displaySymbol](): MimeBundle | Promise<MimeBundle>;
}

export const isSilent = (value: unknown): boolean =>
  value === undefined ||
  (typeof value === 'object' && value !== null && Boolean((value as Record<symbol, unknown>)[silentSymbol]));

export const isDisplayable = (value: unknown): value is Displayable =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  typeof (value as Partial<Displayable>)[displaySymbol] === 'function';

/** Always carries `text/plain`. A promise only where the value takes its time. */
export function bundleOf(value: unknown): MimeBundle | Promise<MimeBundle> {
  if (!isDisplayable(value)) return plainBundle(value);
  try {
    const made = value[displaySymbol]();
    if (made instanceof Promise || typeof (made as { then?: unknown })?.then === 'function')
      return Promise.resolve(made).then(
        bundle => complete(bundle, value),
        (error: unknown) => failed(error, value),
      );
    return complete(made, value);
  } catch (error) {
    return failed(error, value);
  }
}

function complete(bundle: MimeBundle, value: unknown): MimeBundle {
  if (typeof bundle !== 'object' || bundle === null)
    return failed(new TypeError('it returned no MIME bundle'), value);
  return 'text/plain' in bundle ? bundle : { ...bundle, 'text/plain': textOf(value) };
}

/** A display that fails must not take the value away. */
const failed = (error: unknown, value: unknown): MimeBundle => ({
  'text/plain': `${textOf(value)}\n(its own display failed: ${error instanceof Error ? error.message : String(error)})`,
});

function plainBundle(value: unknown): MimeBundle {
  const table = tableOf(value);
  return { ...(table && { 'text/html': table }), 'text/plain': textOf(value) };
}

/** Long lists of numbers say little: a few of them are shown. */
const isNumbers = (value: unknown): boolean => ArrayBuffer.isView(value);

function textOf(value: unknown): string {
  const short = isNumbers(value) || (isRecord(value) && Object.values(value).some(isNumbers));
  return inspect(value, { items: short ? 12 : 100 });
}

const maxRows = 50;
const maxColumns = 20;

/** At least two records become a table; anything else stays text. */
function tableOf(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length < 2) return undefined;
  const rows = value.slice(0, maxRows) as unknown[];
  if (!rows.every(isRecord)) return undefined;
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))];
  if (!columns.length || columns.length > maxColumns) return undefined;
  const rest = value.length - rows.length;
  return htmlTable(
    columns,
    rows.map(row => columns.map(name => row[name])),
    rest > 0 ? `… ${rest} more rows` : '',
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isDisplayable(value))
    return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
