/**
 * Cells as one virtual program. Each cell that declares something is a module that exports it; a list of all names
 * says which module declared each one last, and the cell being asked about imports from that list. So a name can be
 * declared again with another type, and a cell that did not change is not read again.
 *
 *   cell-3.ts:   import { model } from './names'; … the cell … export { grads };
 *   names.ts:    export { model } from './cell-1'; export { grads } from './cell-3';
 *   current.ts:  import { model, grads } from './names'; declare let step: typeof import('./cell-2').step; …
 */
import { join } from 'node:path';
import ts from 'typescript';
import { declarationsOf, hasJsx, parses, type Declaration } from './declarations.ts';

export interface VirtualFile {
  text: string;
  version: number;
  /** Where the user's code begins in the text. */
  offset: number;
}

/** A declaration of a name, the file where it stands, and how many cells there were with it. */
interface Owner {
  file: string;
  declaration: Declaration;
  since: number;
}

/** Which names of other cells a cell is to see, besides those that it uses. */
interface Wanted {
  /** As the first so many cells declared them. */
  asOf?: number;
  /** All that begin so, in either case. */
  typed?: string;
}

/** Counted over all notebooks of a process: they share their parsed files. */
let versions = 0;

/** Cells that are more than their names: they change what others see. */
const reachesOut = (code: string): boolean => /\bdeclare\s+(global|module)\b/.test(code);

export class Cells {
  readonly files = new Map<string, VirtualFile>();
  /** What the program begins with; all else is imported. */
  readonly roots: string[] = [];
  /** Name → its declarations, the newest last. */
  private readonly owners = new Map<string, Owner[]>();
  private count = 0;
  /** Whether the list of names is behind the cells. */
  private stale = false;
  /** Text → the module of that text, so that a cell that runs again is not a new one. */
  private readonly modules = new Map<string, string>();
  private readonly assigned = new Set<string>();
  private readonly globals: string;
  private readonly names: string;

  /** @param prelude declarations of what a session gives without an import */
  constructor(
    private readonly cwd: string,
    private readonly prelude: string,
  ) {
    this.globals = join(cwd, '.neuronbook-globals.d.ts');
    this.names = join(cwd, '.neuronbook-names.ts');
    this.set(this.globals, prelude, 0);
    this.set(this.names, 'export {};', 0);
    this.roots.push(this.globals, this.names, '');
    this.ask('');
  }

  /** Another one after each change. */
  version = 0;

  /** The cell that is being asked about. */
  get current(): string {
    return this.roots[2];
  }

  /** How the last of the first `asOf` cells with that name declared it. */
  declarationOf = (name: string, asOf?: number): Declaration | undefined =>
    this.ownerOf(name, asOf)?.declaration;

  private ownerOf = (name: string, asOf = Infinity): Owner | undefined =>
    this.owners.get(name)?.findLast(({ since }) => since <= asOf);

  /**
   * Takes a cell that ran into the program. One that failed without being TypeScript has never run; of an `opaque`
   * cell only the names are taken, because its types cannot be worked out.
   */
  add(code: string, count: number, failed = false, opaque = false): void {
    this.count++;
    if (failed && !parses(code)) return;
    this.note(code);
    const declarations = declarationsOf(code);
    if (!declarations.size && !reachesOut(code)) return;
    const names = [...declarations.keys()];
    const head = opaque ? '\n' : this.header(declarations, { words: wordsOf(code) });
    const text = opaque
      ? `\n${names.map(name => `export declare const ${name}: any; export type ${name} = any;`).join(' ')}`
      : `${head}${code}\nexport { ${names.join(', ')} };`;
    const file = this.modules.get(text) ?? this.module(text, head.length, code, count);
    for (const [name, declaration] of declarations) {
      const owner = { file, declaration, since: this.count };
      const before = this.owners.get(name);
      if (before) before.push(owner);
      else this.owners.set(name, [owner]);
    }
    this.stale = true;
  }

  /** Nothing of any cell is known any more. */
  forget(): void {
    for (const path of this.modules.values()) this.files.delete(path);
    this.roots.splice(3);
    for (const known of [this.owners, this.modules, this.assigned]) known.clear();
    this.set(this.globals, this.prelude, 0);
    this.count = 0;
    this.stale = true;
  }

