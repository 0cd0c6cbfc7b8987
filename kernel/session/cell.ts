/**
 * TypeScript of one cell → the body of an async function: `wire/message → session/cell → session/evaluate`.
 *
 * 1. magics become calls (`cell-source.ts`);
 * 2. TypeScript becomes JavaScript (`transpile.ts`): syntax errors, whether the last statement is to be shown;
 * 3. parse the JavaScript, rewrite names, imports and loops (`cell-rewrite.ts`);
 * 4. return the last value.
 *
 * The result is a function expression of (__scope, __check, __import, __bind, __meta, __constant).
 */
import MagicString from 'magic-string';
import { parseSync, type Node, type Statement } from 'oxc-parser';
import { CellSyntaxError, positionAt } from './cell-error.ts';
import { CellMap } from './cell-map.ts';
import { hoistedNames, namesOfPattern } from './cell-names.ts';
import { CellRewriter, type Kind } from './cell-rewrite.ts';
import { cellSource } from './cell-source.ts';
import { isDecoratorHelper, transpile, type Problem } from './transpile.ts';

export interface CellOptions {
  /** Where the project's tsconfig.json is looked for. */
  cwd?: string;
  /** What errors show of the cell, where `source` is a part of it. */
  shown?: string;
  /** How an earlier cell declared a name. */
  known?: (name: string) => Kind | undefined;
  isGlobal?: (name: string) => boolean;
  /** Names of the place where a debugger evaluates: they stay as they are. */
  locals?: Iterable<string>;
  /** A debugger's expression runs while nothing else may: a plain function, without `await`. */
  sync?: boolean;
}

export interface RewrittenCell {
  /** A function expression; call it with what `cellParameters` names. */
  code: string;
  /** Positions in `code` → positions in the user's TypeScript. */
  map: CellMap;
  /** What the cell declares. */
  declared: ReadonlyMap<string, Kind>;
  /** Names of the session that the cell reads, calls or writes. */
  used: ReadonlySet<string>;
  /** Whether the function resolves to `[value]` of a last expression that is to be shown. */
  hasValue: boolean;
}

export const cellParameters = ['__scope', '__check', '__import', '__bind', '__meta', '__constant'] as const;

/** @throws CellSyntaxError where the source does not parse */
export function rewriteCell(source: string, count: number, options: CellOptions = {}): RewrittenCell {
  const { known = () => undefined, isGlobal = name => name in globalThis, cwd, sync = false } = options;
  const { code: written, map: first } = cellSource(source, name => !!known(name) || isGlobal(name));
  const { code: plain, maps, program: typed, problems } = transpile('cell.ts', written, cwd);
  if (problems.length) throw syntaxError(problems[0], written, options.shown ?? source, count);
  const hasValue = showsValue(typed.body.at(-1));

  const { program } = parseSync('cell.js', plain, {
    lang: 'js',
    sourceType: 'module',
    preserveParens: false,
  });
  const disposing = typed.body.some(
    statement => statement.type === 'VariableDeclaration' && statement.kind.endsWith('using'),
  );
  const { outer, inner } = split(program.body, disposing);

  const declared = new Map([...declarations([...outer, ...inner])]);
  const text = new MagicString(plain);
  const rewriter = new CellRewriter(text, { declared, known, isGlobal });
  const locals = {
    names: new Set([
      ...program.body.flatMap(statement => [...hoistedNames(statement)].filter(isHelper)),
      ...(options.locals ?? []),
    ]),
  };
  rewriter.topLevel(inner.length ? outer.slice(0, -1) : outer, locals);
  rewriter.topLevel(inner, locals);

  for (const statement of program.body)
    if (isEmptyExport(statement)) text.remove(statement.start, statement.end);

  const shown = inner.length ? inner.at(-1) : outer.at(-1);
  if (hasValue && shown) returnValue(shown, text, sync ? '' : 'await ');

  // enums and namespaces merge with what they find, so a second run must find nothing
  const merging = typed.body.flatMap(statement => {
    const bare = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    const merges = bare?.type === 'TSModuleDeclaration' || bare?.type === 'TSEnumDeclaration';
    return merges && bare.id.type === 'Identifier' ? [bare.id.name] : [];
  });
  const head = [
    ...merging.filter(name => declared.has(name)).map(name => `__scope.${name} = undefined;`),
    ...[...declared].filter(([, kind]) => kind === 'function').map(([name]) => `__scope.${name} = ${name};`),
  ];
  text.prepend(
    `(${sync ? '' : 'async '}(${cellParameters.join(', ')}) => { 'use strict'; ${head.join(' ')}\n`,
  );
  text.append('\n})');
  return {
    code: text.toString(),
    map: new CellMap(options.shown ?? source, () => [
      text.generateDecodedMap({ hires: 'boundary', source: 'cell.js' }),
      ...maps,
      ...(first ? [first] : []),
    ]),
    declared,
    used: rewriter.used,
    hasValue,
  };
}

