/**
 * Runs rewritten cells in Node's main context: `session/cell → session/evaluate → display/bundle`.
 * Keeps what cells share: one scope object with live bindings, and the kind of every name.
 */
import { Script } from 'node:vm';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nearest } from '../base/nearest.ts';
import { isSilent } from '../display/bundle.ts';
import { cellParameters, rewriteCell } from './cell.ts';
import type { Kind } from './cell-rewrite.ts';
import { babelHelpers } from './helpers.ts';
import { runMagic, type MagicCell } from './magic.ts';
import { mainLoader } from './main-loader.ts';
import { createImporter, createNotebookRequire } from './resolve.ts';
import { createStacks, type FormattedError } from './stack.ts';

export interface EvaluatorOptions {
  /** The notebook's folder: where imports, `require` and `__dirname` start. */
  cwd: string;
  /**
   * Called at every loop head and after every awaiting statement, with the run in which the code was compiled; throws
   * where the user pressed Interrupt.
   */
  check: (run: number) => void;
  /** The run that a cell is about to begin in. */
  currentRun?: () => number;
  /** What cells find without importing it, e.g. `display`. A cell may declare the same name. */
  globals?: Record<string, unknown>;
  /** Whether SIGINT ends the synchronous part of a cell. */
  breakOnSigint?: boolean;
  /** Told the file name of each cell that is compiled and about to run: here a debugger sets its breakpoints. */
  compiled?: (file: string) => void;
  /** Told what a magic wants of the front end, e.g. other text in the cell. */
  payload?: (payload: Record<string, unknown>) => void;
  /** Told that all variables are gone. */
  forgotten?: () => void;
  /** A cell's promise → the one that is awaited. A debugger hides here who catches the cell's errors. */
  awaited?: <Value>(cell: Promise<Value>) => Promise<Value>;
}

export interface CellResult {
  /** Whether there is something to show; `undefined` and a display handle show nothing. */
  hasValue: boolean;
  value?: unknown;
}

export interface Evaluator {
  /** Rejects with what the cell threw, or with a CellSyntaxError before anything ran. */
  run(source: string, count: number): Promise<CellResult>;
  formatError(error: unknown): FormattedError;
  /** What cells have declared so far and assigned, in that order. */
  names(): string[];
  /** The object whose properties are the notebook's variables. */
  readonly scope: Record<string, unknown>;
  /** How cells declared a name. */
  readonly kinds: Map<string, Kind>;
}

const slot = Symbol.for('neuronbook.cell');
const start = new Script(`globalThis[Symbol.for('neuronbook.cell')]()`, { filename: 'neuronbook:start' });

