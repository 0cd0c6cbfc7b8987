/**
 * The seam between networks and checkpoints: what `nn` knows of an architecture. Whoever reads
 * files offers a `Checkpoint`; whoever knows a network offers an `Architecture`; neither knows the other.
 *
 *   config.json ─ architectureOf ─▶ Architecture ─ network({ weights: weightsFrom(…, checkpoint) }) ─▶ Graph
 */
import type { Tensor } from '../../base/tensor.ts';
import type { Graph } from '../../onnx/graph.ts';
import type { NetworkOptions } from '../network.ts';

/** A parsed config.json of a Hugging Face model. */
export interface HuggingFaceConfig {
  readonly model_type?: string;
  readonly architectures?: readonly string[];
  readonly [key: string]: unknown;
}

/** A state dict that is read one tensor at a time. */
export interface Checkpoint {
  has(name: string): boolean;
  /** The tensor in float32; called once for each use, so that nothing need be kept. */
  read(name: string): Tensor;
}

/** Where one parameter of ours lies in a checkpoint. */
export interface Source {
  /** Its names there, in the order in which `make` takes them. */
  readonly from: readonly string[];
  /** The parameter from those tensors, such as a transpose or a part; the tensor itself where left out. */
  readonly make?: (...tensors: readonly Tensor[]) => Tensor;
}

/** Parameter of ours → where it comes from. */
export type Sources = Readonly<Record<string, Source>>;

/** What may be chosen when a network is built, where it applies; all of it leaves the parameters as they are. */
export interface BuildOptions {
  name?: string;
  /** Seed of the parameters that `weights` does not give. */
  seed?: number | string;
  /** The value of a parameter by its name here; undefined for a first value from the seed. */
  weights?: (name: string) => Tensor | undefined;
  /**
   * The decoding form of a causal language model: more inputs `past.<layer>.key` and `past.<layer>.value`
   * (batch × heads × past × width of a head, past may be 0) and outputs `present.<layer>.key` and `.value`, which
   * hold the past and the new positions. `tokens` are the new ones only, and so are `logits`.
   */
  cache?: boolean;
  /** Also the site `attn.result`: what each head alone writes, batch × position × head × width. Large. */
  result?: boolean;
  /** An encoder of text: an input `mask`, int64 batch × position, 1 for tokens and 0 for padding; else nothing is padding. */
  mask?: boolean;
  /** What the graph says of its picture input: labels, mean, std. */
  image?: NetworkOptions['image'];
  /** BERT: an input `segments`, int64 batch × position; else all belongs to segment 0. */
  segments?: boolean;
}

/** The metadata in which a graph says what it was built from: JSON `{ name, config, result }`. */
export const ARCHITECTURE_KEY = 'neuronbook.architecture';

/** A network and the way from a checkpoint into it. */
export interface Architecture {
  /** `gpt2`, `neox`, `llama`, `bert`, `vit`, `clip`, `resnet`, `mixer` */
  readonly name: string;
  /** Whether it has a decoding form (`cache`): input `tokens` int64 batch × position, output `logits`. */
  readonly generates: boolean;
  /** Most positions of one sequence, for networks that read sequences. */
  readonly context?: number;
  /** The graph. Its weights are read one at a time, in the order of their use. */
  network(options?: BuildOptions): Graph;
  /** Where each parameter lies. Checkpoints differ in a prefix (`transformer.`) and in what they leave out. */
  sources(checkpoint: Pick<Checkpoint, 'has'>): Sources;
}
