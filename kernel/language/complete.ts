/** What may stand at the cursor: names, members, keys, texts of a union, paths; with kinds and signatures. */
import ts from 'typescript';
import type { Cells } from './cells.ts';
import { pointsOf, unitsOf } from './points.ts';
import type { CompleteReply } from './replies.ts';

const maxMatches = 400;
/** Signatures are worked out for the first matches, for so long, in ms. */
const maxSignatures = 60;
const signatureTime = 4;

const preferences: ts.GetCompletionsAtPositionOptions = {
  includeCompletionsForModuleExports: false,
  includeCompletionsWithInsertText: false,
  includeSymbol: true,
};

/** `cursor` counts code points. */
export function completeAt(
  service: ts.LanguageService,
  cells: Cells,
  code: string,
  cursor: number,
): CompleteReply {
  const at = unitsOf(code, cursor);
  const { offset } = cells.ask(code);
  const found = service.getCompletionsAtPosition(cells.current, offset + at, preferences);
  const word = /[\p{L}\p{N}_$]*$/u.exec(code.slice(0, at))?.[0] ?? '';
  const span =
    found?.entries.find(entry => entry.replacementSpan)?.replacementSpan ?? found?.optionalReplacementSpan;
  // what stands before the cursor is matched; what is replaced reaches to the end of the word
  const start = span ? span.start - offset : at - word.length;
  const end = span ? Math.max(at, span.start - offset + span.length) : at;
  const typed = code.slice(start, at);
  const entries = rank(found?.entries ?? [], typed).slice(0, maxMatches);
  const [from, to] = [pointsOf(code, start), pointsOf(code, end)];
  const signatures = signaturesOf(service, cells.current, entries);
  return {
    status: 'ok',
    matches: entries.map(({ name }) => name),
    cursor_start: from,
    cursor_end: to,
    metadata: {
      _jupyter_types_experimental: entries.map((entry, i) => ({
        start: from,
        end: to,
        text: entry.name,
        type: kindOf(entry, cells),
        ...(signatures[i] && { signature: signatures[i] }),
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

/** How each function is called, as `(x: number, y?: number): string`. */
function signaturesOf(
  service: ts.LanguageService,
  path: string,
  entries: readonly ts.CompletionEntry[],
): (string | undefined)[] {
  const program = service.getProgram();
  const source = program?.getSourceFile(path);
  if (!program || !source) return [];
  const checker = program.getTypeChecker();
  const since = performance.now();
  return entries.slice(0, maxSignatures).map(({ symbol }) => {
    if (!symbol || performance.now() - since > signatureTime) return undefined;
    const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    if (!(real.flags & callable)) return undefined;
    const [signature] = checker.getTypeOfSymbolAtLocation(real, source).getCallSignatures();
    return signature && checker.signatureToString(signature, source);
  });
}

const callable =
  ts.SymbolFlags.Function | ts.SymbolFlags.Method | ts.SymbolFlags.Variable | ts.SymbolFlags.Property;

/** The word for which JupyterLab has an icon. */
function kindOf({ name, kind }: ts.CompletionEntry, cells: Cells): string {
  if (kind !== ts.ScriptElementKind.alias) return kinds[kind] ?? kind;
  const declared = cells.declarationOf(name);
  return declared === undefined || declared === 'import' || declared === 'variable' ? 'instance' : declared;
}

/** TypeScript's words → Jupyter's. */
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
  [ts.ScriptElementKind.classElement]: 'class',
  [ts.ScriptElementKind.interfaceElement]: 'interface',
  [ts.ScriptElementKind.typeElement]: 'type',
  [ts.ScriptElementKind.enumElement]: 'enum',
  [ts.ScriptElementKind.moduleElement]: 'module',
  [ts.ScriptElementKind.externalModuleName]: 'module',
  [ts.ScriptElementKind.scriptElement]: 'module',
  [ts.ScriptElementKind.keyword]: 'keyword',
};
