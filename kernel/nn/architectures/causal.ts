/**
 * What causal language models share: tokens → embed (+ positions) → blocks → final.ln → logits; and the same with a
 * cache of keys and values, for writing text token by token.
 */
import type { Var } from '../../engine/var.ts';
import type { Dim, Graph } from '../../onnx/graph.ts';
import { embedding, learnedPositions, sinusoidalPositions } from '../embedding.ts';
import { normal } from '../init.ts';
import { linear } from '../layers.ts';
import { network } from '../network.ts';
import { layerNorm, rmsNorm } from '../norms.ts';
import { stack, type BlockOptions } from '../transformer.ts';
import { ARCHITECTURE_KEY, type BuildOptions } from './architecture.ts';
import { assertSizes } from './config.ts';

export interface LanguageModel {
  /** The architecture and the configuration that the graph documents, so that it can be built again. */
  name: string;
  config: object;
  vocabulary: number;
  /** Most positions. */
  context: number;
  width: number;
  layers: number;
  block: BlockOptions;
  /** For each layer, the `scale` of its attention. */
  scales?: readonly number[];
  /** The layers whose attention has the block's window; every layer where left out. */
  windowed?: readonly number[];
  positions: 'learned' | 'sinusoidal' | 'none';
  /** Whether logits are products with the embedding itself. */
  tied: boolean;
}

/** First values as in GPT-2: σ = 0.02, less where layers add up in the residual stream. */
export const gptInit = (layers: number) => ({
  init: normal(0.02),
  outInit: normal(0.02 / Math.sqrt(2 * layers)),
});

export function languageModel(model: LanguageModel, options: BuildOptions = {}): Graph {
  const { vocabulary, context, width, layers, block, scales, windowed, positions, tied } = model;
  const { name = model.name, seed, weights, cache = false, result } = options;
  const { heads, kvHeads = heads, headWidth = width / heads, window } = block.attention;
  const { hidden } = block.mlp || { hidden: undefined };
  assertSizes(name, { vocabulary, context, width, layers, heads, kvHeads, headWidth, hidden, window });
  const pastOf = (layer: number, part: string) => `past.${layer}.${part}`;
  const pasts = Array.from({ length: cache ? layers : 0 }, (_, layer) =>
    ['key', 'value'].map((part): [string, Dim[]] => [
      pastOf(layer, part),
      ['batch', kvHeads, 'past', headWidth],
    ]),
  ).flat();

  return network(
    {
      build({ tokens, ...rest }, scope) {
        const past = cache
          ? Array.from({ length: layers }, (_, layer) => ({
              key: rest[pastOf(layer, 'key')],
              value: rest[pastOf(layer, 'value')],
            }))
          : undefined;
        const embedded = embedding('embed', { count: vocabulary, features: width })(tokens, scope);
        const before = { past: past?.[0].key };
        const placed =
          positions === 'none'
            ? embedded
            : scope.inner('embed', 'Add', [
                embedded,
                (positions === 'learned'
                  ? learnedPositions('embed.position', { count: context, ...before })
                  : sinusoidalPositions('embed.position', before))(embedded, scope),
              ]);
        const blocks = { ...block, attention: { ...block.attention, causal: true, result } };
        const { out, present } = stack(placed, scope, { ...blocks, layers, past, scales, windowed });
        const final = (block.norm === 'rms' ? rmsNorm : layerNorm)('final.ln', { epsilon: block.epsilon });
        const unembed = linear('logits', {
          features: vocabulary,
          bias: false,
          init: normal(0.02),
          tied: tied ? 'embed.weight' : undefined,
        });
        const outputs: Record<string, Var> = { logits: unembed(final(out, scope), scope) };
        if (cache)
          present.forEach(({ key, value }, layer) => {
            outputs[`present.${layer}.key`] = key;
            outputs[`present.${layer}.value`] = value;
          });
        return outputs;
      },
    },
    {
      name,
      seed,
      weights,
      inputs: { tokens: ['batch', 'position'], ...Object.fromEntries(pasts) },
      dtypes: { tokens: 'int64' },
      metadata: {
        [ARCHITECTURE_KEY]: JSON.stringify({ name: model.name, config: model.config, result }),
      },
    },
  );
}
