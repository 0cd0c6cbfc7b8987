/** Cells as files: a path from the hash of a cell's source, and the source from the path. */
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { murmur2 } from './murmur2.ts';

/** The seed that ipykernel uses; any would do, since clients ask for it. */
export const HASH_SEED = 0xc70f6907;
export const SUFFIX = '.ts';

export interface Sources {
  /**
   * What clients put before the hash. No such file exists: the source is asked for instead. JupyterLab writes
   * `Cell [3]` in place of a path only where it reads `ipykernel_`.
   */
  readonly prefix: string;
  /** Remembers the source of a cell; answers its path. */
  add(code: string): string;
  codeOf(path: string): string | undefined;
}

export function createSources(pid = process.pid): Sources {
  const prefix = join(tmpdir(), `neuronbook_ipykernel_${pid}`) + sep;
  const codes = new Map<string, string>();
  return {
    prefix,
    add(code) {
      const path = `${prefix}${murmur2(code, HASH_SEED)}${SUFFIX}`;
      codes.set(path, code);
      return path;
    },
    codeOf: path => codes.get(path),
  };
}
