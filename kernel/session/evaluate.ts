/**
 * Runs rewritten cells in Node's main context: `session/cell → session/evaluate → display/bundle`.
 * Keeps what cells share: one scope object with live bindings, and the kind of every name.
 */
import { Script } from 'node:vm';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nearest } from '../base/nearest.ts';
import { isSilent } from '../display/bundle.ts';
import { cellParameters, rewriteCell } from './cell.ts';
import type { Kind } from './cell-rewrite.ts';
import { disposeHelpers } from './dispose.ts';
import { mainLoader } from './main-loader.ts';
import { createImporter } from './resolve.ts';
import { createStacks, type FormattedError } from './stack.ts';

export interface EvaluatorOptions {
  /** The notebook's folder: where imports, `require` and `__dirname` start. */
  cwd: string;
  /** Called at every loop head and after every awaiting statement; throws where the user pressed Interrupt. */
  check: () => void;
  /** What cells find without importing it, e.g. `display`. A cell may declare the same name. */
  globals?: Record<string, unknown>;
  /** Whether SIGINT ends the synchronous part of a cell. */
  breakOnSigint?: boolean;
  /** Told the file name of each cell that is compiled and about to run: here a debugger sets its breakpoints. */
  compiled?: (file: string) => void;
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
  compiled = () => undefined,
}: EvaluatorOptions): Evaluator {
  const kinds = new Map<string, Kind>();
  const stacks = createStacks();
  const importModule = createImporter(cwd);
  const file = join(cwd, 'notebook.ts');
  const scope = createScope(kinds, {
    require: createRequire(file),
    __dirname: cwd,
    __filename: file,
    babelHelpers: disposeHelpers,
    ...globals,
  });
  const meta = {
    url: pathToFileURL(file).href,
    dirname: cwd,
    filename: file,
    resolve: (specifier: string) => importModule.resolve(specifier),
  };

  async function run(source: string, count: number): Promise<CellResult> {
    const cell = rewriteCell(source, count, {
      known: name => kinds.get(name) ?? (Object.hasOwn(scope, name) ? 'var' : undefined),
      isGlobal: name => name in globalThis,
    });
    const filename = stacks.add(count, cell.map);
    const script = new Script(cell.code, {
      filename,
      importModuleDynamically: mainLoader(),
    });
    for (const [name, kind] of cell.declared) kinds.set(name, kind);

    const body = script.runInThisContext() as (...given: unknown[]) => Promise<[unknown] | undefined>;
    const given: Record<(typeof cellParameters)[number], unknown> = {
      __scope: scope,
      __check: check,
      __import: importModule,
      __bind: (module: Record<string, unknown>, specifier: string, bindings: [string, string?][]) =>
        // a type imported without `type` has no value, and the cell asks for none
        bind(scope, module, specifier, bindings, name => !cell.used.has(name) && kinds.delete(name)),
      __meta: meta,
      __constant: refuseAssignment,
    };
    compiled(filename);
    const holder = globalThis as Record<symbol, unknown>;
    holder[slot] = () => {
      delete holder[slot];
      return body(...cellParameters.map(name => given[name]));
    };
    const result = await (start.runInThisContext({ breakOnSigint }) as ReturnType<typeof body>);
    return result && !isSilent(result[0]) ? { hasValue: true, value: result[0] } : { hasValue: false };
  }

  return {
    run,
    formatError: stacks.format,
    names: () => Object.keys(scope).filter(name => kinds.has(name)),
    scope,
    kinds,
  };
}

/**
 * The object whose own properties are the notebook's variables. Reading a name that no cell has assigned falls
 * through to a proxy, which answers with Node's global of that name or refuses as the language would.
 */
function createScope(
  kinds: ReadonlyMap<string, Kind>,
  builtins: Record<string, unknown>,
): Record<string, unknown> {
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
  const scope = Object.create(fallback) as Record<string, unknown>;
  for (const [name, value] of Object.entries(builtins))
    Object.defineProperty(scope, name, { value, writable: true, enumerable: true, configurable: true });
  return scope;
}

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
