/**
 * `neuronbook prune`: removes from an installation what this machine cannot use. ONNX Runtime and ZeroMQ come with
 * binaries for every platform, and npm has no way to leave them out.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';

export interface Pruned {
  path: string;
  bytes: number;
}

export interface PruneOptions {
  /** Tells what would go, and leaves it. */
  dryRun?: boolean;
  platform?: string;
  arch?: string;
}

/** Folders `<platform>/<arch>` of binaries, by package. */
const binaries = { 'onnxruntime-node': 'bin/napi-v6', zeromq: 'build' } as const;
/** Folders with files for debugging the package itself, by package: its own `exports` name none of them. */
const debugging = { 'onnxruntime-web': 'dist' } as const;
const isDebugging = (path: string) => /\.map$|[/\\]ort\.(?!.*\bmin\.)[\w.]*js$/.test(path);

/** @param from a file of the installation: packages are looked for as it would import them */
export function prune(
  from: string,
  { dryRun = false, platform = process.platform, arch = process.arch }: PruneOptions = {},
): Pruned[] {
  const unused = [
    ...Object.entries(binaries).flatMap(([name, folder]) =>
      foreign(folderOf(name, from, folder), platform, arch),
    ),
    ...Object.entries(debugging).flatMap(([name, folder]) =>
      children(folderOf(name, from, folder)).filter(isDebugging),
    ),
  ];
  return unused.map(path => {
    const bytes = sizeOf(path);
    if (!dryRun) rmSync(path, { recursive: true });
    return { path, bytes };
  });
}

/** Every folder of another platform; of this one, every other processor's. Nothing where its own is not there. */
function foreign(folder: string | undefined, platform: string, arch: string): string[] {
  if (!folder || !existsSync(join(folder, platform, arch))) return [];
  const others = (path: string, own: string) =>
    children(path).filter(child => !child.endsWith(sep + own) && statSync(child).isDirectory());
  return [...others(folder, platform), ...others(join(folder, platform), arch)];
}

/** A folder of a package, wherever npm has put it. */
function folderOf(name: string, from: string, folder: string): string | undefined {
  for (const place of createRequire(from).resolve.paths(name) ?? []) {
    const root = join(place, name);
    if (existsSync(join(root, 'package.json'))) return existing(join(root, folder));
  }
  return undefined;
}

const existing = (path: string): string | undefined => (existsSync(path) ? path : undefined);

const children = (folder: string | undefined): string[] =>
  folder ? readdirSync(folder).map(name => join(folder, name)) : [];

/** Bytes of a file, or of all files below a folder. */
export function sizeOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat?.size ?? 0;
  return children(path).reduce((sum, child) => sum + sizeOf(child), 0);
}

/** What was removed, or would be, in lines for a terminal. */
export function tellPruned(pruned: readonly Pruned[], dryRun = false): string[] {
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  const sum = pruned.reduce((total, { bytes }) => total + bytes, 0);
  const byFolder = new Map<string, number>();
  for (const { path, bytes } of pruned)
    byFolder.set(dirname(path), (byFolder.get(dirname(path)) ?? 0) + bytes);
  return [
    ...[...byFolder].map(([folder, bytes]) => `${megabytes(bytes).padStart(8)}  ${folder}`),
    sum ? `${megabytes(sum)} ${dryRun ? 'could be removed' : 'removed'}` : 'nothing to remove',
  ];
}
