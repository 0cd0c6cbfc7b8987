/** What a cell declares at its top level, and with which words: values, types and imports. */
import ts from 'typescript';

/** `variable` for what can be assigned again. */
export type Declaration =
  'variable' | 'instance' | 'function' | 'class' | 'interface' | 'type' | 'enum' | 'module' | 'import';

const parse = (code: string, path = 'cell.ts'): ts.SourceFile =>
  ts.createSourceFile(path, code, ts.ScriptTarget.ESNext, false);

/** Whether TypeScript can read a cell. */
export const parses = (code: string, path?: string): boolean =>
  // a public function for this would build a whole program
  !(parse(code, path) as { parseDiagnostics?: readonly unknown[] }).parseDiagnostics?.length;

/** A cell is read as JSX only where it cannot be read without: `<T>value` is a cast in the one and a tag in the other. */
export const hasJsx = (code: string): boolean =>
  /<[\p{L}_$>]/u.test(code) && /<\/|\/>/.test(code) && !parses(code) && parses(code, 'cell.tsx');

/** Name → how the cell declares it. */
export function declarationsOf(code: string): Map<string, Declaration> {
  const found = new Map<string, Declaration>();
  const bind = (name: ts.BindingName, as: Declaration): void => {
    if (ts.isIdentifier(name)) found.set(name.text, as);
    else for (const element of name.elements) if (ts.isBindingElement(element)) bind(element.name, as);
  };
  // `var` is seen through blocks, not through functions
  const hoist = (node: ts.Node): void => {
    if (ts.isVariableDeclarationList(node) && !(node.flags & ts.NodeFlags.BlockScoped))
      for (const { name } of node.declarations) bind(name, 'variable');
    if (!ts.isFunctionLike(node) && !ts.isClassLike(node) && !ts.isModuleBlock(node))
      ts.forEachChild(node, hoist);
  };
  for (const statement of parse(code, hasJsx(code) ? 'cell.tsx' : 'cell.ts').statements) {
    if (ts.isVariableStatement(statement)) {
      const { declarations, flags } = statement.declarationList;
      const fixed = flags & ts.NodeFlags.Const;
      for (const { name } of declarations) bind(name, fixed ? 'instance' : 'variable');
    } else if (ts.isImportDeclaration(statement))
      for (const name of importedNames(statement)) found.set(name, 'import');
    else if (isNamed(statement)) {
      // a function or value and a type may share a name: the value is what matters
      if (statement.name && ts.isIdentifier(statement.name) && !found.has(statement.name.text))
        found.set(statement.name.text, wordFor(statement));
    } else hoist(statement);
  }
  found.delete('');
  return found;
}

type Named =
  | ts.FunctionDeclaration
  | ts.ClassDeclaration
  | ts.InterfaceDeclaration
  | ts.TypeAliasDeclaration
  | ts.EnumDeclaration
  | ts.ModuleDeclaration
  | ts.ImportEqualsDeclaration;

const words: Readonly<Partial<Record<ts.SyntaxKind, Declaration>>> = {
  [ts.SyntaxKind.FunctionDeclaration]: 'function',
  [ts.SyntaxKind.ClassDeclaration]: 'class',
  [ts.SyntaxKind.InterfaceDeclaration]: 'interface',
  [ts.SyntaxKind.TypeAliasDeclaration]: 'type',
  [ts.SyntaxKind.EnumDeclaration]: 'enum',
  [ts.SyntaxKind.ModuleDeclaration]: 'module',
  [ts.SyntaxKind.ImportEqualsDeclaration]: 'import',
};

const isNamed = (statement: ts.Statement): statement is Named & ts.Statement =>
  words[statement.kind] !== undefined && !isGlobal(statement);

const wordFor = (statement: Named): Declaration => words[statement.kind] ?? 'instance';

const isGlobal = (statement: ts.Statement): boolean =>
  ts.isModuleDeclaration(statement) && (statement.flags & ts.NodeFlags.GlobalAugmentation) !== 0;

function importedNames({ importClause }: ts.ImportDeclaration): string[] {
  if (!importClause) return [];
  const { name, namedBindings } = importClause;
  const named = !namedBindings
    ? []
    : ts.isNamespaceImport(namedBindings)
      ? [namedBindings.name.text]
      : namedBindings.elements.map(element => element.name.text);
  return [...(name ? [name.text] : []), ...named];
}
