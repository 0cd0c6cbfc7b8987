/**
 * GPT-2: learned positions, layer norms before attention and MLP, an unembedding that is the embedding.
 * @see https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf
 */
import type { Graph } from '../../onnx/graph.ts';
import type { Architecture, BuildOptions, HuggingFaceConfig, Sources } from './architecture.ts';
import { gptInit, languageModel } from './causal.ts';
import { affine, columns, eachLayer, made, prefixOf, rows, same, transposed } from './checkpoint.ts';
import { assertSupported, entry } from './config.ts';
import type { CausalConfig } from './transformer-config.ts';

export interface Gpt2Config extends CausalConfig {
  /** Units of each MLP; 4·width where left out; 0 for attention alone. */
  hidden?: number;
  /** Whether products of queries and keys are divided by √(head width). */
  scaled?: boolean;
  /** Whether those of the N-th block are divided by N + 1, too. */
  scaledByLayer?: boolean;
}

/**
 * Tokens (int64, batch × position) → logits (batch × position × vocabulary).
 * Its sites are listed in docs/sites.md.
 * @example
 * const graph = nn.gpt2({ vocabulary: 128, context: 64, width: 64, layers: 2, heads: 4 });
 */
export function gpt2(config: Gpt2Config, options?: BuildOptions): Graph {
  const { vocabulary, context, width, layers, heads, hidden = 4 * width, epsilon = 1e-5 } = config;
  const { activation = 'geluTanh', tied = true, scaled = true, scaledByLayer = false } = config;
  const inits = gptInit(layers);
  const scale = (layer: number) => (scaled ? (width / heads) ** -0.5 : 1) / (scaledByLayer ? layer + 1 : 1);
  return languageModel(
    {
      name: 'gpt2',
      config,
      vocabulary,
      context,
      width,
      layers,
      ...((!scaled || scaledByLayer) && { scales: Array.from({ length: layers }, (_, i) => scale(i)) }),
      positions: 'learned',
      tied,
      block: { attention: { heads, ...inits }, mlp: hidden > 0 && { hidden, activation, ...inits }, epsilon },
    },
    options,
  );
}

/** GPT-2 as a config.json describes it. */
export function gpt2From(json: HuggingFaceConfig): Architecture {
  assertSupported(json, { add_cross_attention: false });
  const width = entry(json, ['n_embd', 'hidden_size'], 768);
  const config: Gpt2Config = {
    vocabulary: entry(json, 'vocab_size', 50257),
    context: entry(json, ['n_positions', 'n_ctx'], 1024),
    width,
    layers: entry(json, ['n_layer', 'num_hidden_layers'], 12),
    heads: entry(json, ['n_head', 'num_attention_heads'], 12),
    hidden: entry(json, 'n_inner', 4 * width),
    activation: entry(json, 'activation_function', 'gelu_new'),
    epsilon: entry(json, 'layer_norm_epsilon', 1e-5),
    tied: entry(json, 'tie_word_embeddings', true),
    scaled: entry(json, 'scale_attn_weights', true),
    scaledByLayer: entry(json, 'scale_attn_by_inverse_layer_idx', false),
  };
  return {
    name: 'gpt2',
    generates: true,
    context: config.context,
    network: options => gpt2(config, options),
    sources: checkpoint => sources(config, prefixOf(checkpoint, 'transformer.', 'wte.weight')),
  };
}

/** Its linear layers are stored in×out (`Conv1D`), q, k and v side by side. */
function sources({ layers, width, tied }: Gpt2Config, prefix: string): Sources {
  const turned = (ours: string, theirs: string): Sources => ({
    ...affine(ours, theirs),
    ...made(`${ours}.weight`, `${theirs}.weight`, transposed),
  });
  return {
    ...same('embed.weight', `${prefix}wte.weight`),
    ...same('embed.position.weight', `${prefix}wpe.weight`),
    ...affine('final.ln', `${prefix}ln_f`),
    ...(!tied && same('logits.weight', 'lm_head.weight')),
    ...eachLayer(layers, layer => {
      const [ours, theirs] = [`blocks.${layer}`, `${prefix}h.${layer}`];
      const third = (part: string, i: number): Sources => ({
        ...made(`${ours}.attn.${part}.weight`, `${theirs}.attn.c_attn.weight`, value =>
          columns(value, i * width, (i + 1) * width),
        ),
        ...made(`${ours}.attn.${part}.bias`, `${theirs}.attn.c_attn.bias`, value =>
          rows(value, i * width, (i + 1) * width),
        ),
      });
      return {
        ...affine(`${ours}.ln1`, `${theirs}.ln_1`),
        ...third('q', 0),
        ...third('k', 1),
        ...third('v', 2),
        ...turned(`${ours}.attn.out`, `${theirs}.attn.c_proj`),
        ...affine(`${ours}.ln2`, `${theirs}.ln_2`),
        ...turned(`${ours}.mlp.pre`, `${theirs}.mlp.c_fc`),
        ...turned(`${ours}.mlp.out`, `${theirs}.mlp.c_proj`),
      };
    }),
  };
}
