/** The few source lines around an error, numbered, with an arrow at the line and a caret at the column. */

/**
 * `line` and `column` from 1. Lines around it are dim, the line itself is marked, as IPython does.
 * Without `color` the text carries no escape codes.
 */
export function excerpt(
  source: string,
  line: number,
  column: number,
  { around = 2, color = false } = {},
): string[] {
  const lines = source.split('\n');
  if (line < 1 || line > lines.length) return [];
  const first = Math.max(1, line - around);
  const last = Math.min(lines.length, line + around);
  const width = Math.max(7, String(last).length + 6);
  const paint = (code: string, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const shown: string[] = [];
  for (let number = first; number <= last; number++) {
    const text = lines[number - 1];
    if (number !== line) {
      shown.push(`${paint('32', String(number).padStart(width))} ${text}`.trimEnd());
      continue;
    }
    shown.push(
      `${paint('1;32', `${'-'.repeat(width - String(number).length - 3)}> ${number}`.padStart(width))} ${text}`,
    );
    // tabs stay tabs, so that the caret stands under its column
    const indent = text.slice(0, column - 1).replace(/[^\t]/g, ' ');
    shown.push(`${' '.repeat(width)} ${indent}${paint('1;31', '^')}`);
  }
  return shown;
}
