/**
 * A folder of files that make up a model, here or on the hub. What names a file in it (an index, a config) may come
 * from a stranger, so only files inside it are given.
 */
import { FormatError, NameError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { progress, type Progress } from '../display/progress.ts';
import { isFolder, list, readFile } from '#platform/files';
import { fetchFile, folderOf, listRepository, type FetchOptions } from './hub/hub.ts';
import { checkInside, repositoryName, type Repository } from './hub/repository.ts';

export type OnProgress = (received: number, total: number | undefined) => void;

export interface Folder {
  /** What the model is called after. */
  readonly name: string;
  /** The folder or repository, for errors. */
  readonly where: string;
  readonly files: readonly string[];
  /** Links of files in it may lead anywhere inside this folder; the folder itself where left out. */
  readonly root?: string;
  /** Where one of its files lies on this machine, fetched first where it has to be. */
  path(file: string): Promise<string>;
}

/** A folder on this machine, and what lies in its `onnx` folder. */
export async function localFolder(at: string): Promise<Folder> {
  const where = at.replace(/(?<=.)[\\/]+$/, '');
  const names = await list(where);
  const inner =
    names.includes('onnx') && (await isFolder(`${where}/onnx`)) ? await list(`${where}/onnx`) : [];
  const files = [...names, ...inner.map(name => `onnx/${name}`)];
  const path = async (file: string) => {
    check(where, files, file);
    return `${where}/${file}`;
  };
  return { name: where.replace(/^.*[\\/]/, ''), where, files, path };
}

/** A repository of the hub at one commit. Its files are downloaded as they are asked for. */
export async function hubFolder(at: Repository, onProgress?: OnProgress): Promise<Folder> {
  const { repository, files } = await listRepository(at);
  const where = `hf:${repositoryName(at)}`;
  const path = async (file: string) => {
    check(where, files, file);
    return fetchWithBar(repository, file, onProgress);
  };
  return { name: at.name, where, files, root: folderOf(at), path };
}

/** Downloads under a bar, where nobody else watches. */
export const fetchWithBar = (at: Repository, file: string, onProgress?: OnProgress): Promise<string> =>
  withBar(file, onProgress, options => fetchFile(at, file, options));

const MB = 1e6;

/** A bar in megabytes while something is fetched that is worth one. */
export async function withBar<T>(
  label: string,
  onProgress: OnProgress | undefined,
  work: (options: FetchOptions) => Promise<T>,
): Promise<T> {
  if (onProgress) return work({ onProgress });
  let bar: Progress<number> | undefined;
  try {
    return await work({
      onProgress(received, total) {
        if (total === undefined || total < 2 * MB) return;
        bar ??= progress(Math.ceil(total / MB), `${label} (MB)`);
        bar.to(received === total ? bar.total! : Math.floor(received / MB));
      },
    });
  } finally {
    bar?.end();
  }
}

function check(where: string, files: readonly string[], file: string): void {
  checkInside(file, where);
  if (!files.includes(file)) throw new NameError('file', file, nearest(file, files), `looked in ${where}`);
}

/**
 * A JSON file of the folder, with its text.
 * @throws FormatError where it is not the JSON of an object
 */
export async function readJson(
  folder: Folder,
  file: string,
): Promise<{ text: string; value: Record<string, unknown> }> {
  const path = await folder.path(file);
  const text = new TextDecoder().decode(await readFile(path));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // said below: Node's own words differ from version to version
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FormatError(`${path}: not a JSON object; it was cut short, or is another file`, path);
  return { text, value: value as Record<string, unknown> };
}
