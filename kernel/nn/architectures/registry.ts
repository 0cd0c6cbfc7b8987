/** Finds the architecture that a config.json means, and carries weights from a checkpoint into it. */
import { NeuronbookError } from '../../base/errors.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { Graph } from '../../onnx/graph.ts';
import { isObject, metadataOf } from '../../onnx/metadata.ts';
import {
  ARCHITECTURE_KEY,
  type Architecture,
  type BuildOptions,
  type Checkpoint,
  type HuggingFaceConfig,
} from './architecture.ts';
import { bertFrom } from './bert.ts';
import { clipFrom } from './clip.ts';
import { gpt2, gpt2From } from './gpt2.ts';
import { llama, llamaFrom } from './llama.ts';
import { mixerFrom } from './mixer.ts';
import { neox, neoxFrom } from './neox.ts';
import { resnetFrom } from './resnet.ts';
import { vitFrom } from './vit.ts';

/** `model_type` of a config.json → the architecture. */
const families: Readonly<Record<string, (config: HuggingFaceConfig) => Architecture>> = {
  bert: bertFrom,
  clip: clipFrom,
  gpt2: gpt2From,
  gpt_neox: neoxFrom,
  llama: llamaFrom,
  mistral: llamaFrom,
  mixer: mixerFrom,
  qwen2: llamaFrom,
  qwen3: llamaFrom,
  resnet: resnetFrom,
  vit: vitFrom,
};

/** Name of an architecture → the graph of a configuration of ours, as `ARCHITECTURE_KEY` documents it. */
const builders = new Map<unknown, (config: never, options: BuildOptions) => Graph>([
  ['gpt2', gpt2],
  ['llama', llama],
  ['neox', neox],
]);

/**
 * The architecture that a Hugging Face config.json describes.
 * @throws NeuronbookError naming the model type, where it is none of ours
 * @example
 * const architecture = nn.architectureOf({ model_type: 'gpt2', n_layer: 2, n_embd: 64, n_head: 4, vocab_size: 100 });
 * const graph = architecture.network();
 */
export function architectureOf(config: HuggingFaceConfig): Architecture {
  // timm writes no model type but the name of its variant: mixer_b16_224
  const type = String(config.model_type ?? String(config.architecture ?? 'none').split('_')[0]);
  const family = Object.hasOwn(families, type) ? families[type] : undefined;
  if (!family)
    throw new NeuronbookError(
      `unknown model type: ${type}; expected one of ${Object.keys(families).join(', ')}; ` +
        'export the model to ONNX and load that file',
    );
  return family(config);
}

/**
 * The weights of an architecture from a checkpoint, by the names they have in the graph. Each is read when it is
 * asked for, and nothing is kept.
 * @throws NeuronbookError where the checkpoint lacks a tensor
 * @example
 * const architecture = nn.architectureOf(config);
 * const graph = architecture.network({ weights: nn.weightsFrom(architecture, checkpoint) });
 */
export function weightsFrom(
  architecture: Architecture,
  checkpoint: Checkpoint,
): (name: string) => Tensor | undefined {
  const sources = architecture.sources(checkpoint);
  return name => {
    const source = sources[name];
    if (!source) return undefined;
    const missing = source.from.find(key => !checkpoint.has(key));
    if (missing !== undefined)
      throw new NeuronbookError(
        `the checkpoint lacks ${missing}, from which ${name} of ${architecture.name} is made; ` +
          'is it complete, and is config.json its own?',
      );
    const tensors = source.from.map(key => checkpoint.read(key));
    return source.make ? source.make(...tensors) : tensors[0];
  };
}

/**
 * The decoding form of a causal language model that was built here, over the same weights (no copy).
 * @returns undefined for any other graph, and for one that was edited since: its cached form would lack the edits
 * @example const form = nn.cachedForm(gpt.graph);
 */
export function cachedForm(graph: Graph): Graph | undefined {
  const { name, config, result } = metadataOf(graph, ARCHITECTURE_KEY, isObject) ?? {};
  const build = builders.get(name);
  if (!build || !isObject(config)) return undefined;
  const options = { weights: (parameter: string) => known(graph, parameter), result: result === true };
  try {
    const same = sameNodes(build(config as never, options), graph);
    return same ? build(config as never, { ...options, cache: true }) : undefined;
  } catch (error) {
    // not what the file says it is
    if (error instanceof NeuronbookError) return undefined;
    throw error;
  }
}

function known(graph: Graph, parameter: string): Tensor {
  const value = graph.constants.get(parameter);
  if (!value) throw new NeuronbookError(`${graph.name} has no weight ${parameter}`);
  return value;
}

function sameNodes(a: Graph, b: Graph): boolean {
  const texts = ({ nodes }: Graph) =>
    nodes.map(({ op, inputs, outputs, attributes }) =>
      JSON.stringify([op, inputs, outputs, attributes], (_, value: unknown) =>
        typeof value === 'bigint' ? Number(value) : value,
      ),
    );
  const [left, right] = [texts(a), texts(b)];
  return left.length === right.length && left.every((text, i) => text === right[i]);
}
