/**
 * CLIP: a picture and a text as two directions whose product says how well they match.
 * @see https://arxiv.org/abs/2103.00020
 */
import { int64s } from '../../engine/functions.ts';
import type { Var } from '../../engine/var.ts';
import type { Graph } from '../../onnx/graph.ts';
import { embedding, learnedPositions } from '../embedding.ts';
import { constantly, normal } from '../init.ts';
import { linear } from '../layers.ts';
import { network } from '../network.ts';
import { layerNorm } from '../norms.ts';
import { classToken, fixedPositions, patches, pickPosition, positionAt } from '../patches.ts';
import type { Scope } from '../scope.ts';
import { positionsOf, whole } from '../sizes.ts';
import { stack } from '../transformer.ts';
import type { Architecture, BuildOptions, HuggingFaceConfig, Sources } from './architecture.ts';
import { affine, asRows, eachLayer, made, same } from './checkpoint.ts';
import { assertSizes, entry } from './config.ts';
import type { TextConfig, TransformerConfig } from './transformer-config.ts';

export interface ClipConfig {
  /** Width of the space in which both meet. */
  width: number;
  text: TextConfig & {
    /** The token that ends a text, where the text is read off; the largest token where left out. */
    end?: number;
  };
  image: TransformerConfig & { size: number; patch: number; channels?: number };
}

/**
 * Pictures (images × channels × size × size) and tokens (int64, texts × position) → `logits` (images × texts), the
 * scaled cosines of `image.direction` (images × width) and `text.direction` (texts × width), which are outputs too:
 * where one alone is wanted, the other tower is cut away. Texts are padded behind their end token.
 * Its sites are listed in docs/sites.md.
 * @example
 * const tower = { width: 64, layers: 2, heads: 4 };
 * const graph = nn.clip({
 *   width: 32,
 *   text: { ...tower, vocabulary: 128, context: 16 },
 *   image: { ...tower, size: 32, patch: 8 },
 * });
 */
export function clip(config: ClipConfig, options: BuildOptions = {}): Graph {
  const { width, text, image } = config;
  const { name = 'clip', seed, weights, result } = options;
  const { vocabulary, context } = text;
  const { size, patch, channels } = image;
  assertSizes(name, { width, vocabulary, context, size, patch, channels });
  for (const { width, layers, heads, hidden } of [text, image])
    assertSizes(name, { width, layers, heads, hidden });
  return network(
    {
      build({ image: picture, tokens }, scope) {
        const images = imageTransformerConfig(picture, scope, image, width, result);
        const texts = textTransformerConfig(tokens, scope, text, width, result);
        const scale = scope.inner('logits', 'Exp', [
          scope.parameter('logits.scale', [], constantly(Math.log(1 / 0.07))),
        ]);
        const turned = scope.inner('logits', 'Transpose', [texts], { perm: [1n, 0n] });
        const cosines = scope.site('cosines', 'MatMul', [images, turned]);
        return {
          logits: scope.site('logits', 'Mul', [cosines, scale]),
          'image.direction': images,
          'text.direction': texts,
        };
      },
    },
    {
      name,
      seed,
      weights,
      inputs: {
        image: ['images', image.channels ?? 3, image.size, image.size],
        tokens: ['texts', 'position'],
      },
      dtypes: { tokens: 'int64' },
    },
  );
}

const init = normal(0.02);

const blocksOf = ({
  layers,
  width,
  heads,
  hidden = 4 * width,
  activation = 'quickGelu',
  epsilon,
}: TransformerConfig) => ({
  layers,
  attention: { heads, init },
  mlp: { hidden, activation, init },
  epsilon,
});

function imageTransformerConfig(
  picture: Var,
  scope: Scope,
  tower: ClipConfig['image'],
  width: number,
  result?: boolean,
): Var {
  const { attention, ...rest } = blocksOf(tower);
  const norm = (site: string) => layerNorm(site, { epsilon: tower.epsilon });
  const steps = [
    patches('image.embed.patches', { size: tower.patch, features: tower.width, bias: false, init }),
    classToken('image.embed.class', { init }),
    fixedPositions('image.embed', { init }),
    norm('image.embed.ln'),
  ];
  const embedded = steps.reduce<Var>((x, step) => step(x, scope), picture);
  const { out } = stack(embedded, scope, { ...rest, attention: { ...attention, result }, prefix: 'image.' });
  return direction(
    scope,
    'image',
    norm('image.final.ln')(positionAt('image.pooled', 0)(out, scope), scope),
    width,
  );
}

function textTransformerConfig(
  tokens: Var,
  scope: Scope,
  tower: ClipConfig['text'],
  width: number,
  result?: boolean,
): Var {
  const { attention, ...rest } = blocksOf(tower);
  const words = embedding('text.embed', { count: tower.vocabulary, features: tower.width })(tokens, scope);
  const positions = learnedPositions('text.embed.position', { count: tower.context })(words, scope);
  const placed = scope.inner('text.embed', 'Add', [words, positions]);
  const { out } = stack(placed, scope, {
    ...rest,
    attention: { ...attention, causal: true, result },
    prefix: 'text.',
  });
  const final = layerNorm('text.final.ln', { epsilon: tower.epsilon })(out, scope);
  return direction(
    scope,
    'text',
    pickPosition(scope, 'text.pooled', final, endOf(scope, tokens, tower.end)),
    width,
  );
}