/** @param written what was parsed: its lines are those of `source` */
function syntaxError(problem: Problem, written: string, source: string, count: number): CellSyntaxError {
  const { message, labels, helpMessage } = problem;
  // of two labels ("declared here", "again here") the later one is the mistake
  const offset = Math.max(0, ...labels.map(label => label.start));
  const atEnd = message.includes('`EOF`');
  const { line, column } = positionAt(written, atEnd ? written.trimEnd().length : offset);
  const hint = helpMessage?.replace(/^./, letter => letter.toLowerCase());
  return new CellSyntaxError(message.replace(/\.$/, ''), source, count, line, column, hint);
}

/** A last expression shows its value, with or without a semicolon; `void` in front of it keeps it quiet. */
function showsValue(last: Node | undefined): boolean {
  if (last?.type === 'ExportDefaultDeclaration') return !/Declaration$/.test((last.declaration as Node).type);
  return last?.type === 'ExpressionStatement';
}

/** Where a cell disposes of resources at its end, its statements stand inside one generated `try`. */
function split(body: readonly Statement[], disposing: boolean): { outer: Statement[]; inner: Statement[] } {
  // oxc marks a module that has lost its last import by an empty export
  const outer = body.filter(statement => !isEmptyExport(statement));
  const last = outer.at(-1);
  const inner = disposing && last?.type === 'TryStatement' ? last.block.body : [];
  return { outer, inner: [...inner] as Statement[] };
}

const isEmptyExport = (statement: Statement): boolean =>
  statement.type === 'ExportNamedDeclaration' && !statement.declaration && !statement.specifiers.length;

/** Locals that lowering made up. */
const isHelper = (name: string): boolean => name.startsWith('_usingCtx') || isDecoratorHelper(name);

function* declarations(body: readonly Node[]): Generator<[string, Kind]> {
  for (const node of body) {
    const bare =
      node.type === 'ExportNamedDeclaration' || node.type === 'ExportDefaultDeclaration'
        ? node.declaration
        : node;
    if (!bare) continue;
    for (const name of hoistedNames(bare as Node)) if (!isHelper(name)) yield [name, 'var'];
    if (bare.type === 'VariableDeclaration' && bare.kind !== 'var')
      for (const { id } of bare.declarations)
        for (const name of namesOfPattern(id)) yield [name, bare.kind === 'const' ? 'const' : 'let'];
    else if (bare.type === 'FunctionDeclaration' && bare.id) yield [bare.id.name, 'function'];
    else if (bare.type === 'ClassDeclaration' && bare.id) yield [bare.id.name, 'class'];
    else if (bare.type === 'ImportDeclaration')
      for (const { local } of bare.specifiers) yield [local.name, 'import'];
  }
}

/** `expr;` → `return [await (expr)];` */
function returnValue(statement: Node, text: MagicString, wait: 'await ' | ''): void {
  const code = text.original;
  const semicolon = code[statement.end - 1] === ';';
  const start =
    statement.type === 'ExportDefaultDeclaration' ? (statement.declaration as Node).start : statement.start;
  text.prependRight(start, `return [${wait}(`);
  if (semicolon) text.update(statement.end - 1, statement.end, ')];');
  else text.appendLeft(statement.end, ')];');
}
