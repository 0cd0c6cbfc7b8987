/**
 * Loader hooks, in Node's own hooks thread: the user's local files, reached from a cell, load as TypeScript under a
 * URL that carries their version, so that a changed file is a new module and an unchanged one keeps its state.
 * Packages and everything inside them stay with Node's loader.
 */
import { readFileSync } from 'node:fs';
import type { LoadHook, ResolveHook } from 'node:module';
import { dirname, extname, resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  compile,
  findLocal,
  hasModuleSyntax,
  isReloadable,
  isTypeScript,
  versionedUrl,
  versionKey,
} from './local-module.ts';

const marked = (url: string): boolean => url.startsWith('file:') && new URL(url).searchParams.has(versionKey);
const isCell = (url: string): boolean => url.endsWith('/notebook.mjs');

export const resolve: ResolveHook = async (specifier, context, next) => {
  const parent = context.parentURL ?? '';
  const local = /^(\.|\/|file:)/.test(specifier);
  if (!marked(parent) && !(local && isCell(parent))) return next(specifier, context);
  if (!local) return bare(specifier, context, next);

  const path = specifier.startsWith('file:')
    ? fileURLToPath(specifier.replace(/\?.*$/, ''))
    : resolvePath(dirname(fileURLToPath(parent)), specifier);
  const found = findLocal(path);
  if (!found || !isReloadable(found) || found.includes('/node_modules/')) return next(specifier, context);
  const url = versionedUrl(found);
  if (isTypeScript(found) || (extname(found) === '.js' && hasModuleSyntax(found)))
    return { url, format: 'module', shortCircuit: true };
  return { ...(await next(url, context)), url };
};

/** A local file may import `neuronbook` and `tslab` without having installed them, like a cell. */
const bare: ResolveHook = async (specifier, context, next) => {
  if (specifier === 'tslab')
    return { url: new URL('./tslab/shim.js', import.meta.url).href, format: 'module', shortCircuit: true };
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!/^neuronbook(\/|$)/.test(specifier) || (error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND')
      throw error;
    return next(specifier, { ...context, parentURL: import.meta.url });
  }
};

export const load: LoadHook = async (url, context, next) => {
  if (!marked(url)) return next(url, context);
  const path = fileURLToPath(url.replace(/\?.*$/, ''));
  if (context.format !== 'module') return next(url, context);
  const source = readFileSync(path, 'utf8');
  if (!isTypeScript(path)) return { format: 'module', source, shortCircuit: true };
  const { code, problems } = compile(path, source);
  if (problems.length)
    throw new SyntaxError(`${path}: ${problems[0].message}\n${problems[0].codeframe ?? ''}`);
  return { format: 'module', source: code, shortCircuit: true };
};