/** 1 at the position of the first end token of each text, N×T. */
function endOf(scope: Scope, tokens: Var, end?: number): Var {
  const inner = (op: string, inputs: readonly Var[], attributes = {}) =>
    scope.inner('text.end', op, inputs, attributes);
  const score =
    end === undefined ? tokens : inner('Cast', [inner('Equal', [tokens, whole(scope, end)])], { to: 6n });
  const first = inner('ArgMax', [score], { axis: 1n, keepdims: 1n });
  return inner('Cast', [inner('Equal', [first, positionsOf(scope, tokens)])], { to: 1n });
}

/** The site `<name>.direction`: a linear map, then divided by its length. */
function direction(scope: Scope, name: string, x: Var, features: number): Var {
  const projected = linear(`${name}.projected`, { features, bias: false, init })(x, scope);
  const length = scope.inner(`${name}.direction`, 'ReduceL2', [projected, int64s(scope.trace, [-1])], {
    keepdims: 1n,
  });
  return scope.site(`${name}.direction`, 'Div', [projected, length]);
}

/** CLIP as a config.json describes it. */
export function clipFrom(json: HuggingFaceConfig): Architecture {
  const part = (name: string) => entry(json, name, {});
  const [text, vision] = [part('text_config'), part('vision_config')];
  const tower = (
    side: HuggingFaceConfig,
    [width, heads]: readonly [number, number],
  ): Required<TransformerConfig> => ({
    width: entry(side, 'hidden_size', width),
    layers: entry(side, 'num_hidden_layers', 12),
    heads: entry(side, 'num_attention_heads', heads),
    hidden: entry(side, 'intermediate_size', 4 * width),
    activation: entry(side, 'hidden_act', 'quick_gelu'),
    epsilon: entry(side, 'layer_norm_eps', 1e-5),
  });
  const end = entry(text, 'eos_token_id', 49407);
  const config: ClipConfig = {
    width: entry(json, 'projection_dim', 512),
    text: {
      ...tower(text, [512, 8]),
      vocabulary: entry(text, 'vocab_size', 49408),
      context: entry(text, 'max_position_embeddings', 77),
      // 2 is what configurations said before the token was read from them; the largest token is meant
      end: end === 2 ? undefined : end,
    },
    image: {
      ...tower(vision, [768, 12]),
      size: entry(vision, 'image_size', 224),
      patch: entry(vision, 'patch_size', 32),
      channels: entry(vision, 'num_channels', 3),
    },
  };
  return {
    name: 'clip',
    generates: false,
    context: config.text.context,
    network: options => clip(config, options),
    sources: () => sources(config),
  };
}

function sources({ text, image }: ClipConfig): Sources {
  const blocks = (ours: string, theirs: string, { layers }: TransformerConfig) =>
    eachLayer(layers, layer => {
      const [here, there] = [`${ours}.blocks.${layer}`, `${theirs}.encoder.layers.${layer}`];
      const attention = (part: string, name: string) =>
        affine(`${here}.attn.${part}`, `${there}.self_attn.${name}_proj`);
      return {
        ...affine(`${here}.ln1`, `${there}.layer_norm1`),
        ...attention('q', 'q'),
        ...attention('k', 'k'),
        ...attention('v', 'v'),
        ...attention('out', 'out'),
        ...affine(`${here}.ln2`, `${there}.layer_norm2`),
        ...affine(`${here}.mlp.pre`, `${there}.mlp.fc1`),
        ...affine(`${here}.mlp.out`, `${there}.mlp.fc2`),
      };
    });
  return {
    ...same('text.embed.weight', 'text_model.embeddings.token_embedding.weight'),
    ...same('text.embed.position.weight', 'text_model.embeddings.position_embedding.weight'),
    ...blocks('text', 'text_model', text),
    ...affine('text.final.ln', 'text_model.final_layer_norm'),
    ...affine('text.projected', 'text_projection', false),
    ...made('image.embed.patches.weight', 'vision_model.embeddings.patch_embedding.weight', asRows),
    ...made('image.embed.class.weight', 'vision_model.embeddings.class_embedding', value =>
      value.reshape([1, 1, image.width]),
    ),
    ...same('image.embed.weight', 'vision_model.embeddings.position_embedding.weight'),
    // spelled like this in every checkpoint
    ...affine('image.embed.ln', 'vision_model.pre_layrnorm'),
    ...blocks('image', 'vision_model', image),
    ...affine('image.final.ln', 'vision_model.post_layernorm'),
    ...affine('image.projected', 'visual_projection', false),
    ...same('logits.scale', 'logit_scale'),
  };
}
