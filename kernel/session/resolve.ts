/**
 * Imports of cells. Packages are looked for from the notebook's folder, with Node's own loader; `neuronbook` and its
 * systems fall back to the kernel's copy. Local files load as TypeScript and again when they have changed
 * (`local-hooks.ts`).
 */
import { createRequire, isBuiltin, register } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { mainLoader } from './main-loader.ts';
import * as tslab from './tslab/shim.ts';

export interface Importer {
  (specifier: unknown, options?: ImportCallOptions): Promise<Record<string, unknown>>;
  /** The URL that an import would load, as `import.meta.resolve` gives it. */
  resolve(specifier: string): string;
}

/** A module that is not there, with what to do about it. */
export class ModuleNotFoundError extends Error {
  override name = 'ModuleNotFoundError';
  constructor(
    message: string,
    readonly code = 'ERR_MODULE_NOT_FOUND',
  ) {
    super(message);
  }
}

const here = fileURLToPath(import.meta.url);
const isLocal = (specifier: string): boolean =>
  /^(\.{1,2}(\/|$)|\/|file:)/.test(specifier) || /^[A-Za-z]:[\\/]/.test(specifier);
const isOurs = (specifier: string): boolean => /^neuronbook(\/|$)/.test(specifier);

export function createImporter(cwd: string): Importer {
  // the parent of every cell's imports; `local-hooks.ts` knows it by this name
  const notebook = join(cwd, 'notebook.mjs');
  const fromNotebook = importerAt(notebook);
  const fromKernel = importerAt(here);
  const require = createRequire(notebook);

  const find = async (specifier: unknown, options?: ImportCallOptions) => {
    const name = String(specifier);
    const attributes = /\.json$/.test(name) && !options?.with ? { with: { type: 'json' } } : options;
    if (isLocal(name)) {
      registerLocalHooks();
      const url = name.startsWith('file:') ? name : pathToFileURL(resolvePath(cwd, name)).href;
      return fromNotebook(url, attributes).catch((error: unknown) => {
        const { code, message } = error as NodeJS.ErrnoException;
        const path = fileURLToPath(url);
        if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(`'${path}' imported from ${notebook}`))
          throw error;
        throw new ModuleNotFoundError(
          `file not found: ${name}; looked for ${path}, also as .ts, .js and folder`,
        );
      });
    }
    // also where the real one is installed: it speaks to a kernel of its own
    if (name === 'tslab') return tslab;
    if (isThere(name, cwd)) return fromNotebook(name, attributes);
    if (isOurs(name)) return fromKernel(name, attributes);
    throw missing(name, cwd, 'ERR_MODULE_NOT_FOUND');
  };

  const load = (specifier: unknown, options?: ImportCallOptions) => {
    const called = new Error();
    return find(specifier, options).catch((error: unknown) => {
      placeAt(error, called);
      throw error;
    });
  };

  return Object.assign(load, {
    resolve(specifier: string) {
      if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
      if (specifier.startsWith('file:')) return specifier;
      return pathToFileURL(isLocal(specifier) ? resolvePath(cwd, specifier) : require.resolve(specifier))
        .href;
    },
  });
}

/** What Node's loader refuses has frames of the loader only: those of the cell that imports are added. */
function placeAt(error: unknown, called: Error): void {
  if (!(error instanceof Error) || String(error.stack).includes('[cell ')) return;
  const frames = String(called.stack)
    .split('\n')
    .filter(line => line.includes('[cell '));
  if (frames.length) error.stack = [error.stack, ...frames].join('\n');
}

type Load = (specifier: string, options?: ImportCallOptions) => Promise<Record<string, unknown>>;

/** Node's `import()` as if written in `file`. */
const importerAt = (file: string): Load =>
  new Script('(specifier, options) => import(specifier, options)', {
    filename: file,
    importModuleDynamically: mainLoader(),
  }).runInThisContext() as Load;

/**
 * Whether Node need be asked. It remembers for good that a package is not there, so that one installed later would
 * not be found: nothing but packages that have a folder are asked for.
 */
function isThere(specifier: string, cwd: string): boolean {
  if (isBuiltin(specifier) || /^(#|[a-z]+:)/.test(specifier) || isSelf(specifier, cwd)) return true;
  const name = packageOf(specifier);
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', name))) return true;
    if (dirname(folder) === folder) return false;
  }
}

/** Whether the notebook lies in the package that it imports by name. */
function isSelf(specifier: string, cwd: string): boolean {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) return readFileSync(path, 'utf8').includes(`"${packageOf(specifier)}"`);
    if (dirname(folder) === folder) return false;
  }
}

const missing = (specifier: string, cwd: string, code: string): ModuleNotFoundError => {
  const wanted = packageOf(specifier);
  return new ModuleNotFoundError(
    `package not found: '${wanted}'; looked from ${cwd} upwards; run %install ${wanted} in a cell`,
    code,
  );
};

/** Node's `require` of the notebook, with the same answers for packages that are not there. */
export function createNotebookRequire(cwd: string): NodeJS.Require {
  const require = createRequire(join(cwd, 'notebook.ts'));
  return new Proxy(require, {
    apply(target, self, [specifier]: [string]) {
      if (specifier === 'tslab') return tslab;
      if (
        typeof specifier === 'string' &&
        !isLocal(specifier) &&
        !isThere(specifier, cwd) &&
        !isOurs(specifier)
      )
        throw missing(specifier, cwd, 'MODULE_NOT_FOUND');
      return Reflect.apply(target, self, [specifier]) as unknown;
    },
  });
}

const packageOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

let registered = false;

function registerLocalHooks(): void {
  if (registered) return;
  registered = true;
  // the hooks thread runs plain JavaScript: under a test runner that loads the sources, the built file serves
  const built = here.endsWith('.ts') ? '../dist/session/local-hooks.js' : './local-hooks.js';
  register(new URL(built, import.meta.url));
}
