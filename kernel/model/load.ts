/** From a name, path, address or bytes to a `Model`. */
import { environment } from '#platform/environment';
import { openExternal, readFile } from '#platform/files';
import { zooFile, zooNames } from '#platform/zoo';
import { ComputedError, FormatError, NameError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { compile } from '../engine/compile.ts';
import { upgrade } from '../engine/upgrade.ts';
import { decode, externalLocations } from '../onnx/decode.ts';
import type { Graph } from '../onnx/graph.ts';
import { IMAGE_KEY, type ImageInput } from './image-input.ts';
import { Model } from './model.ts';
import { contradiction } from './shapes.ts';

export interface LoadOptions {
  /** How the model calls itself; its file's name where left out. */
  name?: string;
  /** How pictures enter it, where the file does not say. */
  image?: Partial<ImageInput>;
  /** Called as a download proceeds. `total` is undefined where the server does not tell. */
  onProgress?: (received: number, total: number | undefined) => void;
}

/**
 * Loads a network.
 * @param source `zoo:textures`, a path, `file:` or `https:` address, `hf:owner/name[/file]`, or the bytes of a file
 * @throws FormatError where the bytes are not sound ONNX; OpError where ONNX Runtime does not know an op;
 *   ShapeError where shapes contradict each other
 */
export async function load(source: string | URL | Uint8Array, options: LoadOptions = {}): Promise<Model> {
  const { bytes, path, name } = await fetchBytes(source, options);
  const outside = path === undefined ? [] : externalLocations(bytes, path);
  const external = outside.length ? await openExternal(path!, outside) : undefined;
  const decoded = decode(bytes, { path, external });
  const described: Graph = options.image
    ? { ...decoded, metadata: { ...decoded.metadata, [IMAGE_KEY]: JSON.stringify(options.image) } }
    : decoded;
  const graph = upgrade(described);
  await verify(graph);
  return new Model(options.name ?? name, graph);
}

interface Fetched {
  bytes: Uint8Array;
  /** Where it lies on this machine; external data is read beside it. */
  path?: string;
  name: string;
}

async function fetchBytes(source: string | URL | Uint8Array, options: LoadOptions): Promise<Fetched> {
  if (source instanceof Uint8Array) return { bytes: source, name: 'model' };
  const text = String(source);
  const name = text
    .replace(/[?#].*$/, '')
    .replace(/^.*[/\\:]/, '')
    .replace(/\.onnx$/, '');
  if (text.startsWith('zoo:')) return { ...(await fromZoo(text.slice(4))), name };
  if (text.startsWith('hf:')) return { bytes: await download(huggingFace(text.slice(3)), options), name };
  if (/^https?:/.test(text)) return { bytes: await download(text, options), name };
  if (text.startsWith('file:')) {
    const path = decodeURIComponent(new URL(text).pathname).replace(/^\/([A-Za-z]:)/, '$1');
    return { bytes: await readFile(path), path, name };
  }
  return { bytes: await readFile(text), path: text, name };
}

async function fromZoo(name: string): Promise<{ bytes: Uint8Array; path: string }> {
  const names = zooNames();
  if (names && !names.includes(name))
    throw new NameError('zoo model', name, nearest(name, names), `the zoo has ${names.join(', ') || 'none'}`);
  const path = zooFile(name);
  return { bytes: await readFile(path), path };
}

/** `owner/name` is the repository's `model.onnx`; `owner/name/folder/file.onnx` any file of it. */
function huggingFace(text: string): string {
  const [owner, repository, ...file] = text.split('/');
  if (!owner || !repository)
    throw new NeuronbookError(
      `hugging face address: hf:${text}; expected hf:owner/name or hf:owner/name/file.onnx`,
    );
  const host = environment('HF_ENDPOINT') ?? 'https://huggingface.co';
  return `${host}/${owner}/${repository}/resolve/main/${file.length ? file.join('/') : 'model.onnx'}`;
}

async function download(address: string, { onProgress }: LoadOptions): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch (error) {
    throw new NeuronbookError(
      `no answer from ${address}: ${(error as Error).message}; check the address and the network`,
      { cause: error },
    );
  }
  if (!response.ok || !response.body)
    throw new NeuronbookError(
      `${address} answered ${response.status} ${response.statusText}; check the address, and whether it needs a login`,
    );
  const length = Number(response.headers.get('content-length')) || undefined;
  const encoded = response.headers.has('content-encoding');
  const parts: Uint8Array[] = [];
  let received = 0;
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    parts.push(part);
    received += part.length;
    onProgress?.(received, encoded ? undefined : length);
  }
  if (length !== undefined && !encoded && received !== length)
    throw new FormatError(`${address} was cut short: ${received} of ${length} bytes; load it again`);
  const bytes = new Uint8Array(received);
  parts.reduce((offset, part) => (bytes.set(part, offset), offset + part.length), 0);
  return bytes;
}

/**
 * Finds contradictions now rather than at the first run. Our rules infer every shape; where they cannot tell (an op
 * without a rule, sizes that only data decide), ONNX Runtime is asked to take the graph.
 */
async function verify(graph: Graph): Promise<void> {
  const problem = contradiction(graph);
  if (!problem) return;
  if (problem instanceof ShapeError && !(problem instanceof ComputedError)) throw problem;
  await compile(graph);
}
