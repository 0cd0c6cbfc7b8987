/**
 * Errors as people read them: cell, line and column in the user's own TypeScript, the lines around, what the error
 * was caused by. Frames of libraries and of the kernel itself are folded.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { CellSyntaxError } from './cell-error.ts';
import { CellMap, type Position } from './cell-map.ts';
import { excerpt } from './excerpt.ts';
import { compile, isTypeScript, versionKey } from './local-module.ts';

export interface FormattedError {
  ename: string;
  evalue: string;
  /** Lines with ANSI colours. */
  traceback: string[];
}

export interface Stacks {
  /** Remembers how to read positions in a cell; returns the file name to compile it under. */
  add(count: number, map: CellMap): string;
  format(error: unknown): FormattedError;
}

interface Frame {
  /** Function name; empty at the top level of a cell. */
  name: string;
  file: string;
  line: number;
  column: number;
}

const cellName = /^\[cell (\d+)(?:\.\d+)?\]$/;
const excerpts = 4;
const red = (text: string) => `\u001b[1;31m${text}\u001b[0m`;
const green = (text: string) => `\u001b[32m${text}\u001b[0m`;
const cyan = (text: string) => `\u001b[36m${text}\u001b[0m`;
const dim = (text: string) => `\u001b[2m${text}\u001b[0m`;

/** Maps of all cells and local files that have run in this process. */
const maps = new Map<string, CellMap | undefined>();

export function createStacks(): Stacks {
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, 40);
  return {
    add(count, map) {
      // silent cells and user expressions share the number of the cell that they follow
      let name = `[cell ${count}]`;
      for (let again = 2; maps.has(name); again++) name = `[cell ${count}.${again}]`;
      maps.set(name, map);
      return name;
    },
    format(error) {
      try {
        return format(error, new Set());
      } catch {
        // a proxy, or a getter that throws: the cell is answered all the same
        const evalue = 'a value that cannot be described';
        return { ename: 'Thrown', evalue, traceback: [`${red('Thrown')}: ${evalue}`] };
      }
    },
  };
}

/** Names of the rewriting never show: `(0 , __scope.f)` was `f`. */
const clean = (text: string): string =>
  text.replace(/\(0 ?, __scope\.([\w$]+)\)/g, '$1').replace(/\b__scope\./g, '');

/** V8 asks this for the text of `error.stack`: so `console.log(error)` shows the user's positions too. */
function prepareStackTrace(error: Error, sites: NodeJS.CallSite[]): string {
  const frames = sites.map(String).filter(site => !site.includes('neuronbook:start'));
  const last = frames.findLastIndex(frame => frame.includes('[cell '));
  const kept = last < 0 ? frames : frames.slice(0, last + 1);
  const lines = kept.flatMap(frame => located(clean(frame)) ?? []);
  return [clean(headline(error)), ...lines.map(line => `    at ${line}`)].join('\n');
}

/** The frame with the place in the user's own file; undefined for code that lowering has made up. */
function located(frame: string): string | undefined {
  const [place, file, line, column] = /(\[cell [\d.]+\]|file:[^\s()]+):(\d+):(\d+)/.exec(frame) ?? [];
  const map = file ? mapOf(file) : undefined;
  if (!place || !map) return frame;
  const at = map.original(+line, +column);
  return at && frame.replace(place, () => `${plain(file)}:${at.line}:${at.column}`);
}

function headline(error: unknown): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}

/** How to read positions in a cell or in a local TypeScript file, by the name it was compiled under. */
export function mapOf(file: string): CellMap | undefined {
  if (maps.has(file)) return maps.get(file);
  if (!file.startsWith('file:') || !file.includes(`?${versionKey}=`) || !isTypeScript(plain(file)))
    return undefined;
  const source = sourceOf(file);
  const made =
    source === undefined
      ? undefined
      : new CellMap(source, () => compile(fileURLToPath(plain(file)), source).maps);
  maps.set(file, made);
  return made;
}

const plain = (file: string): string => file.replace(/\?.*$/, '');

function sourceOf(file: string): string | undefined {
  const cell = maps.get(file);
  if (cell) return cell.source;
  try {
    return readFileSync(fileURLToPath(plain(file)), 'utf8');
  } catch {
    return undefined;
  }
}

function format(error: unknown, seen: Set<unknown>): FormattedError {
  if (!isError(error)) {
    const evalue = typeof error === 'string' ? error : inspect(error, { depth: 2 });
    return { ename: 'Thrown', evalue, traceback: [`${red('Thrown')}: ${evalue}`] };
  }
  seen.add(error);
  const ename = nameOf(error);
  const evalue = clean(String(error.message ?? ''));
  const traceback = [`${red(ename)}: ${evalue}`];
  if (error instanceof CellSyntaxError) {
    traceback.push(`${green(`Cell ${error.count}`)}, line ${error.line}, column ${error.column}`);
    traceback.push(...excerpt(error.source, error.line, error.column, { color: true }));
    return { ename, evalue, traceback };
  }
  traceback.push(...details(error), ...compileError(error), ...frameLines(framesOf(error)));
  if (error instanceof AggregateError)
    for (const part of error.errors.slice(0, 5))
      if (!seen.has(part)) traceback.push('', dim('one of the errors:'), ...format(part, seen).traceback);
  if (error.cause !== undefined && !seen.has(error.cause))
    traceback.push('', dim('caused by:'), ...format(error.cause, seen).traceback);
  return { ename, evalue, traceback };
}

