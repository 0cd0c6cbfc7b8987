/** `#platform/files` in Node: whole files in and out, and the tensors that a network keeps beside its file. */
import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import {
  access,
  mkdir,
  readFile as read,
  readdir,
  rename,
  rm,
  stat,
  writeFile as write,
} from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { FormatError, NeuronbookError } from '../errors.ts';
import type { RandomAccess } from '../random-access.ts';

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder; expected a file',
  EACCES: 'reading it is not permitted',
};

/** @throws NeuronbookError saying why the file cannot be read, and where it was looked for */
export async function readFile(path: string): Promise<Uint8Array> {
  try {
    const bytes = await read(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): NeuronbookError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const place = isAbsolute(path) ? '' : `; looked in ${process.cwd()}`;
  return new NeuronbookError(`cannot read ${path}: ${reasons[code] ?? message}${place}`, { cause: error });
}

/**
 * A file that stays on disk and is read piece by piece. It is closed with `close`, or when it is dropped.
 * @throws NeuronbookError saying why the file cannot be read
 */
export async function openFile(path: string): Promise<RandomAccess> {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  const status = fstatSync(file);
  if (!status.isFile()) {
    closeSync(file);
    throw unreadable(path, {
      code: status.isDirectory() ? 'EISDIR' : '',
      message: 'it is not a regular file',
    });
  }
  const access: RandomAccess = {
    size: status.size,
    read(offset, length) {
      if (file < 0) throw new NeuronbookError(`${path} is closed; open it again`);
      return readAt(file, offset, length, done => {
        throw new FormatError(`${path}: ended after ${done} of ${length} bytes from ${offset} on`, path);
      });
    },
    close() {
      if (file >= 0) closeSync(file);
      file = -1;
      dropped.unregister(access);
    },
  };
  dropped.register(access, file, access);
  return access;
}

/** Closes files whose readers were dropped: a process has only so many. */
const dropped = new FinalizationRegistry<number>(file => closeSync(file));

/** `length` bytes from `offset` on, in pieces below the 2 GB that one system call reads. */
function readAt(file: number, offset: number, length: number, ended: (done: number) => never): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readSync(file, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
    if (count === 0) ended(done);
    done += count;
  }
  return bytes;
}

/**
 * Writes the whole file or nothing: a reader never sees half of it, and what is there under the name is on the disk,
 * not only in the system's memory. Folders on the way are made.
 */
export async function writeFile(
  path: string,
  content: Uint8Array | string | Iterable<Uint8Array>,
): Promise<void> {
  const target = resolve(path);
  const draft = `${target}.${process.pid}.part`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await write(draft, content, { flush: true });
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw new NeuronbookError(`cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    status => status.isDirectory(),
    () => false,
  );

/** Deletes a file, if it is there. */
export const remove = (path: string): Promise<void> => rm(path, { force: true });

/** The names in a folder, sorted. */
export const list = async (path: string): Promise<string[]> => (await readdir(path)).sort();

/**
 * A reader of the tensors beside the model at `path`. It reads inside the model's own folder only: a network from
 * elsewhere must not be able to name `/etc/passwd`, `../secret` or a link to them.
 * @param root where links may lead, where that is more than the model's folder: in a cache, they lead to its contents
 */
export async function openExternal(
  path: string,
  _locations: readonly string[] = [],
  root = dirname(path),
): Promise<(location: string, offset: number, length: number) => Uint8Array> {
  const folder = dirname(resolve(path));
  const limit = realpathSync(root);
  return (location, offset, length) => {
    const refuse = (why: string) => new FormatError(`${path}: external data ${location}: ${why}`, path);
    if (isAbsolute(location) || /^[a-z]:|^[\\/]/i.test(location))
      throw refuse('the path is absolute; expected a file in the folder of the model');
    if (location.split(/[\\/]/).includes('..')) throw refuse('the path leaves the folder of the model by ..');
    let real: string;
    try {
      real = realpathSync(join(folder, location));
    } catch {
      throw refuse('there is no such file beside the model; copy it there');
    }
    // a link may point anywhere, so what counts is where it really leads
    const inside = relative(limit, real);
    if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
      throw refuse('the file is a link that leaves the folder of the model');
    const file = openSync(real, 'r');
    try {
      const status = fstatSync(file);
      if (!status.isFile()) throw refuse('it is not a regular file');
      if (offset + length > status.size)
        throw refuse(
          `bytes ${offset} to ${offset + length} lie outside the file; it has ${status.size}; it was cut short`,
        );
      return readAt(file, offset, length, done => {
        throw refuse(`ended after ${done} of ${length} bytes`);
      });
    } finally {
      closeSync(file);
    }
  };
}
