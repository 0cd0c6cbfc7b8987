/** What may stand at the cursor: names, members, keys, texts of a union, paths; with kinds and signatures. */
import ts from 'typescript';
import type { Cells } from './cells.ts';
import { pointsOf, unitsOf } from './points.ts';
import type { CompleteReply } from './replies.ts';
import type { TypedWord } from './typed-word.ts';

const maxMatches = 400;
/** Signatures are worked out for the first matches, for so long, in ms. */
const maxSignatures = 60;
const signatureTime = 4;

const preferences: ts.GetCompletionsAtPositionOptions = {
  includeCompletionsForModuleExports: false,
  includeCompletionsWithInsertText: false,
  includeSymbol: true,
};

/** Where nothing fits. */
export const nothingAt = (cursor: number): CompleteReply => ({
  status: 'ok',
  matches: [],
  cursor_start: cursor,
  cursor_end: cursor,
  metadata: { _jupyter_types_experimental: [] },
});

/** `cursor` counts code points. */
export function completeAt(
  service: ts.LanguageService,
  cells: Cells,
  typedWord: TypedWord,
  code: string,
  cursor: number,
): CompleteReply {
  const at = unitsOf(code, cursor);
  const word = /[\p{L}\p{N}_$]*$/u.exec(code.slice(0, at))?.[0] ?? '';
  const [before, after] = [code.slice(0, at - word.length), code.slice(at)];
  const asked = typedWord.standIn(before, word, after);
  // behind a dot stand members, and no names
  const isMember = !asked && /\.\s*$/.test(before);
  const { offset } = cells.ask(before + asked + after, isMember ? {} : { typed: asked });
  const place = offset + before.length;
  const found = amongThose(service, word, () =>
    service.getCompletionsAtPosition(cells.current, place + asked.length, preferences),
  );
  typedWord.note(service.getProgram()?.getSourceFile(cells.current), place);
  const span =
    found?.entries.find(entry => entry.replacementSpan)?.replacementSpan ?? found?.optionalReplacementSpan;
  // what stands before the cursor is matched; what is replaced reaches to the end of the word
  const start = span ? span.start - offset : at - word.length;
  const end = span ? Math.max(at, span.start - offset + span.length + word.length - asked.length) : at;
  const typed = code.slice(start, at);
  const offered = [...(found?.entries ?? []), ...ownPackage(code.slice(0, at), found)];
  const entries = rank(offered, typed).slice(0, maxMatches);
  const [from, to] = [pointsOf(code, start), pointsOf(code, end)];
  const known = describe(service, cells.current, entries);
  return {
    status: 'ok',
    matches: entries.map(({ name }) => name),
    cursor_start: from,
    cursor_end: to,
    metadata: {
      _jupyter_types_experimental: entries.map(({ name, kind }, i) => ({
        start: from,
        end: to,
        text: name,
        type: known[i]?.type ?? kinds[kind] ?? kind,
        ...(known[i]?.signature && { signature: known[i].signature }),
      })),
    },
  };
}

/**
 * Of the names in scope only those are asked for that begin as `typed`: there are more than a thousand, TypeScript makes
 * an entry of each, and all others would be thrown away. Members and keys come another way.
 */
function amongThose<T>(service: ts.LanguageService, typed: string, ask: () => T): T {
  const checker = service.getProgram()?.getTypeChecker();
  if (!checker || !typed) return ask();
  const { getSymbolsInScope } = checker;
  const lower = typed.toLowerCase();
  checker.getSymbolsInScope = (...place) =>
    getSymbolsInScope(...place).filter(({ name }) => name.toLowerCase().startsWith(lower));
  try {
    return ask();
  } finally {
    checker.getSymbolsInScope = getSymbolsInScope;
  }
}

/** Those that begin as typed, then those that begin so but for case; near names before globals, as TypeScript sorts. */
function rank(entries: readonly ts.CompletionEntry[], typed: string): ts.CompletionEntry[] {
  const lower = typed.toLowerCase();
  const exact = (name: string) => (name.startsWith(typed) ? 0 : 1);
  return entries
    .filter(({ name, kind }) => name.toLowerCase().startsWith(lower) && !noise.has(kind))
    .sort(
      (a, b) => exact(a.name) - exact(b.name) || compare(a.sortText, b.sortText) || compare(a.name, b.name),
    );
}

