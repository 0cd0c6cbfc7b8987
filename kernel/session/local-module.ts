/**
 * The user's own files beside a notebook: how they become JavaScript, and the version that tells whether one of
 * them, or anything it imports, has changed. Used by the loader hooks and, for positions in errors, by `stack.ts`.
 */
import { readFileSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseSync } from 'oxc-parser';
import { helpersImport } from './helpers.ts';
import { transpile, type Transpiled } from './transpile.ts';

/** Query parameter that carries the version. */
export const versionKey = 'neuronbook';

export const isTypeScript = (path: string): boolean => /\.[cm]?tsx?$/.test(path);
const isScript = (path: string): boolean => /\.[cm]?[jt]sx?$/.test(path);

export function compile(path: string, source: string): Transpiled {
  const made = transpile(path, source);
  return made.code.includes('babelHelpers.') ? { ...made, code: made.code + helpersImport } : made;
}

/** The file that a local specifier means: as written, with an extension, `.js` for `.ts`, or a folder's index. */
export function findLocal(path: string): string | undefined {
  const swapped = path.replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
  const endings = ['.ts', '.tsx', '.mts', '.js', '.mjs', '.json'];
  const candidates = [
    path,
    swapped,
    ...endings.map(end => path + end),
    ...endings.map(end => resolve(path, `index${end}`)),
  ];
  return candidates.find(candidate => statSync(candidate, { throwIfNoEntry: false })?.isFile());
}

/** Whether a `.js` file is written as an ES module, whatever the nearest package.json says. */
export const hasModuleSyntax = (path: string): boolean =>
  parseSync(path, readFileSync(path, 'utf8')).module.hasModuleSyntax;

interface Scan {
  stamp: string;
  hash: string;
  imports: string[];
}

const scans = new Map<string, Scan>();

/** Changes whenever the file or one of the local files that it imports changes. */
export function versionOf(path: string): string {
  const digest = createHash('sha1');
  const seen = new Set<string>();
  const add = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const { hash, imports } = scan(file);
    digest.update(hash);
    imports.forEach(add);
  };
  add(path);
  return digest.digest('hex').slice(0, 12);
}

function scan(path: string): Scan {
  const { mtimeMs, size } = statSync(path);
  const stamp = `${mtimeMs} ${size}`;
  const cached = scans.get(path);
  if (cached?.stamp === stamp) return cached;
  const source = readFileSync(path, 'utf8');
  const made: Scan = {
    stamp,
    hash: createHash('sha1').update(path).update(source).digest('hex'),
    imports: isScript(path) ? localImports(path, source) : [],
  };
  scans.set(path, made);
  return made;
}

function localImports(path: string, source: string): string[] {
  const { module } = parseSync(path, source);
  const specifiers = [
    ...module.staticImports.map(entry => entry.moduleRequest.value),
    ...module.staticExports.flatMap(entry =>
      entry.entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
    ...module.dynamicImports.flatMap(({ moduleRequest: { start, end } }) =>
      literal(source.slice(start, end)),
    ),
  ];
  return specifiers
    .filter(specifier => /^(\.|\/|file:)/.test(specifier))
    .flatMap(
      specifier =>
        findLocal(
          specifier.startsWith('file:') ? fileURLToPath(specifier) : resolve(dirname(path), specifier),
        ) ?? [],
    );
}

const literal = (text: string): string[] => (/^(['"`])[^'"`$]*\1$/.test(text) ? [text.slice(1, -1)] : []);

/** The URL under which this state of the file is loaded. */
export const versionedUrl = (path: string): string =>
  `${pathToFileURL(path).href}?${versionKey}=${versionOf(path)}`;

/** CommonJS files are cached by name and can not be loaded twice; others can. */
export const isReloadable = (path: string): boolean =>
  !['.cjs', '.cts', '.node', '.wasm'].includes(extname(path));
