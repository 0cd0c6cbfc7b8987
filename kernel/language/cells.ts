/**
 * Cells as one virtual program. Each cell that ran is a module that exports what it declares; every cell imports
 * names from the cell that declared them last. So a name can be declared again with another type, and a cell that
 * did not change is not checked again.
 *
 *   cell-3.ts:  import { model } from './cell-1'; … the cell … export { grads };
 */
import { join } from 'node:path';
import ts from 'typescript';

export interface VirtualFile {
  text: string;
  version: number;
  /** Where the user's code begins in the text. */
  offset: number;
}

/** What a session gives without an import. */
const prelude = `
import type * as nb from 'neuronbook';
declare global {
  const display: typeof nb.display;
  const update: typeof nb.update;
  const clear: typeof nb.clear;
  const input: typeof nb.input;
  const progress: typeof nb.progress;
}
`;

export class Cells {
  readonly files = new Map<string, VirtualFile>();
  /** The cell that is being asked about. */
  readonly current: string;
  /** Name → the file that declared it last. */
  private readonly owners = new Map<string, string>();
  private version = 0;

  constructor(private readonly cwd: string) {
    this.current = this.path('current');
    this.set(join(cwd, '.neuronbook-globals.d.ts'), prelude, 0);
    this.ask('');
  }

  /** Takes a cell that ran into the program; one that failed without being TypeScript has never run. */
  add(code: string, count: number, failed = false): void {
    if (failed && !parses(code)) return;
    const names = declaredNames(code);
    let path = this.path(String(count));
    for (let again = 2; this.files.has(path); again++) path = this.path(`${count}-${again}`);
    const head = this.imports(new Set(names), wordsOf(code));
    this.set(path, `${head}${code}\nexport { ${names.join(', ')} };`, head.length);
    for (const name of names) this.owners.set(name, path);
  }

  /** Makes `code` the current cell; the others are what it can use. */
  ask(code: string): VirtualFile {
    const head = this.imports(new Set(declaredNames(code)));
    const known = this.files.get(this.current);
    if (known?.text === head + code) return known;
    return this.set(this.current, head + code, head.length);
  }

  /** One line, so that lines count as the user sees them, plus one. */
  private imports(own: ReadonlySet<string>, words?: ReadonlySet<string>): string {
    const byFile = new Map<string, string[]>();
    for (const [name, file] of this.owners) {
      if (own.has(name) || (words && !words.has(name))) continue;
      byFile.set(file, [...(byFile.get(file) ?? []), name]);
    }
    const lines = [...byFile].map(
      ([file, names]) => `import { ${names.join(', ')} } from ${JSON.stringify(file)};`,
    );
    return `${lines.join(' ')}\n`;
  }

  private path(name: string): string {
    return join(this.cwd, `.neuronbook-cell-${name}.ts`);
  }

  private set(path: string, text: string, offset: number): VirtualFile {
    const file = { text, version: ++this.version, offset };
    this.files.set(path, file);
    return file;
  }
}

const wordsOf = (code: string): Set<string> => new Set(code.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu));

function parses(code: string): boolean {
  const { parseDiagnostics } = ts.createSourceFile('cell.ts', code, ts.ScriptTarget.ESNext, false) as {
    parseDiagnostics?: readonly unknown[];
  };
  return !parseDiagnostics?.length;
}

/** The names that a cell declares at its top level: values, types and imports. */
export function declaredNames(code: string): string[] {
  const source = ts.createSourceFile('cell.ts', code, ts.ScriptTarget.ESNext, false);
  const names = new Set<string>();
  const bind = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) names.add(name.text);
    else for (const element of name.elements) if (ts.isBindingElement(element)) bind(element.name);
  };
  const hoist = (node: ts.Node): void => {
    if (ts.isVariableDeclarationList(node) && !(node.flags & ts.NodeFlags.BlockScoped))
      for (const { name } of node.declarations) bind(name);
    if (!ts.isFunctionLike(node) && !ts.isClassLike(node) && !ts.isModuleBlock(node))
      ts.forEachChild(node, hoist);
  };
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement))
      for (const { name } of statement.declarationList.declarations) bind(name);
    else if (ts.isImportDeclaration(statement)) importedNames(statement).forEach(name => names.add(name));
    else if (
      ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      ts.isEnumDeclaration(statement) ||
      ts.isModuleDeclaration(statement) ||
      ts.isImportEqualsDeclaration(statement)
    ) {
      if (statement.name && ts.isIdentifier(statement.name)) names.add(statement.name.text);
    } else hoist(statement);
  }
  names.delete('');
  return [...names];
}

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