  /**
   * Makes `code` the current cell, with the names of the others that it uses: as the first `asOf` cells declared them,
   * where it is only read. Of somebody who types, also those that begin as `typed`: the fewer, the sooner.
   */
  ask(code: string, wanted: Wanted = {}): VirtualFile {
    const isCurrent = wanted.asOf === undefined;
    const path = this.path('current', code);
    if (isCurrent) this.list();
    const head = this.header(declarationsOf(code), { words: wordsOf(code), isCurrent, ...wanted });
    const known = this.files.get(path);
    if (this.current !== path) {
      this.files.delete(this.current);
      this.roots[2] = path;
    }
    if (known?.text === head + code) return known;
    return this.set(path, head + code, head.length);
  }

  private module(text: string, offset: number, code: string, count: number): string {
    let path = this.path(String(count), code);
    for (let again = 2; this.files.has(path); again++) path = this.path(`${count}-${again}`, code);
    this.set(path, text, offset);
    this.modules.set(text, path);
    if (reachesOut(code)) this.roots.push(path);
    return path;
  }

  /** What a cell imports, in one line, so that lines count as the user sees them, plus one. */
  private header(
    own: ReadonlyMap<string, unknown>,
    { words, isCurrent = false, asOf, typed }: Wanted & { words: ReadonlySet<string>; isCurrent?: boolean },
  ): string {
    const begins = typed?.toLowerCase();
    const imported: string[] = [];
    const variables: string[] = [];
    // which variables there are does not change with a key: a program with the same imports is made sooner
    for (const name of isCurrent ? this.owners.keys() : words) {
      const owner = this.ownerOf(name, asOf);
      if (own.has(name) || !owner) continue;
      const { file, declaration } = owner;
      // an import cannot be assigned to, a variable of an earlier cell can
      if (declaration === 'variable')
        variables.push(`declare let ${name}: typeof import(${JSON.stringify(file)}).${name};`);
      // a cell sees for good what was declared when it ran; the current one sees the newest
      else if (!isCurrent) imported.push(`import { ${name} } from ${JSON.stringify(file)};`);
      else if (words.has(name) || (begins !== undefined && name.toLowerCase().startsWith(begins)))
        imported.push(name);
    }
    const list = isCurrent
      ? [`import { ${imported.join(', ')} } from ${JSON.stringify(this.names)};`]
      : imported;
    return `${[...list, ...variables].join(' ')}\n`;
  }

  /** Writes the list of names again, where it changed. */
  private list(): void {
    if (!this.stale) return;
    this.stale = false;
    const lines = [...this.owners].map(
      ([name, owners]) => `export { ${name} } from ${JSON.stringify(owners.at(-1)!.file)};`,
    );
    this.set(this.names, `export {};\n${lines.join('\n')}`, 0);
  }

  /** Properties given to globalThis are names from then on. */
  private note(code: string): void {
    const before = this.assigned.size;
    for (const [, name] of code.matchAll(/\bglobalThis\.([\p{L}_$][\p{L}\p{N}_$]*)\s*=[^=]/gu))
      this.assigned.add(name);
    if (this.assigned.size === before) return;
    const lines = [...this.assigned].map(name => `declare global { var ${name}: any; }`);
    this.set(this.globals, [this.prelude, ...lines].join('\n'), 0);
  }

  private path(name: string, code: string): string {
    return join(this.cwd, `.neuronbook-cell-${name}.${hasJsx(code) ? 'tsx' : 'ts'}`);
  }

  private set(path: string, text: string, offset: number): VirtualFile {
    const file = { text, version: ++versions, offset };
    this.version = versions;
    this.files.set(path, file);
    return file;
  }
}

const wordsOf = (code: string): Set<string> => new Set(code.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu));

/** The number of the cell that lies in `path`, where one does. */
export const cellNumber = (path: string): string | undefined => /\.neuronbook-cell-(\d+)/.exec(path)?.[1];

export const extensionOf = (path: string): ts.Extension =>
  path.endsWith('.tsx') ? ts.Extension.Tsx : ts.Extension.Ts;
