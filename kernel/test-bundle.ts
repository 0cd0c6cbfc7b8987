/**
 * The library bundled as for a web page, for tests: by the package's own `imports` conditions, from the sources.
 * Whatever a browser could not load is listed, with who asked for it.
 */
import { isBuiltin } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown, type Plugin } from 'rolldown';

export interface BundleOptions {
  /** `node` leaves packages where they are: the same entry, to compare with. */
  platform?: 'browser' | 'node';
  minify?: boolean;
  /** Lines put in front of files, path below `kernel/` → lines: how a test breaks what it checks. */
  seeds?: Readonly<Record<string, string>>;
}

export interface BundleFile {
  readonly name: string;
  readonly code: string;
  /** Bytes as a server sends them. */
  readonly gzip: number;
  /** Fetched with the first file; the others come when they are needed. */
  readonly eager: boolean;
  /** Modules of our own, path below `kernel/` → their code in this file. */
  readonly own: Readonly<Record<string, string>>;
}

export interface Bundle {
  /** The entry comes first. */
  readonly files: readonly BundleFile[];
  /** What nothing in a browser answers to: `node:fs, asked for by base/platform/files.node.ts`. */
  readonly missing: readonly string[];
}

const kernel = fileURLToPath(new URL('.', import.meta.url));
const pathOf = (id: string): string => relative(kernel, id).replaceAll('\\', '/');
const isOwn = (path: string): boolean => !path.startsWith('..') && !path.includes('node_modules');

/**
 * Bundles a file below `kernel/`.
 * @example
 * const { files, missing } = await bundle('index.ts')
 */
export async function bundle(
  entry: string,
  { platform = 'browser', minify = false, seeds = {} }: BundleOptions = {},
): Promise<Bundle> {
  const missing = new Set<string>();
  const watch: Plugin = {
    name: 'watch',
    resolveId: {
      order: 'pre',
      async handler(spec, importer, options) {
        const found = await this.resolve(spec, importer, { ...options, skipSelf: true });
        // an empty module is what a package's own `browser` field puts in place of a built-in
        const stands = found && !found.external && (!isBuiltin(spec) || found.id.startsWith('\0'));
        if (importer && !stands) missing.add(`${spec}, asked for by ${pathOf(importer)}`);
        return found;
      },
    },
    transform: (code, id) => (seeds[pathOf(id)] ? `${seeds[pathOf(id)]}\n${code}` : undefined),
  };
  const build = await rolldown({
    input: kernel + entry,
    platform,
    resolve: { conditionNames: ['@neuronbook/source', platform, 'import', 'module', 'default'] },
    // `missing` tells better than warnings do
    logLevel: 'silent',
    ...(platform === 'browser' ? { plugins: [watch] } : { external: /^(?![./#]|neuronbook)/ }),
  });
  const { output } = await build.generate({ format: 'esm', minify });
  await build.close();

  const chunks = output.filter(chunk => chunk.type === 'chunk');
  const eager = new Set<string>();
  const reach = (name: string): void => {
    if (eager.has(name)) return;
    eager.add(name);
    chunks.find(({ fileName }) => fileName === name)?.imports.forEach(reach);
  };
  reach(chunks[0].fileName);
  const files = chunks.map(({ fileName: name, code, modules }) => ({
    name,
    code,
    gzip: gzipSync(code).length,
    eager: eager.has(name),
    own: Object.fromEntries(
      Object.entries(modules)
        .map(([id, { code }]) => [pathOf(id), code ?? ''])
        .filter(([path]) => isOwn(path)),
    ),
  }));
  return { files, missing: [...missing].sort() };
}
