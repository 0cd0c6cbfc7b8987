/** From a name, path, address or bytes to a `Model`. */
import { openExternal } from '#platform/files';
import { ComputedError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { compile, type Provider } from '../engine/compile.ts';
import { upgrade } from '../engine/upgrade.ts';
import { architectureOf } from '../nn/architectures/index.ts';
import { decode, externalLocations } from '../onnx/decode.ts';
import type { Graph } from '../onnx/graph.ts';
import { fromCheckpoint } from './checkpoint-model.ts';
import { readJson, type Folder, type OnProgress } from './folder.ts';
import { IMAGE_KEY, type ImageInput } from './image-input.ts';
import { Model } from './model.ts';
import { contradiction } from './shapes.ts';
import { findSource, onnxIn, type OnnxSource } from './source.ts';
import { hasWeights } from './weights/shards.ts';

export interface LoadOptions {
  /** How the model calls itself; its file's name where left out. */
  name?: string;
  /** How pictures enter it, where the file does not say. */
  image?: Partial<ImageInput>;
  /** Called as a download proceeds, instead of a bar. `total` is undefined where the server does not tell. */
  onProgress?: OnProgress;
  /**
   * Where the model computes, best first: `['cuda']`, `['dml']`, `['coreml']`. What this machine lacks is left out with
   * one line that says so, and the processor does it.
   */
  providers?: readonly Provider[];
}

/**
 * Loads a network.
 *
 * A folder or repository is read as config.json, safetensors and tokenizer.json where it has them and the architecture
 * is known here, otherwise as its ONNX file. Files of the hub are kept in the cache that Python's library uses too.
 * @param source `zoo:textures`, a path to an ONNX file or a folder, a `file:` or `https:` address,
 *   `hf:owner/name[@revision][/file.onnx]`, or the bytes of an ONNX file
 * @throws FormatError where the bytes are not sound; OpError where ONNX Runtime does not know an op; ShapeError where
 *   shapes contradict each other; DownloadError where a server refuses
 * @example
 * const model = await load('zoo:textures');
 * model.sites; // every place in it, by name
 */
export async function load(source: string | URL | Uint8Array, options: LoadOptions = {}): Promise<Model> {
  const found = await findSource(source, options.onProgress);
  const { name, graph } = 'folder' in found ? await fromFolder(found.folder) : await fromOnnx(found.onnx);
  const described: Graph = options.image
    ? { ...graph, metadata: { ...graph.metadata, [IMAGE_KEY]: JSON.stringify(options.image) } }
    : graph;
  return new Model(options.name ?? name, described, [], { providers: options.providers });
}

interface Loaded {
  name: string;
  graph: Graph;
}

async function fromFolder(folder: Folder): Promise<Loaded> {
  if (folder.files.includes('config.json') && hasWeights(folder)) {
    const { value } = await readJson(folder, 'config.json');
    const architecture = attempt(() => architectureOf(value));
    // what is not known here may still lie there as ONNX
    const onnx = architecture instanceof NeuronbookError ? await onnxIn(folder) : undefined;
    if (onnx) return fromOnnx(onnx);
    if (architecture instanceof NeuronbookError) throw architecture;
    return { name: folder.name, graph: await fromCheckpoint(folder, architecture, value) };
  }
  const onnx = await onnxIn(folder);
  if (onnx) return fromOnnx(onnx);
  const several = folder.files.filter(file => file.endsWith('.onnx'));
  throw new NeuronbookError(
    several.length
      ? `${folder.where} holds ${several.length} networks: ${several.join(', ')}; load one of them by its path`
      : `${folder.where} holds no network: expected config.json with model.safetensors, or model.onnx`,
  );
}

/** What `work` gives, or the refusal that it throws. */
function attempt<T>(work: () => T): T | NeuronbookError {
  try {
    return work();
  } catch (error) {
    if (error instanceof NeuronbookError) return error;
    throw error;
  }
}

async function fromOnnx({ bytes, path, name, root, fetch }: OnnxSource): Promise<Loaded> {
  const outside = path === undefined ? [] : externalLocations(bytes, path);
  for (const location of outside) await fetch?.(location);
  const external = outside.length ? await openExternal(path!, outside, root) : undefined;
  const graph = upgrade(decode(bytes, { path, external }));
  await verify(graph);
  return { name, graph };
}

/**
 * Finds contradictions now rather than at the first run. Our rules infer every shape; where they cannot tell (an op
 * without a rule, sizes that only data decide, a size that is called open and fits at one number only), ONNX Runtime
 * is asked to take the graph.
 */
async function verify(graph: Graph): Promise<void> {
  const problem = contradiction(graph);
  if (!problem) return;
  if (problem instanceof ShapeError && !(problem instanceof ComputedError)) throw problem;
  await compile(graph);
}
