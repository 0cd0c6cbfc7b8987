/** Script-free HTML for displays: escaped text and plain tables, readable wherever a notebook is. */

export const escapeHtml = (text: string): string =>
  text.replace(
    /[&<>"']/g,
    char => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[char] ?? char,
  );

/** Cells are text, not HTML. Numbers stand right. */
export function htmlTable(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  note = '',
): string {
  const numeric = columns.map((_, i) =>
    rows.every(row => row[i] === undefined || typeof row[i] === 'number'),
  );
  const align = (i: number) => ` style="text-align: ${numeric[i] ? 'right' : 'left'}"`;
  const head = columns.map((name, i) => `<th${align(i)}>${escapeHtml(name)}</th>`).join('');
  const body = rows
    .map(
      row =>
        `<tr>${columns.map((_, i) => `<td${align(i)}>${escapeHtml(cellText(row[i]))}</td>`).join('')}</tr>`,
    )
    .join('\n');
  const foot = note && `\n<p>${escapeHtml(note)}</p>`;
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body}\n</tbody>\n</table>${foot}`;
}

/** A value in one table cell. */
export function cellText(value: unknown): string {
  if (value === undefined) return '';
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(value) : String(+value.toPrecision(6));
  if (typeof value === 'object' && value !== null) return shortened(brief(value), 80);
  return shortened(String(value), 300);
}

const shortened = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

/** Items of a list that one table cell has room for. */
const room = 12;

/** As JSON where that is short; of what is long or deep, its kind and size. */
function brief(value: unknown, depth = 0): string {
  if (typeof value === 'bigint') return `"${value}n"`;
  if (typeof value === 'string') return JSON.stringify(shortened(value, 100));
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Date) return Number.isNaN(+value) ? 'Invalid Date' : value.toISOString();
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const kind = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor
    ?.name;
  if (ArrayBuffer.isView(value)) return `${kind}(${(value as Uint8Array).length ?? value.byteLength})`;
  if (value instanceof Map || value instanceof Set) return `${kind}(${value.size})`;
  if (Array.isArray(value)) {
    if (depth > 2) return `[${value.length}]`;
    const items = value.slice(0, room).map(item => brief(item, depth + 1));
    return `[${items.join(',')}${value.length > room ? ',…' : ''}]`;
  }
  if (kind && kind !== 'Object') return `[${kind}]`;
  if (depth > 2) return '{…}';
  const keys = Object.keys(value);
  const items = keys.slice(0, room).map(key => {
    const { value: item, get } = Object.getOwnPropertyDescriptor(value, key) ?? {};
    return `${JSON.stringify(key)}:${get ? '[Getter]' : brief(item, depth + 1)}`;
  });
  return `{${items.join(',')}${keys.length > room ? ',…' : ''}}`;
}
