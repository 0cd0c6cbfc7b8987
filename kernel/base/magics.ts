/**
 * Finds the magics of a cell: lines such as `%time f()` and `!ls`, and cells that open with `%%html`. Pure text, so
 * that the session, which runs them, and the language service, which must not trip over them, see the same.
 *
 * `%` and `!` are operators of TypeScript too. A line is a magic only where a statement may stand, and only if it
 * means nothing as TypeScript: it does not parse, or the name that it begins with is one that nobody has declared.
 */
import { parseSync, Visitor } from 'oxc-parser';
import { isTooDeep } from './nesting.ts';

export interface LineMagic {
  /** `sh` for a line that opens with `!`. */
  name: string;
  /** What follows the name. */
  text: string;
  /** Where the line's magic begins and ends in the cell, and where `text` begins; UTF-16 units. */
  start: number;
  end: number;
  textStart: number;
}

export interface CellMagic {
  name: string;
  /** The rest of the first line. */
  text: string;
  /** Where the lines below it begin. */
  bodyStart: number;
}

export interface Magics {
  /** A magic that takes the whole cell; there are no lines then. */
  cell?: CellMagic;
  lines: readonly LineMagic[];
}

type IsName = (name: string) => boolean;
type Place = Pick<LineMagic, 'start' | 'end'>;

/** Magics whose text is TypeScript. */
export const takesCode = (name: string): boolean => name === 'time' || name === 'timeit';

// a backslash at the end of a line goes on in the next, as in a shell
const candidate = /^([ \t]*)(?:%(?=[A-Za-z]\w*(?:[ \t;?]|\r?$))|!(?!=))(?:.*\\\r?\n)*[^\r\n]*/gm;
const wholeCell = /^(?:[ \t]*\r?\n)*[ \t]*%%([\w!]+)([^\r\n]*)(?:\r?\n|$)/;
const keyword =
  /^(?:async|await|class|delete|false|function|import|new|null|super|this|true|typeof|undefined|void|yield)$/;

/** @param isName whether the notebook has declared a name, or Node has it */
export function findMagics(code: string, isName: IsName = () => false): Magics {
  const opening = wholeCell.exec(code);
  if (opening) {
    const [whole, name, text] = opening;
    const start = whole.indexOf('%%');
    // nothing below: it asks about the magic, as `%time?` does
    if (isQuestion(text.trim()) && !code.slice(whole.length).trim())
      return { lines: [{ name: 'help', text: name, start, end: code.length, textStart: code.length }] };
    return { cell: { name, text: text.trim(), bodyStart: whole.length }, lines: [] };
  }
  const places = [...code.matchAll(candidate)].map(({ 0: whole, 1: indent, index }) => ({
    start: index + indent.length,
    end: index + whole.length,
  }));
  if (!places.length || isTooDeep(code)) return { lines: [] };
  const all = parseWithout(code, places);
  if (!all && parseWithout(code, [])) return { lines: [] };
  const lines = places.filter(place => {
    const others = places.filter(other => other !== place);
    const isTypeScript = parseWithout(code, others) !== undefined;
    if (!all) return !isTypeScript;
    return all.has(place.start) && !(isTypeScript && meansSomething(code, place, places, isName));
  });
  return { lines: lines.map(place => lineMagic(code, place)) };
}

/** Whether the line begins with a name that exists, or with no name at all. */
function meansSomething(
  code: string,
  { start, end }: Place,
  places: readonly Place[],
  isName: IsName,
): boolean {
  const [, word] = /^(?:%|!+[ \t]*)([\p{L}_$][\p{L}\p{N}_$]*)?/u.exec(code.slice(start, end)) ?? [];
  if (!word || keyword.test(word) || isName(word)) return true;
  const rest = places.reduceRight((text, place) => text.slice(0, place.start) + text.slice(place.end), code);
  return new RegExp(`(?<![\\p{L}\\p{N}_$])${word.replaceAll('$', '\\$')}(?![\\p{L}\\p{N}_$])`, 'u').test(
    rest,
  );
}

/**
 * Parses the cell with a `debugger` statement in each of the places. Gives those that are statements, or undefined
 * where that is no TypeScript. A place inside a template or a comment parses, and is no statement.
 */
function parseWithout(code: string, places: readonly Place[]): Set<number> | undefined {
  const marker = 'debugger;';
  const origin = new Map<number, number>();
  let text = '';
  let at = 0;
  for (const { start, end } of places) {
    text += code.slice(at, start);
    origin.set(text.length, start);
    text += marker;
    at = end;
  }
  const { program, errors } = parseSync('cell.ts', text + code.slice(at), {
    lang: 'ts',
    sourceType: 'module',
  });
  if (errors.length) return undefined;
  const found = new Set<number>();
  new Visitor({
    DebuggerStatement({ start }) {
      const place = origin.get(start);
      if (place !== undefined) found.add(place);
    },
  }).visit(program);
  return found;
}

const isQuestion = (text: string): boolean => /^\?\??$/.test(text);

function lineMagic(code: string, { start, end }: Place): LineMagic {
  const line = code.slice(start, end);
  const [head, word] = /^(?:%([A-Za-z]\w*)|!+)[ \t]*/.exec(line) ?? [''];
  const text = line.slice(head.length).trimEnd();
  // `%time?` asks about the magic itself
  if (word && isQuestion(text)) return { name: 'help', text: word, start, end, textStart: end };
  return { name: word ?? 'sh', text, start, end, textStart: start + head.length };
}

/**
 * The cell with spaces in place of its magics: every position stays what it is, and what is left is TypeScript.
 * Code that a magic runs stays too.
 */
export function blankMagics(code: string, isName?: IsName): string {
  const { cell, lines } = findMagics(code, isName);
  if (cell) return blank(code, 0, takesCode(cell.name) ? cell.bodyStart : code.length);
  let text = code;
  for (const { name, start, end, textStart } of lines)
    text = blank(text, start, takesCode(name) ? textStart : end, ';');
  return text;
}

function blank(code: string, start: number, end: number, first = ''): string {
  const spaces = code.slice(start + first.length, end).replace(/[^\r\n]/g, ' ');
  return code.slice(0, start) + first + spaces + code.slice(end);
}
