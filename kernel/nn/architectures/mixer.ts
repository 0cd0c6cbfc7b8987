/**
 * MLP-Mixer: MLPs alone, across patches and across channels in turn. @see https://arxiv.org/abs/2105.01601
 */
import type { Var } from '../../engine/var.ts';
import type { Graph } from '../../onnx/graph.ts';
import type { Activation } from '../activations.ts';
import { linear } from '../layers.ts';
import { mlp } from '../mlp.ts';
import { network } from '../network.ts';
import { layerNorm } from '../norms.ts';
import { meanPool, patches } from '../patches.ts';
import type { Layer, Scope } from '../scope.ts';
import type { Architecture, BuildOptions, HuggingFaceConfig, Sources } from './architecture.ts';
import { affine, asRows, eachLayer, made } from './checkpoint.ts';
import { assertSizes, entry } from './config.ts';

export interface MixerConfig {
  /** Side of the picture. */
  size: number;
  /** Side of a patch. */
  patch: number;
  channels?: number;
  width: number;
  layers: number;
  /** Units of the MLPs across patches; width/2 where left out. */
  mixHidden?: number;
  /** Units of the MLPs across channels; 4·width where left out. */
  hidden?: number;
  activation?: Activation;
  epsilon?: number;
  classes: number;
}

/**
 * Picture (batch × channels × size × size) → logits (batch × classes).
 * Its sites are listed in docs/sites.md.
 * @example
 * const graph = nn.mixer({ size: 32, patch: 8, width: 64, layers: 2, classes: 10 });
 */
export function mixer(config: MixerConfig, options: BuildOptions = {}): Graph {
  const { size, patch, channels = 3, width, layers, mixHidden = width / 2, hidden = 4 * width } = config;
  const { activation = 'gelu', epsilon = 1e-6, classes } = config;
  const { name = 'mixer', seed, weights, image } = options;
  assertSizes(name, { size, patch, channels, width, layers, mixHidden, hidden, classes });
  const norm = (site: string) => layerNorm(site, { epsilon });

  /** resid.pre ─ ln1 ─ᵀ─ mix ─ᵀ─(+)─ resid.mid ─ ln2 ─ mlp ─(+)─ resid.post; mix.pre and .post are N×F×units. */
  const block =
    (site: string): Layer =>
    (given, scope) => {
      const pre = scope.alias(`${site}.resid.pre`, given);
      const across = turned(scope, `${site}.mix.in`, norm(`${site}.ln1`)(pre, scope));
      const mixed = mlp(`${site}.mix`, { hidden: mixHidden, activation })(across, scope);
      const middle = scope.site(`${site}.resid.mid`, 'Add', [pre, turned(scope, `${site}.mix.out`, mixed)]);
      const out = mlp(`${site}.mlp`, { hidden, activation })(norm(`${site}.ln2`)(middle, scope), scope);
      return scope.site(`${site}.resid.post`, 'Add', [middle, out]);
    };

  return network(
    {
      build({ image: picture }, scope) {
        let x = patches('embed', { size: patch, features: width })(picture, scope);
        for (let i = 0; i < layers; i++) x = block(`blocks.${i}`)(x, scope);
        const pooled = meanPool('pooled')(norm('final.ln')(x, scope), scope);
        return { logits: linear('logits', { features: classes })(pooled, scope) };
      },
    },
    { name, seed, weights, inputs: { image: ['batch', channels, size, size] }, image },
  );
}

/** N×T×F ↔ N×F×T, on the way to or from the site `near`. */
const turned = (scope: Scope, near: string, x: Var): Var =>
  scope.inner(near, 'Transpose', [x], { perm: [0n, 2n, 1n] });

/** Sizes by the letter in a name of timm's: `mixer_b16_224`. */
const sizes: Readonly<Record<string, readonly [width: number, layers: number]>> = {
  s: [512, 8],
  b: [768, 12],
  l: [1024, 24],
};

/** MLP-Mixer as timm names it (`architecture: 'mixer_b16_224'`); its entries may also be given one by one. */
export function mixerFrom(json: HuggingFaceConfig): Architecture {
  const [, letter = 'b', patch = '16', size = '224'] =
    /^mixer_([sbl])(\d+)(?:_(\d+))?/.exec(entry(json, 'architecture', '')) ?? [];
  const [width, layers] = sizes[letter];
  const config: MixerConfig = {
    size: entry(json, 'image_size', Number(size)),
    patch: entry(json, 'patch_size', Number(patch)),
    width: entry(json, 'hidden_size', width),
    layers: entry(json, 'num_hidden_layers', layers),
    classes: entry(json, ['num_classes', 'num_labels'], 1000),
  };
  return {
    name: 'mixer',
    generates: false,
    network: options => mixer(config, options),
    sources: () => sources(config),
  };
}

function sources({ layers }: MixerConfig): Sources {
  return {
    ...affine('embed', 'stem.proj'),
    ...made('embed.weight', 'stem.proj.weight', asRows),
    ...eachLayer(layers, layer => {
      const name = `blocks.${layer}`;
      return {
        ...affine(`${name}.ln1`, `${name}.norm1`),
        ...affine(`${name}.mix.pre`, `${name}.mlp_tokens.fc1`),
        ...affine(`${name}.mix.out`, `${name}.mlp_tokens.fc2`),
        ...affine(`${name}.ln2`, `${name}.norm2`),
        ...affine(`${name}.mlp.pre`, `${name}.mlp_channels.fc1`),
        ...affine(`${name}.mlp.out`, `${name}.mlp_channels.fc2`),
      };
    }),
    ...affine('final.ln', 'norm'),
    ...affine('logits', 'head'),
  };
}
