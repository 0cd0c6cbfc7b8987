/**
 * Imports of cells. Packages are looked for from the notebook's folder, with Node's own loader; `neuronbook` and its
 * systems fall back to the kernel's copy. Local files load as TypeScript and again when they have changed
 * (`local-hooks.ts`).
 */
import { createRequire, isBuiltin, register } from 'node:module';
import { join, resolve as resolvePath } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { mainLoader } from './main-loader.ts';

export interface Importer {
  (specifier: unknown, options?: ImportCallOptions): Promise<Record<string, unknown>>;
  /** The URL that an import would load, as `import.meta.resolve` gives it. */
  resolve(specifier: string): string;
}

/** A module that is not there, with what to do about it. */
export class ModuleNotFoundError extends Error {
  override name = 'ModuleNotFoundError';
  readonly code = 'ERR_MODULE_NOT_FOUND';
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

  const load = async (specifier: unknown, options?: ImportCallOptions) => {
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
    try {
      return await fromNotebook(name, attributes);
    } catch (error) {
      if (!isMissing(error, name)) throw error;
      if (isOurs(name)) return fromKernel(name, attributes);
      const wanted = packageOf(name);
      throw new ModuleNotFoundError(
        `package not found: '${wanted}'; looked from ${cwd} upwards; run \`npm install ${wanted}\` in that folder`,
      );
    }
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

type Load = (specifier: string, options?: ImportCallOptions) => Promise<Record<string, unknown>>;

/** Node's `import()` as if written in `file`. */
const importerAt = (file: string): Load =>
  new Script('(specifier, options) => import(specifier, options)', {
    filename: file,
    importModuleDynamically: mainLoader(),
  }).runInThisContext() as Load;

/** Whether it is `specifier` itself that was not found, rather than something that it imports. */
function isMissing(error: unknown, specifier: string): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return code === 'ERR_MODULE_NOT_FOUND' && !!message?.includes(`'${packageOf(specifier)}'`);
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
