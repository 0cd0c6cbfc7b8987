/**
 * Llama and its kin, Mistral, Qwen2 and Qwen3: root-mean-square norms, rotary positions, gated MLPs, keys and values that
 * several heads share. @see https://arxiv.org/abs/2302.13971
 */
import type { Graph } from '../../onnx/graph.ts';
import { rotaryFrequencies, type RotaryScaling } from '../rotary.ts';
import type { Architecture, BuildOptions, HuggingFaceConfig, Sources } from './architecture.ts';
import { gptInit, languageModel } from './causal.ts';
import { affine, eachLayer, prefixOf, same } from './checkpoint.ts';
import { assertSupported, entry, optional } from './config.ts';
import { ropeOf } from './rope.ts';
import type { CausalConfig } from './transformer-config.ts';

export interface LlamaConfig extends CausalConfig {
  /** Heads of keys and values; as many as heads where left out. */
  kvHeads?: number;
  /** Features of one head; width/heads where left out. */
  headWidth?: number;
  /** Units of each gated MLP. */
  hidden: number;
  /** Base of the rotary wavelengths. */
  base?: number;
  scaling?: RotaryScaling;
  /** Offsets in q, k and v (Qwen2), or in attn.out too. */
  bias?: 'none' | 'qkv' | 'all';
  /** Normalizes each head of queries and keys (Qwen3). */
  headNorm?: boolean;
  /** Offsets in the MLP. */
  mlpBias?: boolean;
  /** How many positions back attention sees (Mistral); all where left out. */
  window?: number;
  /** The layers in which it sees only those (Qwen); every layer where left out. */
  windowed?: readonly number[];
}

/**
 * Tokens (int64, batch × position) → logits (batch × position × vocabulary).
 * Its sites are listed in docs/sites.md.
 * @example
 * const graph = nn.llama({ vocabulary: 128, context: 64, width: 64, layers: 2, heads: 4, kvHeads: 2, hidden: 172 });
 */
export function llama(config: LlamaConfig, options?: BuildOptions): Graph {
  const { vocabulary, context, width, layers, heads, kvHeads, hidden, epsilon = 1e-6, window } = config;
  const { windowed } = config;
  const { headWidth = width / heads, activation = 'silu', base, scaling, bias = 'none' } = config;
  const { headNorm = false, mlpBias = false, tied = false } = config;
  const inits = gptInit(layers);
  return languageModel(
    {
      name: 'llama',
      config,
      vocabulary,
      context,
      width,
      layers,
      positions: 'none',
      tied,
      windowed,
      block: {
        attention: {
          heads,
          kvHeads,
          headWidth,
          rotary: rotaryFrequencies(headWidth, base, scaling),
          bias: { qkv: bias !== 'none', out: bias === 'all' },
          window,
          ...(headNorm && { headNorm: { epsilon } }),
          ...inits,
        },
        mlp: { gated: true, hidden, activation, bias: mlpBias, ...inits },
        norm: 'rms',
        epsilon,
      },
    },
    options,
  );
}

/** Llama, Mistral, Qwen2 or Qwen3 as a config.json describes it. */
export function llamaFrom(json: HuggingFaceConfig): Architecture {
  const type = json.model_type;
  assertSupported(json, { partial_rotary_factor: 1 });
  const { base, scaling } = ropeOf(json);
  const config: LlamaConfig = {
    vocabulary: entry(json, 'vocab_size', 32000),
    context: entry(json, 'max_position_embeddings', 2048),
    width: entry(json, 'hidden_size', 4096),
    layers: entry(json, 'num_hidden_layers', 32),
    heads: entry(json, 'num_attention_heads', 32),
    kvHeads: optional(json, 'num_key_value_heads'),
    headWidth: optional(json, 'head_dim'),
    hidden: entry(json, 'intermediate_size', 11008),
    activation: entry(json, 'hidden_act', 'silu'),
    epsilon: entry(json, 'rms_norm_eps', 1e-6),
    base,
    scaling,
    bias: type === 'qwen2' ? 'qkv' : entry(json, 'attention_bias', false) ? 'all' : 'none',
    headNorm: type === 'qwen3',
    mlpBias: entry(json, 'mlp_bias', false),
    ...windowOf(json),
    tied: entry(json, 'tie_word_embeddings', false),
  };
  return {
    name: 'llama',
    generates: true,
    context: config.context,
    network: options => llama(config, options),
    sources: checkpoint => ({
      ...sources(config, prefixOf(checkpoint, 'model.', 'embed_tokens.weight')),
      ...(!config.tied && same('logits.weight', 'lm_head.weight')),
    }),
  };
}

/** Mistral's window holds in every layer; Qwen's where it is used, in the layers that are listed or from one on. */
function windowOf(json: HuggingFaceConfig): Pick<LlamaConfig, 'window' | 'windowed'> {
  const window = optional(json, 'sliding_window');
  if (json.model_type === 'mistral' || window === undefined) return { window };
  if (!entry(json, 'use_sliding_window', false)) return {};
  const from = entry(json, 'max_window_layers', 28);
  const listed = Array.isArray(json.layer_types) ? (json.layer_types as unknown[]) : undefined;
  const layers = Array.from({ length: entry(json, 'num_hidden_layers', 32) }, (_, layer) => layer);
  const windowed = layers.filter(layer => (listed ? listed[layer] === 'sliding_attention' : layer >= from));
  return windowed.length ? { window, windowed } : {};
}

function sources({ layers, bias, headNorm, mlpBias }: LlamaConfig, prefix: string): Sources {
  return {
    ...same('embed.weight', `${prefix}embed_tokens.weight`),
    ...affine('final.ln', `${prefix}norm`, false),
    ...eachLayer(layers, layer => {
      const [ours, theirs] = [`blocks.${layer}`, `${prefix}layers.${layer}`];
      const qkv = (part: string) =>
        affine(`${ours}.attn.${part}`, `${theirs}.self_attn.${part}_proj`, bias !== 'none');
      return {
        ...affine(`${ours}.ln1`, `${theirs}.input_layernorm`, false),
        ...qkv('q'),
        ...qkv('k'),
        ...qkv('v'),
        ...(headNorm && {
          ...affine(`${ours}.attn.q.norm`, `${theirs}.self_attn.q_norm`, false),
          ...affine(`${ours}.attn.k.norm`, `${theirs}.self_attn.k_norm`, false),
        }),
        ...affine(`${ours}.attn.out`, `${theirs}.self_attn.o_proj`, bias === 'all'),
        ...affine(`${ours}.ln2`, `${theirs}.post_attention_layernorm`, false),
        ...affine(`${ours}.mlp.pre`, `${theirs}.mlp.gate_proj`, mlpBias),
        ...affine(`${ours}.mlp.up`, `${theirs}.mlp.up_proj`, mlpBias),
        ...affine(`${ours}.mlp.out`, `${theirs}.mlp.down_proj`, mlpBias),
      };
    }),
  };
}
