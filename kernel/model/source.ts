/** What the text given to `load` means: bytes, a file, a folder, or something of the zoo, the web or the hub. */
import { isFolder, readFile } from '#platform/files';
import { zooFile, zooNames } from '#platform/zoo';
import { DownloadError, FormatError, NameError } from '../base/errors.ts';
import { request } from '../base/http.ts';
import { nearest } from '../base/nearest.ts';
import { fetchWithBar, hubFolder, localFolder, withBar, type Folder, type OnProgress } from './folder.ts';
import { folderOf, type FetchOptions } from './hub/hub.ts';
import { parseRepository } from './hub/repository.ts';

/** The bytes of an ONNX file. */
export interface OnnxSource {
  readonly bytes: Uint8Array;
  /** Where it lies on this machine; external data is read beside it. */
  readonly path?: string;
  readonly name: string;
  /** Links beside it may lead anywhere inside this folder; its own folder where left out. */
  readonly root?: string;
  /** Brings a file that lies beside it to this machine. */
  readonly fetch?: (file: string) => Promise<unknown>;
}

export type Source = { readonly onnx: OnnxSource } | { readonly folder: Folder };

/**
 * Finds what is meant, without reading more than the ONNX file itself.
 * @throws NameError on an unknown zoo model; NeuronbookError where nothing can be read there
 */
export async function findSource(
  source: string | URL | Uint8Array,
  onProgress?: OnProgress,
): Promise<Source> {
  if (source instanceof Uint8Array) return { onnx: { bytes: source, name: 'model' } };
  const text = String(source);
  const name = nameOf(text);
  if (text.startsWith('zoo:')) return file(zooPath(text.slice(4)), name);
  if (text.startsWith('hf:')) return fromHub(text.slice(3), onProgress);
  if (/^https?:/.test(text)) return { onnx: { bytes: await download(text, name, onProgress), name } };
  const path = text.startsWith('file:')
    ? decodeURIComponent(new URL(text).pathname).replace(/^\/([A-Za-z]:)/, '$1')
    : text;
  return (await isFolder(path)) ? { folder: await localFolder(path) } : file(path, name);
}

const file = async (path: string, name: string, more: Partial<OnnxSource> = {}): Promise<Source> => ({
  onnx: { bytes: await readFile(path), path, name, ...more },
});

/** The last part of a path or address, without `.onnx`. */
const nameOf = (text: string): string =>
  text
    .replace(/[?#].*$/, '')
    .replace(/^.*[/\\:]/, '')
    .replace(/\.onnx$/, '');

function zooPath(name: string): string {
  const names = zooNames();
  if (names && !names.includes(name))
    throw new NameError('zoo model', name, nearest(name, names), `the zoo has ${names.join(', ') || 'none'}`);
  return zooFile(name);
}

/** A repository is a folder; `owner/name/file.onnx` is that file of it. */
async function fromHub(text: string, onProgress?: OnProgress): Promise<Source> {
  const { repository, file: name } = parseRepository(text);
  if (name === undefined) return { folder: await hubFolder(repository, onProgress) };
  const get = (part: string) => fetchWithBar(repository, part, onProgress);
  const beside = name.replace(/[^/]*$/, '');
  return file(await get(name), nameOf(name), {
    root: folderOf(repository),
    fetch: location => get(`${beside}${location}`),
  });
}

/** The ONNX file of a folder that is not a checkpoint: `model.onnx`, as exporters call it, or the only one. */
export async function onnxIn(folder: Folder): Promise<OnnxSource | undefined> {
  const all = folder.files.filter(name => name.endsWith('.onnx'));
  const name = ['model.onnx', 'onnx/model.onnx'].find(usual => all.includes(usual)) ?? all[0];
  if (name === undefined || (all.length > 1 && !/^(onnx\/)?model\.onnx$/.test(name))) return undefined;
  const path = await folder.path(name);
  const beside = name.replace(/[^/]*$/, '');
  const fetch = (location: string) => folder.path(`${beside}${location}`);
  return { bytes: await readFile(path), path, name: folder.name, root: folder.root, fetch };
}

/** A file of the web, in memory. */
const download = (address: string, name: string, onProgress?: OnProgress): Promise<Uint8Array> =>
  withBar(name, onProgress, options => receive(address, options));

async function receive(address: string, { onProgress }: FetchOptions): Promise<Uint8Array> {
  const { response, body } = await request(address);
  if (!response.ok)
    throw new DownloadError(
      `${address} answered ${response.status} ${response.statusText}; check the address, and whether it needs a login`,
      address,
      response.status,
    );
  const encoded = response.headers.has('content-encoding');
  const length = encoded ? undefined : Number(response.headers.get('content-length')) || undefined;
  const parts: Uint8Array[] = [];
  let received = 0;
  for await (const part of body()) {
    parts.push(part);
    received += part.length;
    onProgress?.(received, length);
  }
  if (length !== undefined && received !== length)
    throw new FormatError(`${address} was cut short: ${received} of ${length} bytes; load it again`);
  const bytes = new Uint8Array(received);
  parts.reduce((offset, part) => (bytes.set(part, offset), offset + part.length), 0);
  return bytes;
}
