/** Where things lie: the repository, its virtual environments, its cache. Every script starts here. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const cache = join(root, '.cache');
export const windows = process.platform === 'win32';

/** The Python of a virtual environment in the repository's root. */
export const venvPython = name =>
  join(root, name, ...(windows ? ['Scripts', 'python.exe'] : ['bin', 'python']));

/** A package's command-line file, run with this Node rather than through a shell shim. */
export const nodeScript = (...path) => join(root, 'node_modules', ...path);

export const kernelCli = join(root, 'kernel', 'dist', 'cli', 'index.js');