const noise = new Set<string>([ts.ScriptElementKind.warning, ts.ScriptElementKind.unknown]);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface Described {
  /** Where an import hides what it is. */
  type?: string;
  /** How a function is called, as `(x: number, y?: number): string`. */
  signature?: string;
}

/** What is known of symbols, as long as the program is the same: the next letter asks for most of them again. */
const descriptions = new WeakMap<ts.TypeChecker, Map<ts.Symbol, Described>>();

function describe(
  service: ts.LanguageService,
  path: string,
  entries: readonly ts.CompletionEntry[],
): Described[] {
  // one question: TypeScript looks through all files for changes at each
  const program = service.getProgram();
  const checker = program?.getTypeChecker();
  const source = program?.getSourceFile(path);
  if (!checker || !source) return [];
  const described = descriptions.get(checker) ?? new Map<ts.Symbol, Described>();
  descriptions.set(checker, described);
  const since = performance.now();
  return entries.map(({ symbol }, i) => {
    if (!symbol) return {};
    const known = described.get(symbol);
    if (known) return known;
    const isAlias = symbol.flags & ts.SymbolFlags.Alias;
    const real = isAlias ? checker.getAliasedSymbol(symbol) : symbol;
    const type = isAlias ? wordFor(real.flags) : undefined;
    const mayBeCalled = (real.flags & callable) !== 0;
    // out of time: not worked out, and not remembered as if it were
    if (mayBeCalled && (i >= maxSignatures || performance.now() - since > signatureTime)) return { type };
    const found = mayBeCalled ? { type, ...called(checker, real, source) } : { type };
    described.set(symbol, found);
    return found;
  });
}

function called(checker: ts.TypeChecker, symbol: ts.Symbol, source: ts.SourceFile): Described {
  const valueType = checker.getTypeOfSymbolAtLocation(symbol, source);
  const [first] = valueType.getCallSignatures();
  if (!first) return {};
  const isFunction = symbol.flags & ts.SymbolFlags.Variable && !valueType.getConstructSignatures().length;
  return {
    ...(isFunction && { type: 'function' }),
    signature: checker.signatureToString(
      first,
      undefined,
      ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope,
    ),
  };
}

const callable =
  ts.SymbolFlags.Function | ts.SymbolFlags.Method | ts.SymbolFlags.Variable | ts.SymbolFlags.Property;

function wordFor(flags: ts.SymbolFlags): string {
  for (const [flag, word] of words) if (flags & flag) return word;
  return 'instance';
}

const words: readonly (readonly [ts.SymbolFlags, string])[] = [
  [ts.SymbolFlags.Function, 'function'],
  [ts.SymbolFlags.Class, 'class'],
  [ts.SymbolFlags.Enum, 'enum'],
  [ts.SymbolFlags.Variable, 'instance'],
  [ts.SymbolFlags.Module, 'module'],
  [ts.SymbolFlags.Interface, 'interface'],
  [ts.SymbolFlags.TypeAlias, 'type'],
];

/** The kernel's own library is there in every folder, though no node_modules tells TypeScript. */
function ownPackage(before: string, found: ts.CompletionInfo | undefined): ts.CompletionEntry[] {
  const inImport = /\b(?:from|import|require)\s*\(?\s*(['"])(?!\.)[^'"]*$/.test(before);
  const name = 'neuronbook';
  if (!inImport || found?.entries.some(entry => entry.name === name)) return [];
  return [{ name, kind: ts.ScriptElementKind.externalModuleName, sortText: '11' }];
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
  [ts.ScriptElementKind.enumMemberElement]: 'enum',
  [ts.ScriptElementKind.alias]: 'instance',
  [ts.ScriptElementKind.moduleElement]: 'module',
  [ts.ScriptElementKind.externalModuleName]: 'module',
  [ts.ScriptElementKind.scriptElement]: 'module',
  [ts.ScriptElementKind.directory]: 'module',
  [ts.ScriptElementKind.keyword]: 'keyword',
};