/** Also an error of another realm, which `instanceof` does not know. */
const isError = (value: unknown): value is Error =>
  value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';

/** The error's own name, or that of its class where it only inherits one of the language's. */
function nameOf(error: Error): string {
  const name = String(error.name || 'Error');
  const made = error.constructor?.name;
  const inherited = languageErrors.has(name) && !Object.hasOwn(error, 'name');
  // what a bundler has shortened says nothing
  return inherited && /^\p{Lu}.{2}/u.test(made ?? '') ? made : name;
}

const languageErrors = new Set([
  'Error',
  'AggregateError',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
]);

/** What else the error carries, e.g. `code: 'ENOENT'`. */
function details(error: Error): string[] {
  const own = Object.entries(error).filter(
    ([key]) => !['name', 'message', 'stack', 'cause', 'errors'].includes(key),
  );
  if (!own.length) return [];
  return [
    dim(
      inspect(Object.fromEntries(own), {
        depth: 1,
        breakLength: 100,
        maxArrayLength: 8,
        maxStringLength: 200,
      }),
    ),
  ];
}

/** What V8 refuses only when it compiles the cell: its stack opens with the place, not with the message. */
function compileError(error: Error): string[] {
  const [, file, line] = /^(\[cell [\d.]+\]):(\d+)\n/.exec(String(error.stack)) ?? [];
  const map = file ? maps.get(file) : undefined;
  const text = String(error.stack).split('\n');
  const at = map?.original(Number(line), Math.max(1, (text[2] ?? '').indexOf('^') + 1));
  return map && at
    ? [`${place({ name: '', file, ...at })}`, ...excerpt(map.source, at.line, at.column, { color: true })]
    : [];
}

function framesOf(error: Error): Frame[] {
  const frames: Frame[] = [];
  for (const text of String(error.stack ?? '').split('\n')) {
    const match = /^\s+at (?:async )?(?:(.*?) \()?(.+?):(\d+):(\d+)\)?$/.exec(text);
    if (match) frames.push({ name: match[1] ?? '', file: match[2], line: +match[3], column: +match[4] });
  }
  return frames;
}

/** The user's own frames with their lines; runs of others, and of repeats, in one line each. */
function frameLines(frames: readonly Frame[]): string[] {
  const lines: string[] = [];
  const shown = new Set<string>();
  let folded: Frame[] = [];
  const unfold = () => {
    if (folded.length)
      lines.push(dim(`  … ${folded.length} ${folded.length > 1 ? 'frames' : 'frame'} in ${owners(folded)}`));
    folded = [];
  };
  let repeats = 0;
  for (const [i, frame] of frames.entries()) {
    if (!isUsers(frame)) {
      folded.push(frame);
      continue;
    }
    unfold();
    const key = place(frame);
    const next = frames[i + 1];
    if (shown.has(key)) {
      repeats++;
      if (next && shown.has(place(next))) continue;
    }
    if (repeats) lines.push(dim(`  … the same again ${repeats > 1 ? `${repeats} times` : 'once'}`));
    repeats = 0;
    if (shown.has(key)) continue;
    lines.push(key);
    const source = shown.size < excerpts ? sourceOf(frame.file) : undefined;
    if (source !== undefined) lines.push(...excerpt(source, frame.line, frame.column, { color: true }));
    shown.add(key);
  }
  unfold();
  return lines;
}

/** A cell, or a file of the user's own that is no package. */
const isUsers = ({ file }: Frame): boolean =>
  cellName.test(file) ||
  (file.startsWith('file:') && maps.has(file)) ||
  [...maps.keys()].some(key => plain(key) === file);

function place({ name, file, line, column }: Frame & Position): string {
  const cell = cellName.exec(file)?.[1];
  const where = cell ? `Cell ${cell}` : file.startsWith('file:') ? fileURLToPath(file) : file;
  return `${green(where)}, line ${line}, column ${column}${name ? `, in ${cyan(name)}` : ''}`;
}

/** The packages that a run of frames lies in. */
function owners(frames: readonly Frame[]): string {
  const names = frames.map(({ file }) => {
    const inside = /node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules)/.exec(file)?.[1];
    return (
      inside ??
      (file.startsWith('node:') ? 'Node' : file.includes('/kernel/') ? 'neuronbook' : file.split('/').at(-1))
    );
  });
  return [...new Set(names)].join(', ');
}
