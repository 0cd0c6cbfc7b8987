/**
 * ViT: a picture as a sequence of patches. @see https://arxiv.org/abs/2010.11929
 */
import type { Var } from '../../engine/var.ts';
import type { Graph } from '../../onnx/graph.ts';
import { normal } from '../init.ts';
import { linear } from '../layers.ts';
import { network } from '../network.ts';
import { layerNorm } from '../norms.ts';
import { classToken, fixedPositions, meanPool, patches, positionAt } from '../patches.ts';
import { stack } from '../transformer.ts';
import type { Architecture, BuildOptions, HuggingFaceConfig, Sources } from './architecture.ts';
import { affine, asRows, eachLayer, made, prefixOf } from './checkpoint.ts';
import { assertSizes, classesOf, entry, labelsOf } from './config.ts';
import type { TransformerConfig } from './transformer-config.ts';

export interface VitConfig extends TransformerConfig {
  /** Side of the picture. */
  size: number;
  /** Side of a patch. */
  patch: number;
  channels?: number;
  /** What is read off: the class token, or the mean over all patches, which then need no class token. */
  pool?: 'class' | 'mean';
  /** Offsets in q, k and v. */
  qkvBias?: boolean;
  /** 0: no classifier; then the output is `pooled`. */
  classes: number;
}

/**
 * Picture (batch × channels × size × size) → logits (batch × classes).
 * Its sites are listed in docs/sites.md.
 * @example
 * const graph = nn.vit({ size: 32, patch: 8, width: 64, layers: 2, heads: 4, classes: 10 });
 */
export function vit(config: VitConfig, options: BuildOptions = {}): Graph {
  const { size, patch, channels = 3, width, layers, heads, hidden = 4 * width, epsilon = 1e-6 } = config;
  const { activation = 'gelu', pool = 'class', qkvBias = true, classes } = config;
  const { name = 'vit', seed, weights, result, image } = options;
  assertSizes(name, { size, patch, channels, width, layers, heads, hidden });
  const init = normal(0.02);
  return network(
    {
      build({ image: picture }, scope): Record<string, Var> {
        const steps = [
          patches('embed.patches', { size: patch, features: width, init }),
          ...(pool === 'class' ? [classToken('embed.class', { init })] : []),
          fixedPositions('embed', { init }),
        ];
        const { out } = stack(
          steps.reduce<Var>((x, step) => step(x, scope), picture),
          scope,
          {
            layers,
            attention: { heads, bias: { qkv: qkvBias, out: true }, result, init },
            mlp: { hidden, activation, init },
            epsilon,
          },
        );
        const final = layerNorm('final.ln', { epsilon })(out, scope);
        const pooled = (pool === 'class' ? positionAt('pooled', 0) : meanPool('pooled'))(final, scope);
        return classes
          ? { logits: linear('logits', { features: classes, init })(pooled, scope) }
          : { pooled };
      },
    },
    { name, seed, weights, inputs: { image: ['batch', channels, size, size] }, image },
  );
}

/** ViT as a config.json describes it. */
export function vitFrom(json: HuggingFaceConfig): Architecture {
  const labels = labelsOf(json);
  const config: VitConfig = {
    size: entry(json, 'image_size', 224),
    patch: entry(json, 'patch_size', 16),
    channels: entry(json, 'num_channels', 3),
    width: entry(json, 'hidden_size', 768),
    layers: entry(json, 'num_hidden_layers', 12),
    heads: entry(json, 'num_attention_heads', 12),
    hidden: entry(json, 'intermediate_size', 3072),
    activation: entry(json, 'hidden_act', 'gelu'),
    epsilon: entry(json, 'layer_norm_eps', 1e-12),
    qkvBias: entry(json, 'qkv_bias', true),
    classes: classesOf(json, 'ForImageClassification'),
  };
  return {
    name: 'vit',
    generates: false,
    network: options => vit(config, { ...options, image: { ...(labels && { labels }), ...options?.image } }),
    sources: checkpoint => sources(config, prefixOf(checkpoint, 'vit.', 'embeddings.cls_token')),
  };
}

function sources({ layers, width, classes, qkvBias }: VitConfig, prefix: string): Sources {
  return {
    ...affine('embed.patches', `${prefix}embeddings.patch_embeddings.projection`),
    ...made('embed.patches.weight', `${prefix}embeddings.patch_embeddings.projection.weight`, asRows),
    ...made('embed.class.weight', `${prefix}embeddings.cls_token`, value => value.reshape([1, 1, width])),
    ...made('embed.weight', `${prefix}embeddings.position_embeddings`, value => value.reshape([-1, width])),
    ...eachLayer(layers, layer => {
      const [ours, theirs] = [`blocks.${layer}`, `${prefix}encoder.layer.${layer}`];
      const qkv = (part: string, name: string) =>
        affine(`${ours}.attn.${part}`, `${theirs}.attention.attention.${name}`, qkvBias);
      return {
        ...affine(`${ours}.ln1`, `${theirs}.layernorm_before`),
        ...qkv('q', 'query'),
        ...qkv('k', 'key'),
        ...qkv('v', 'value'),
        ...affine(`${ours}.attn.out`, `${theirs}.attention.output.dense`),
        ...affine(`${ours}.ln2`, `${theirs}.layernorm_after`),
        ...affine(`${ours}.mlp.pre`, `${theirs}.intermediate.dense`),
        ...affine(`${ours}.mlp.out`, `${theirs}.output.dense`),
      };
    }),
    ...affine('final.ln', `${prefix}layernorm`),
    ...(classes > 0 && affine('logits', 'classifier')),
  };
}
