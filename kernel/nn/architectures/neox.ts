/**
 * GPT-NeoX, the architecture of Pythia: rotary positions on a part of each head, attention and MLP side by side.
 * @see https://arxiv.org/abs/2204.06745
 */
import type { Graph } from '../../onnx/graph.ts';
import { rotaryFrequencies, type RotaryScaling } from '../rotary.ts';
import type { Architecture, BuildOptions, HuggingFaceConfig, Sources } from './architecture.ts';
import { gptInit, languageModel } from './causal.ts';
import { affine, eachLayer, made, prefixOf, rowsAt, same } from './checkpoint.ts';
import { entry } from './config.ts';
import { ropeOf } from './rope.ts';
import type { CausalConfig } from './transformer-config.ts';

export interface NeoxConfig extends CausalConfig {
  /** Units of each MLP; 4·width where left out; 0 for attention alone. */
  hidden?: number;
  /** Share of each head's features that are turned by their position. */
  rotary?: number;
  /** Base of the wavelengths. */
  base?: number;
  scaling?: RotaryScaling;
  /** Offsets in q, k, v and attn.out. */
  bias?: boolean;
  /** Attention and MLP both read the same residual stream, else one after the other. */
  parallel?: boolean;
}

/**
 * Tokens (int64, batch × position) → logits (batch × position × vocabulary).
 * Its sites are listed in docs/sites.md.
 * @example
 * const graph = nn.neox({ vocabulary: 128, context: 64, width: 64, layers: 2, heads: 4 });
 */
export function neox(config: NeoxConfig, options?: BuildOptions): Graph {
  const { vocabulary, context, width, layers, heads, hidden = 4 * width, epsilon = 1e-5 } = config;
  const {
    activation = 'gelu',
    rotary = 0.25,
    base = 10000,
    parallel = true,
    tied = false,
    bias = true,
  } = config;
  const inits = gptInit(layers);
  const turned = Math.floor((width / heads) * rotary);
  return languageModel(
    {
      name: 'neox',
      config,
      vocabulary,
      context,
      width,
      layers,
      positions: 'none',
      tied,
      block: {
        attention: { heads, bias, rotary: rotaryFrequencies(turned, base, config.scaling), ...inits },
        mlp: hidden > 0 && { hidden, activation, ...inits },
        wiring: parallel ? 'parallel' : 'pre',
        epsilon,
      },
    },
    options,
  );
}

/** GPT-NeoX as a config.json describes it. */
export function neoxFrom(json: HuggingFaceConfig): Architecture {
  const width = entry(json, 'hidden_size', 6144);
  const { base, share, scaling } = ropeOf(json);
  const config: NeoxConfig = {
    vocabulary: entry(json, 'vocab_size', 50432),
    context: entry(json, 'max_position_embeddings', 2048),
    width,
    layers: entry(json, 'num_hidden_layers', 44),
    heads: entry(json, 'num_attention_heads', 64),
    hidden: entry(json, 'intermediate_size', 4 * width),
    activation: entry(json, 'hidden_act', 'gelu'),
    epsilon: entry(json, 'layer_norm_eps', 1e-5),
    rotary: entry(json, 'rotary_pct', share ?? 0.25),
    base: entry(json, 'rotary_emb_base', base),
    scaling,
    parallel: entry(json, 'use_parallel_residual', true),
    tied: entry(json, 'tie_word_embeddings', false),
    bias: entry(json, 'attention_bias', true),
  };
  return {
    name: 'neox',
    generates: true,
    context: config.context,
    network: options => neox(config, options),
    sources: checkpoint => ({
      ...sources(config, prefixOf(checkpoint, 'gpt_neox.', 'embed_in.weight')),
      ...(!config.tied &&
        same('logits.weight', checkpoint.has('embed_out.weight') ? 'embed_out.weight' : 'lm_head.weight')),
    }),
  };
}

/** q, k and v of one head lie together: rows head·3w … head·3w + w are its q. */
function sources({ layers, heads, width, bias = true }: NeoxConfig, prefix: string): Sources {
  const w = width / heads;
  return {
    ...same('embed.weight', `${prefix}embed_in.weight`),
    ...affine('final.ln', `${prefix}final_layer_norm`),
    ...eachLayer(layers, layer => {
      const [ours, theirs] = [`blocks.${layer}`, `${prefix}layers.${layer}`];
      const part = (name: string, i: number): Sources =>
        Object.assign(
          {},
          ...(bias ? ['weight', 'bias'] : ['weight']).map(kind =>
            made(`${ours}.attn.${name}.${kind}`, `${theirs}.attention.query_key_value.${kind}`, value =>
              rowsAt(
                value,
                Array.from({ length: width }, (_, row) => Math.floor(row / w) * 3 * w + i * w + (row % w)),
              ),
            ),
          ),
        ) as Sources;
      return {
        ...affine(`${ours}.ln1`, `${theirs}.input_layernorm`),
        ...part('q', 0),
        ...part('k', 1),
        ...part('v', 2),
        ...affine(`${ours}.attn.out`, `${theirs}.attention.dense`, bias),
        ...affine(`${ours}.ln2`, `${theirs}.post_attention_layernorm`),
        ...affine(`${ours}.mlp.pre`, `${theirs}.mlp.dense_h_to_4h`),
        ...affine(`${ours}.mlp.out`, `${theirs}.mlp.dense_4h_to_h`),
      };
    }),
  };
}
