/** What type errors look like: a warning under a cell that ran, lines below an error, an error in place of a run. */
import type { MimeBundle } from '../base/host.ts';
import { escapeHtml } from '../display/html.ts';
import { excerpt } from './excerpt.ts';
import type { TypeProblem } from './protocol.ts';
import type { CellError } from './runner-protocol.ts';

/** More than these say little more. */
const most = 5;

const title = ({ code, line, column, message, file }: TypeProblem): string =>
  `TS${code} ${file ? `in ${file}` : `at ${line}:${column}`}: ${message}`;

const linesOf = (problem: TypeProblem, source: string, color = false): string[] =>
  problem.file ? [] : excerpt(source, problem.line, problem.column, { around: 0, color });

const count = (problems: readonly TypeProblem[]): string =>
  problems.length === 1 ? '1 type warning' : `${problems.length} type warnings`;

const rest = (problems: readonly TypeProblem[]): string[] =>
  problems.length > most ? [`… ${problems.length - most} more`] : [];

/** Readable without an extension, and without script. */
export function warningOf(problems: readonly TypeProblem[], source: string): MimeBundle {
  const shown = problems.slice(0, most);
  const head = `${count(problems)}; the cell runs all the same`;
  const text = shown.flatMap(problem => [title(problem), ...linesOf(problem, source)]);
  const html = shown.map(problem => {
    const lines = linesOf(problem, source);
    const code = lines.length
      ? `<pre style="margin: 2px 0; padding: 0; font-family: monospace; white-space: pre">${escapeHtml(lines.join('\n'))}</pre>`
      : '';
    return `<div>${escapeHtml(title(problem))}</div>${code}`;
  });
  return {
    'text/html': [
      '<div style="border-left: 3px solid #e69f00; padding: 2px 8px">',
      `<div><b>${escapeHtml(count(problems))}</b>; the cell runs all the same</div>`,
      ...html,
      ...rest(problems).map(line => `<div>${line}</div>`),
      '</div>',
    ].join('\n'),
    'text/plain': [head, ...text, ...rest(problems)].join('\n'),
  };
}

/** What the types say of a cell that failed, unless the error says it too: a name that does not exist. */
export function hintsOf(problems: readonly TypeProblem[], source: string, evalue: string): string[] {
  const told = problems.filter(({ message }) => {
    const missing = /^Cannot find name '([^']+)'\.$/.exec(message)?.[1];
    return missing === undefined || !evalue.includes(missing);
  });
  const shown = told.slice(0, most);
  return shown.flatMap(problem => [`types: ${title(problem)}`, ...linesOf(problem, source, true)]);
}

export function refusalOf(problems: readonly TypeProblem[], source: string): CellError {
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const shown = problems.slice(0, most);
  return {
    ename: 'TypeScriptError',
    evalue: `${title(problems[0])}${more}; the cell did not run`,
    traceback: [
      '\u001b[1;31mTypeScriptError\u001b[0m: type errors; the cell did not run',
      ...shown.flatMap(problem => [title(problem), ...linesOf(problem, source, true)]),
      ...rest(problems),
      '\u001b[2m%types warn: cells with type errors run all the same\u001b[0m',
    ],
  };
}
