/** What TypeScript asks of its surroundings: the virtual cells, and the disk for everything else. */
import { join } from 'node:path';
import ts from 'typescript';
import type { Cells } from './cells.ts';
import { kernelRoot } from './options.ts';

export function createServiceHost(
  cwd: string,
  cells: Cells,
  options: ts.CompilerOptions,
): ts.LanguageServiceHost {
  const disk = ts.sys;
  const cache = ts.createModuleResolutionCache(cwd, name => name, options);
  const host: ts.LanguageServiceHost = {
    getCurrentDirectory: () => cwd,
    getCompilationSettings: () => options,
    getDefaultLibFileName: settings => ts.getDefaultLibFilePath(settings),
    getScriptFileNames: () => [...cells.files.keys()],
    getScriptVersion: path => String(cells.files.get(path)?.version ?? stampOf(path)),
    getScriptSnapshot(path) {
      const text = cells.files.get(path)?.text ?? disk.readFile(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    fileExists: path => cells.files.has(path) || disk.fileExists(path),
    readFile: path => cells.files.get(path)?.text ?? disk.readFile(path),
    directoryExists: path => disk.directoryExists(path),
    getDirectories: path => disk.getDirectories(path),
    readDirectory: (...given) => disk.readDirectory(...given),
    realpath: path => (cells.files.has(path) ? path : (disk.realpath?.(path) ?? path)),
    useCaseSensitiveFileNames: () => disk.useCaseSensitiveFileNames,
    resolveModuleNameLiterals: (literals, from, redirected, settings) =>
      literals.map(({ text }) => resolve(text, from, redirected, settings)),
  };
  return host;

  function resolve(
    name: string,
    from: string,
    redirected: ts.ResolvedProjectReference | undefined,
    settings: ts.CompilerOptions,
  ): ts.ResolvedModuleWithFailedLookupLocations {
    if (cells.files.has(name))
      return {
        resolvedModule: {
          resolvedFileName: name,
          extension: ts.Extension.Ts,
          isExternalLibraryImport: false,
        },
      };
    const found = ts.resolveModuleName(name, from, settings, host, cache, redirected, ts.ModuleKind.ESNext);
    // a folder without its own installation sees the kernel's copy, as it does when the cell runs
    if (found.resolvedModule || !/^neuronbook(\/|$)/.test(name)) return found;
    return ts.resolveModuleName(name, join(kernelRoot, 'package.json'), settings, host);
  }

  /** Local files change while the notebook is open; packages do not. */
  function stampOf(path: string): string {
    if (path.includes('/node_modules/')) return '1';
    return String(disk.getModifiedTime?.(path)?.getTime() ?? 1);
  }
}
