/** Type errors of a cell: what TypeScript has against it, less what is right in a notebook. */
import ts from 'typescript';
import type { Cells } from './cells.ts';
import type { Diagnostic } from './replies.ts';

/** Refused in a module, right in a notebook. */
const allowed = new Set([
  2632, // cannot assign to 'x' because it is an import: names of other cells are imports only to the checker
  2440, // import declaration conflicts with local declaration
  2395, // individual declarations in merged declaration must be all exported or all local
  2309, // an export assignment in a module with other exports
  1202, // import a = require('b'): cells may
  1108, // return outside of a function: the parser of cells says it better
  2695, // left side of a comma is unused
  7016, // a package without types: it runs all the same
  7005, // a list that was empty at first, seen from a function or another cell
  7034, // the same, where it is declared
  7017, // globalThis has no such property: it gets one
]);

/** Said of `const data = clean(data)`, which takes the `data` of an earlier cell. */
const ownInitializer = new Set([2448, 2454, 7022]);
/** A name that is nowhere; in a function that runs later, a later cell may declare it. */
const missingName = new Set([2304, 2552, 18004]);

/** All that TypeScript has to say of an `any` that nobody wrote. Switching it off would make `[]` a list of nothing. */
const isImplicitAny = (code: number): boolean => code >= 7005 && code <= 7061;

/**
 * Of a cell behind the first `asOf`. One that is not TypeScript has no type errors: the error of its run says more.
 * `strict`: the project asks for every type.
 */
export function diagnose(
  service: ts.LanguageService,
  cells: Cells,
  code: string,
  asOf: number,
  strict: boolean,
): Diagnostic[] {
  if (/^\s*\/\/\s*@ts-nocheck\b/.test(code)) return [];
  const { offset } = cells.ask(code, { asOf });
  if (service.getSyntacticDiagnostics(cells.current).length) return [];
  const source = service.getProgram()?.getSourceFile(cells.current);
  return service
    .getSemanticDiagnostics(cells.current)
    .filter(({ code, start = 0 }) => !allowed.has(code) && start >= offset)
    .filter(({ code }) => strict || !isImplicitAny(code))
    .filter(found => !(missingName.has(found.code) && isGivenToAll(textOf(found, source), code)))
    .filter(found => !(ownInitializer.has(found.code) && cells.declarationOf(textOf(found, source), asOf)))
    .map(found => diagnosticOf(found, code, offset, source));
}

/** `globalThis.x = 1; x` */
const isGivenToAll = (name: string, code: string): boolean =>
  code.replaceAll(/\s/g, '').includes(`globalThis.${name}=`);

const textOf = ({ start = 0, length = 0 }: ts.Diagnostic, source?: ts.SourceFile): string =>
  source?.text.slice(start, start + length) ?? '';

function diagnosticOf(
  found: ts.Diagnostic,
  code: string,
  offset: number,
  source: ts.SourceFile | undefined,
): Diagnostic {
  const start = Math.max(0, (found.start ?? 0) - offset);
  const before = code.slice(0, start);
  const later = missingName.has(found.code) && source && isInFunction(source, found.start ?? 0);
  return {
    message: ts.flattenDiagnosticMessageText(found.messageText, '\n'),
    code: found.code,
    severity: found.category === ts.DiagnosticCategory.Error && !later ? 'error' : 'warning',
    line: before.split('\n').length,
    column: start - before.lastIndexOf('\n'),
    start,
    end: start + (found.length ?? 0),
  };
}

function isInFunction(source: ts.SourceFile, at: number): boolean {
  let inside = false;
  const look = (node: ts.Node): void => {
    if (at < node.pos || at >= node.end) return;
    inside ||= ts.isFunctionLike(node);
    ts.forEachChild(node, look);
  };
  look(source);
  return inside;
}
