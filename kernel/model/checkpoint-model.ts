/** From config.json, safetensors and tokenizer.json to a graph that carries all three: what a folder of the hub is. */
import { weightsFrom, type Architecture, type HuggingFaceConfig } from '../nn/architectures/index.ts';
import type { Graph } from '../onnx/graph.ts';
import { readJson, type Folder } from './folder.ts';
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
    return { ...graph, metadata: { ...graph.metadata, ...metadata } };
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
