/** `#platform/files` in a browser: files are what the page can fetch; there is nowhere to write to. */
import { FormatError, NeuronbookError } from '../errors.ts';
import { inMemory, type RandomAccess } from '../random-access.ts';

/** @throws NeuronbookError saying why the address cannot be read */
export async function readFile(path: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(path);
  } catch (error) {
    throw new NeuronbookError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  if (!response.ok)
    throw new NeuronbookError(
      `cannot read ${path}: the server answers ${response.status} ${response.statusText}`,
    );
  return new Uint8Array(await response.arrayBuffer());
}

/** A page cannot read parts of a file at once: the file is fetched whole. */
export const openFile = async (path: string): Promise<RandomAccess> => inMemory(await readFile(path));

export async function writeFile(
  path: string,
  _content: Uint8Array | string | Iterable<Uint8Array>,
): Promise<void> {
  throw new NeuronbookError(
    `cannot write ${path}: a browser has no files; keep the bytes, or offer them as a download`,
  );
}

export async function remove(path: string): Promise<void> {
  throw new NeuronbookError(`cannot delete ${path}: a browser has no files`);
}

export const exists = (path: string): Promise<boolean> =>
  fetch(path, { method: 'HEAD' }).then(
    ({ ok }) => ok,
    () => false,
  );

/** An address that ends in a slash: a server does not tell. */
export const isFolder = async (path: string): Promise<boolean> => path.endsWith('/');

export async function list(path: string): Promise<string[]> {
  throw new NeuronbookError(`cannot list ${path}: a browser has no folders; name the files`);
}

/** The files beside the model, fetched first; only names below the model's own address are accepted. */
export async function openExternal(
  path: string,
  locations: readonly string[] = [],
  _root?: string,
): Promise<(location: string, offset: number, length: number) => Uint8Array> {
  const refuse = (location: string, why: string) =>
    new FormatError(`${path}: external data ${location}: ${why}`, path);
  const base = new URL('.', new URL(path, globalThis.location?.href));
  const files = new Map<string, Uint8Array>();
  for (const location of locations) {
    const address = new URL(location, base);
    if (address.origin !== base.origin || !address.pathname.startsWith(base.pathname))
      throw refuse(location, 'the path leaves the folder of the model');
    files.set(location, await readFile(address.href));
  }
  return (location, offset, length) => {
    const bytes = files.get(location);
    if (!bytes) throw refuse(location, 'was not fetched before decoding');
    if (offset + length > bytes.length)
      throw refuse(
        location,
        `bytes ${offset} to ${offset + length} lie outside the file; it has ${bytes.length}; it was cut short`,
      );
    return bytes.slice(offset, offset + length);
  };
}
