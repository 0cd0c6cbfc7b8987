/**
 * From config.json, safetensors, tokenizer.json and preprocessor_config.json to a graph that carries all of them: what a
 * folder of the hub is.
 */
import { weightsFrom, type Architecture, type HuggingFaceConfig } from '../nn/architectures/index.ts';
import type { Graph } from '../onnx/graph.ts';
import { isObject, metadataOf } from '../onnx/metadata.ts';
import { readJson, type Folder } from './folder.ts';
import { IMAGE_KEY } from './image-input.ts';
import { imageInputFrom, imageInputFromTimm } from './preprocessor.ts';
import { STOP_KEY, TOKENIZER_CONFIG_KEY, TOKENIZER_KEY } from './tokenizer.ts';
import { openWeights } from './weights/shards.ts';

/**
 * The network that a folder describes. Its weights are read one after another, each as the network takes it, so that
 * no more is ever in memory than the network and one tensor.
 * @throws FormatError on damaged files; NeuronbookError where the weights are not those of the config
 */
export async function fromCheckpoint(
  folder: Folder,
  architecture: Architecture,
  config: HuggingFaceConfig,
): Promise<Graph> {
  const metadata = await texts(folder, config);
  const weights = await openWeights(folder);
  try {
    const graph = architecture.network({ name: folder.name, weights: weightsFrom(architecture, weights) });
    const pictures = await picturesOf(folder, config, graph);
    return { ...graph, metadata: { ...graph.metadata, ...metadata, ...pictures } };
  } finally {
    weights.close();
  }
}

/** What the folder says about texts: its tokenizer, and the tokens that end one. */
async function texts(folder: Folder, config: HuggingFaceConfig): Promise<Record<string, string>> {
  const has = (file: string) => folder.files.includes(file);
  const metadata: Record<string, string> = {};
  if (has('tokenizer.json')) metadata[TOKENIZER_KEY] = (await readJson(folder, 'tokenizer.json')).text;
  if (has('tokenizer_config.json'))
    metadata[TOKENIZER_CONFIG_KEY] = (await readJson(folder, 'tokenizer_config.json')).text;
  const generation = has('generation_config.json')
    ? (await readJson(folder, 'generation_config.json')).value
    : {};
  const stop = [generation.eos_token_id ?? config.eos_token_id ?? []].flat().filter(Number.isSafeInteger);
  if (stop.length) metadata[STOP_KEY] = JSON.stringify(stop);
  return metadata;
}

/** How pictures enter, where the network takes any: what its processor says, over what the architecture says. */
async function picturesOf(
  folder: Folder,
  config: HuggingFaceConfig,
  graph: Graph,
): Promise<Record<string, string>> {
  const input = graph.inputs.find(({ dims }) => dims?.length === 4);
  if (!input) return {};
  const said = metadataOf(graph, IMAGE_KEY, isObject);
  const more = await processorOf(folder, config);
  if (!said && !more) return {};
  return { [IMAGE_KEY]: JSON.stringify({ input: input.name, ...said, ...more }) };
}

/** A processor of several kinds of input keeps the one for pictures in an entry of its own. */
async function processorOf(folder: Folder, config: HuggingFaceConfig) {
  for (const file of ['preprocessor_config.json', 'processor_config.json']) {
    if (!folder.files.includes(file)) continue;
    const { value } = await readJson(folder, file);
    if (isObject(value.image_processor)) return imageInputFrom(value.image_processor);
    if (file === 'preprocessor_config.json') return imageInputFrom(value);
  }
  return isObject(config.pretrained_cfg) ? imageInputFromTimm(config.pretrained_cfg) : undefined;
}