export function createEvaluator({
  cwd,
  check,
  globals = {},
  breakOnSigint = true,
  currentRun = () => 0,
  compiled = () => undefined,
  payload = () => undefined,
  forgotten = () => undefined,
  awaited = cell => cell,
}: EvaluatorOptions): Evaluator {
  const kinds = new Map<string, Kind>();
  const stacks = createStacks();
  const importModule = createImporter(cwd);
  const file = join(cwd, 'notebook.ts');
  const module = { exports: {} };
  const builtins = {
    require: createNotebookRequire(cwd),
    __dirname: cwd,
    __filename: file,
    module,
    exports: module.exports,
    babelHelpers,
    ...globals,
  };
  const scope = createScope(kinds);
  give(scope, builtins);
  const meta = {
    url: pathToFileURL(file).href,
    dirname: cwd,
    filename: file,
    resolve: (specifier: string) => importModule.resolve(specifier),
  };

  const names = () => Object.keys(scope).filter(name => kinds.has(name) && !isMadeUp(name));

  /** @param shown the cell that `source` is a part of, for errors */
  async function run(source: string, count: number, shown = source): Promise<CellResult> {
    const cell = rewriteCell(source, count, {
      cwd,
      shown,
      known: name => kinds.get(name) ?? (Object.hasOwn(scope, name) ? 'var' : undefined),
      isGlobal: name => name in globalThis,
    });
    const filename = stacks.add(count, cell.map);
    const script = new Script(cell.code, {
      filename,
      importModuleDynamically: mainLoader(),
    });
    for (const [name, kind] of cell.declared) {
      kinds.set(name, kind);
      // `var` is there from the first line on, and keeps what an earlier cell gave it
      if (kind === 'var' && !Object.hasOwn(scope, name)) give(scope, { [name]: undefined });
    }

    const begun = currentRun();
    const body = script.runInThisContext() as (...given: unknown[]) => Promise<[unknown] | undefined>;
    const given: Record<(typeof cellParameters)[number], unknown> = {
      __scope: scope,
      __check: () => check(begun),
      __import: importModule,
      __bind: (module: Record<string, unknown>, specifier: string, bindings: [string, string?][]) =>
        // a type imported without `type` has no value, and the cell asks for none
        bind(scope, module, specifier, bindings, name => !cell.used.has(name) && kinds.delete(name)),
      __meta: {
        ...meta,
        magic: (name: string, text: string, at: number) =>
          // a magic of the whole cell is called with the place where the lines below it begin
          name.startsWith('%%')
            ? runMagic(name, text, source.slice(at), magicCell(source, count, at, source.length))
            : runMagic(name, text, '', magicCell(source, count, at, at + text.length)),
      },
      __constant: refuseAssignment,
    };
    compiled(filename);
    const holder = globalThis as Record<symbol, unknown>;
    holder[slot] = () => {
      delete holder[slot];
      return body(...cellParameters.map(name => given[name]));
    };
    const result = await awaited(start.runInThisContext({ breakOnSigint }) as ReturnType<typeof body>);
    return result && !isSilent(result[0]) ? { hasValue: true, value: result[0] } : { hasValue: false };
  }

  /** What the magic that stands between `from` and `to` may do. */
  const magicCell = (source: string, count: number, from: number, to: number): MagicCell => ({
    folder: cwd,
    variables: () => names().map(name => ({ name, kind: kinds.get(name) ?? 'var', value: scope[name] })),
    reset() {
      for (const name of Object.keys(scope)) delete scope[name];
      kinds.clear();
      give(scope, builtins);
      forgotten();
    },
    async evaluate(code) {
      // spaces in place of the rest, so that errors have their place
      const part = () => source.slice(0, from).replace(/[^\r\n]/g, ' ') + source.slice(from, to);
      return (await (code === undefined ? run(part(), count, source) : run(code, count))).value;
    },
    replace: text => payload({ source: 'set_next_input', text, replace: true }),
  });

  return {
    run: (source, count) => run(source, count),
    formatError: stacks.format,
    names,
    scope,
    kinds,
  };
}

/**
 * The object whose own properties are the notebook's variables. Reading a name that no cell has assigned falls
 * through to a proxy, which answers with Node's global of that name or refuses as the language would.
 */
function createScope(kinds: ReadonlyMap<string, Kind>): Record<string, unknown> {
  const outside = globalThis as Record<string | symbol, unknown>;
  const fallback = new Proxy(Object.create(null) as Record<string, unknown>, {
    get(_, name) {
      if (name in outside) return outside[name];
      if (kinds.has(String(name)))
        throw new ReferenceError(`Cannot access '${String(name)}' before initialization`);
      throw new ReferenceError(`${String(name)} is not defined`);
    },
    set(_, name, value, receiver: object) {
      if (kinds.has(String(name)))
        return Reflect.defineProperty(receiver, name, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      if (name in outside) return Reflect.set(outside, name, value);
      throw new ReferenceError(`${String(name)} is not defined`);
    },
    has: (_, name) => name in outside,
  });
  return Object.create(fallback) as Record<string, unknown>;
}

/** Defined, not assigned: the fallback refuses to assign names that no cell has declared. */
function give(scope: object, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(scope, name, { value, writable: true, enumerable: true, configurable: true });
}

/** What lowered JSX imports. */
const isMadeUp = (name: string): boolean => /^_(jsxs?|Fragment)\d*$/.test(name);

/** Gives the names of an import declaration their values; `forgive` lets a missing one pass. */
function bind(
  scope: Record<string, unknown>,
  module: Record<string, unknown>,
  specifier: string,
  bindings: readonly [string, string?][],
  forgive: (name: string) => boolean,
): void {
  const commonjs = module.default as Record<string, unknown> | undefined;
  for (const [local, imported] of bindings) {
    if (imported === undefined) scope[local] = module;
    else if (imported in module) scope[local] = module[imported];
    // a CommonJS module whose names Node's lexer did not find
    else if (commonjs && /^(object|function)$/.test(typeof commonjs) && imported in commonjs)
      scope[local] = commonjs[imported];
    else if (!forgive(local)) {
      const close = nearest(imported, Object.keys(module)).join(', ');
      throw new SyntaxError(
        `'${specifier}' has no export named '${imported}'${close && `; nearest: ${close}`}`,
      );
    }
  }
}

function refuseAssignment(name: string): never {
  throw new TypeError(
    `Assignment to constant variable '${name}'; declare it with \`let\` to change it later.`,
  );
}
