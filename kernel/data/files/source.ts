/** What readers of files take: a path (or an address, in a browser), or bytes. */
import { readFile } from '#platform/files';
import { FormatError, NameError } from '../../base/errors.ts';

export type Source = string | Uint8Array;

/**
 * Reads and parses; what goes wrong in parsing says which file it was.
 * @param kind what the file should be, e.g. “a .npy file”
 */
export async function parsed<T>(
  source: Source,
  kind: string,
  parse: (bytes: Uint8Array) => T | Promise<T>,
): Promise<T> {
  const bytes = typeof source === 'string' ? await readFile(source) : source;
  const name = typeof source === 'string' ? source : 'these bytes';
  try {
    return await parse(bytes);
  } catch (error) {
    // the file is sound: something was asked for that it does not have
    if (error instanceof NameError) throw error;
    const path = typeof source === 'string' ? source : undefined;
    throw new FormatError(`${name}: not ${kind}, or a broken one: ${(error as Error).message}`, path);
  }
}
