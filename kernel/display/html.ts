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
  if (typeof value === 'object' && value !== null) {
    const text =
      value instanceof Date
        ? value.toISOString()
        : JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item));
    return text && text.length > 80 ? `${text.slice(0, 79)}…` : (text ?? '');
  }
  const text = String(value);
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
