/** The language service of one notebook: answers by stock TypeScript about cells that do not exist on disk. */
import ts from 'typescript';
import { Cells } from './cells.ts';
import { createServiceHost } from './host.ts';
import { inspectAt } from './inspect.ts';
import { optionsFor } from './options.ts';
import { pointsOf, unitsOf } from './points.ts';
import type { CompleteReply, Diagnostic, Questions } from './replies.ts';

const maxMatches = 400;

export function createService(cwd: string): Questions {
  const cells = new Cells(cwd);
  const service = ts.createLanguageService(
    createServiceHost(cwd, cells, optionsFor(cwd)),
    ts.createDocumentRegistry(),
  );

  return {
    addCell: (code, count, failed) => cells.add(code, count, failed),

    complete(code, cursor) {
      const at = unitsOf(code, cursor);
      const { offset } = cells.ask(code);
      const found = service.getCompletionsAtPosition(cells.current, offset + at, {
        includeCompletionsForModuleExports: false,
        includeCompletionsWithInsertText: false,
      });
      return completeReply(code, at, offset, found);
    },

    inspect(code, cursor, detail) {
      const { offset } = cells.ask(code);
      return inspectAt(service, cells, offset + unitsOf(code, cursor), detail);
    },

    diagnose(code) {
      const file = cells.ask(code);
      return [
        ...service.getSyntacticDiagnostics(cells.current),
        ...service.getSemanticDiagnostics(cells.current),
      ]
        .filter(({ code, start }) => !expected.has(code) && (start ?? 0) >= file.offset)
        .map(found => diagnosticOf(found, code, file.offset));
    },
  };
}

/** Refused in a module, right in a notebook: names of other cells are imports only to the checker. */
const expected = new Set([
  2632, // cannot assign to 'x' because it is an import
  2440, // import declaration conflicts with local declaration
  2395, // individual declarations in merged declaration must be all exported or all local
  1108, // return outside of a function: the parser of cells says it better
  80005, // require may be converted to an import
]);

function completeReply(
  code: string,
  at: number,
  offset: number,
  found: ts.CompletionInfo | undefined,
): CompleteReply {
  const word = /[\p{L}\p{N}_$]*$/u.exec(code.slice(0, at))?.[0] ?? '';
  const span =
    found?.entries.find(entry => entry.replacementSpan)?.replacementSpan ?? found?.optionalReplacementSpan;
  // what stands before the cursor is matched; what is replaced reaches to the end of the word
  const start = span ? span.start - offset : at - word.length;
  const end = span ? Math.max(at, span.start - offset + span.length) : at;
  const typed = code.slice(start, at);
  const entries = rank(found?.entries ?? [], typed).slice(0, maxMatches);
  const [from, to] = [pointsOf(code, start), pointsOf(code, end)];
  return {
    status: 'ok',
    matches: entries.map(({ name }) => name),
    cursor_start: from,
    cursor_end: to,
    metadata: {
      _jupyter_types_experimental: entries.map(({ name, kind, labelDetails }) => ({
        start: from,
        end: to,
        text: name,
        type: kinds[kind] ?? kind,
        ...(labelDetails?.detail && { signature: labelDetails.detail }),
      })),
    },
  };
}

/** Those that begin as typed, then those that begin so but for case; near names before globals, as TypeScript sorts. */
function rank(entries: readonly ts.CompletionEntry[], typed: string): ts.CompletionEntry[] {
  const lower = typed.toLowerCase();
  const exact = (name: string) => (name.startsWith(typed) ? 0 : 1);
  return entries
    .filter(({ name, kind }) => name.toLowerCase().startsWith(lower) && kind !== ts.ScriptElementKind.warning)
    .sort(
      (a, b) => exact(a.name) - exact(b.name) || compare(a.sortText, b.sortText) || compare(a.name, b.name),
    );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** TypeScript's words → those for which JupyterLab has icons. */
const kinds: Readonly<Record<string, string>> = {
  [ts.ScriptElementKind.functionElement]: 'function',
  [ts.ScriptElementKind.localFunctionElement]: 'function',
  [ts.ScriptElementKind.memberFunctionElement]: 'method',
  [ts.ScriptElementKind.memberVariableElement]: 'property',
  [ts.ScriptElementKind.memberGetAccessorElement]: 'property',
  [ts.ScriptElementKind.memberSetAccessorElement]: 'property',
  [ts.ScriptElementKind.constElement]: 'instance',
  [ts.ScriptElementKind.letElement]: 'instance',
  [ts.ScriptElementKind.variableElement]: 'instance',
  [ts.ScriptElementKind.localVariableElement]: 'instance',
  [ts.ScriptElementKind.parameterElement]: 'instance',
  [ts.ScriptElementKind.alias]: 'instance',
  [ts.ScriptElementKind.classElement]: 'class',
  [ts.ScriptElementKind.interfaceElement]: 'interface',
  [ts.ScriptElementKind.typeElement]: 'type',
  [ts.ScriptElementKind.enumElement]: 'enum',
  [ts.ScriptElementKind.moduleElement]: 'module',
  [ts.ScriptElementKind.externalModuleName]: 'module',
  [ts.ScriptElementKind.scriptElement]: 'module',
  [ts.ScriptElementKind.keyword]: 'keyword',
};

function diagnosticOf(found: ts.Diagnostic, code: string, offset: number): Diagnostic {
  const start = Math.max(0, (found.start ?? 0) - offset);
  const before = code.slice(0, start);
  return {
    message: ts.flattenDiagnosticMessageText(found.messageText, '\n'),
    code: found.code,
    severity: ({ 0: 'warning', 1: 'error' } as const)[found.category as 0 | 1] ?? 'suggestion',
    line: before.split('\n').length,
    column: start - before.lastIndexOf('\n'),
    start,
    end: start + (found.length ?? 0),
  };
}
