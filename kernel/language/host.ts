/** What TypeScript asks of its surroundings: the virtual cells, and the disk for everything else. */
import { join } from 'node:path';
import ts from 'typescript';
import { extensionOf, type Cells } from './cells.ts';
import { kernelRoot } from './options.ts';

const ownTypes = join(kernelRoot, 'dist');

/** Failed imports are tried again after this time, in ms: the package may have been installed since. */
const RETRY = 2000;

export interface Host extends ts.LanguageServiceHost {
  /** A new question: local files may have changed since the last one. */
  refresh(): void;
  // TypeScript asks for both, though its public types do not say so
  /** Whether a file's imports are to be looked for again. */
  hasInvalidatedResolutions(path: string): boolean;
  /** Also spares it reading every package.json at every question. */
  getModuleResolutionCache(): ts.ModuleResolutionCache;
}

export function createServiceHost(cwd: string, cells: Cells, options: ts.CompilerOptions): Host {
  const disk = ts.sys;
  const cache = ts.createModuleResolutionCache(cwd, name => name, options);
  const texts = new Map<string, { stamp: string; snapshot: ts.IScriptSnapshot | undefined }>();
  const stamps = new Map<string, string>();
  /** Files with imports that were not found. */
  const lacking = new Set<string>();
  let invalid: ReadonlySet<string> = new Set();
  let triedAt = 0;
  let looks = 0;

  return {
    refresh() {
      looks++;
      stamps.clear();
      invalid = new Set();
      if (!lacking.size || performance.now() - triedAt < RETRY) return;
      triedAt = performance.now();
      invalid = new Set(lacking);
      lacking.clear();
      cache.clear();
    },
    hasInvalidatedResolutions: path => invalid.has(path),
    getCurrentDirectory: () => cwd,
    getCompilationSettings: () => options,
    getDefaultLibFileName: settings => ts.getDefaultLibFilePath(settings),
    // within one question TypeScript need not go through all files twice
    getProjectVersion: () => `${cells.version} ${looks}`,
    getScriptFileNames: () => [...cells.roots],
    getScriptVersion: path => String(cells.files.get(path)?.version ?? stampOf(path)),
    getScriptSnapshot,
    getModuleResolutionCache: () => cache,
    fileExists: path => cells.files.has(path) || disk.fileExists(path),
    readFile: path => cells.files.get(path)?.text ?? disk.readFile(path),
    directoryExists: path => disk.directoryExists(path),
    getDirectories: path => disk.getDirectories(path),
    readDirectory: (...given) => disk.readDirectory(...given),
    realpath: path => (cells.files.has(path) ? path : (disk.realpath?.(path) ?? path)),
    useCaseSensitiveFileNames: () => disk.useCaseSensitiveFileNames,
    resolveModuleNameLiterals: (literals, from, redirected, settings) =>
      literals.map(({ text }) => {
        const found = resolve(text, from, redirected, settings);
        if (!found.resolvedModule) lacking.add(from);
        return found;
      }),
  };

  /** The same object as long as the file is the same: TypeScript asks for all of them again and again. */
  function getScriptSnapshot(path: string): ts.IScriptSnapshot | undefined {
    const cell = cells.files.get(path);
    const stamp = cell ? `cell ${cell.version}` : stampOf(path);
    const known = texts.get(path);
    if (known?.stamp === stamp) return known.snapshot;
    const text = cell?.text ?? disk.readFile(path);
    const snapshot = text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    texts.set(path, { stamp, snapshot });
    return snapshot;
  }

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
          extension: extensionOf(name),
          isExternalLibraryImport: false,
        },
      };
    const found = ts.resolveModuleName(name, from, settings, disk, cache, redirected, ts.ModuleKind.ESNext);
    // a folder without its own installation sees the kernel's copy, as it does when the cell runs
    if (found.resolvedModule || !/^(neuronbook(\/|$)|tslab$)/.test(name)) return found;
    return ts.resolveModuleName(name, join(kernelRoot, 'package.json'), settings, disk);
  }

  /** Local files change while the notebook is open; packages do not. */
  function stampOf(path: string): string {
    if (path.includes('/node_modules/') || path.startsWith(ownTypes)) return '1';
    let stamp = stamps.get(path);
    if (stamp === undefined) {
      stamp = String(disk.getModifiedTime?.(path)?.getTime() ?? 1);
      stamps.set(path, stamp);
    }
    return stamp;
  }
}
