/**
 * ResNet: convolutions whose output is added to their input. @see https://arxiv.org/abs/1512.03385
 */
import type { Graph } from '../../onnx/graph.ts';
import { activate, type Activation } from '../activations.ts';
import { flatten, linear, sequential } from '../layers.ts';
import { network } from '../network.ts';
import { batchNorm, type BatchNormOptions } from '../norms.ts';
import type { Layer } from '../scope.ts';
import { conv, globalAveragePool, maxPool } from '../spatial.ts';
import type { Architecture, BuildOptions, HuggingFaceConfig, Sources } from './architecture.ts';
import { affine, eachLayer, prefixOf, same } from './checkpoint.ts';
import { assertSizes, classesOf, entry, labelsOf, numbers } from './config.ts';

export interface ResnetConfig {
  /** Side of the picture; any where left out. */
  size?: number;
  channels?: number;
  /** What comes before the first stage: by default a 7×7 convolution of stride 2 and a pool of stride 2. */
  stem?: { width: number; kernel?: number; stride?: number; pool?: boolean };
  /** Channels behind each stage; from the second on, the first block of a stage halves the picture. */
  widths: readonly number[];
  /** Blocks of each stage. */
  depths: readonly number[];
  /** `basic`: two 3×3 convolutions. `bottleneck`: 1×1, 3×3, 1×1, a quarter as wide inside. */
  kind?: 'basic' | 'bottleneck';
  /** Whether the first stage halves the picture too. */
  firstHalves?: boolean;
  /** Whether a bottleneck's first convolution is the one with a stride, rather than its second. */
  earlyStride?: boolean;
  activation?: Activation;
  /** 0: no classifier; then the output is `pooled`. */
  classes: number;
  /** `batch` in training. @see BatchNormOptions */
  statistics?: BatchNormOptions['statistics'];
}

/**
 * Picture (batch × channels × height × width) → logits (batch × classes).
 * Its sites are listed in docs/sites.md.
 * @example
 * // ResNet-20 for pictures of 32×32
 * const graph = nn.resnet({
 *   size: 32,
 *   stem: { width: 16, kernel: 3, stride: 1, pool: false },
 *   widths: [16, 32, 64],
 *   depths: [3, 3, 3],
 *   classes: 10,
 * });
 */
export function resnet(config: ResnetConfig, options: BuildOptions = {}): Graph {
  const { size, channels = 3, stem = { width: 64 }, widths, depths, classes, firstHalves = false } = config;
  const { name = 'resnet', seed, weights, image } = options;
  const { width, kernel = 7, stride = 2, pool = true } = stem;
  assertSizes(name, { size, channels, width, kernel, stride });
  widths.forEach((channels, stage) => assertSizes(name, { channels, layers: depths[stage] ?? 0 }));
  const parts = partsOf(config);
  const stages = widths.flatMap((to, stage) =>
    Array.from({ length: depths[stage] }, (_, i) => {
      const from = i > 0 ? to : stage > 0 ? widths[stage - 1] : width;
      const halves = i === 0 && (stage > 0 || firstHalves);
      return parts.block(`stages.${stage}.${i}`, from, to, halves ? 2 : 1);
    }),
  );
  return network(
    sequential(
      parts.unit('stem', { channels: width, kernel, stride }),
      parts.activation('stem.act'),
      ...(pool ? [maxPool('stem.pool', { size: 3, stride: 2, pad: 1 })] : []),
      ...stages,
      globalAveragePool('pool'),
      flatten('pooled'),
      ...(classes ? [linear('logits', { features: classes })] : []),
    ),
    {
      name,
      seed,
      weights,
      inputs: { image: ['batch', channels, size ?? 'height', size ?? 'width'] },
      image,
    },
  );
}

interface Convolution {
  channels: number;
  kernel: number;
  stride: number;
}

/** The pieces of a ResNet, by its configuration. */
function partsOf({ kind = 'basic', activation = 'relu', earlyStride = false, statistics }: ResnetConfig) {
  const act =
    (site: string): Layer =>
    (x, scope) =>
      activate(scope, activation, site, x);
  /** Sites `<name>.conv` and `<name>.bn`. */
  const unit = (name: string, options: Convolution): Layer =>
    sequential(conv(`${name}.conv`, { ...options, bias: false }), batchNorm(`${name}.bn`, { statistics }));
  const inside = (to: number, stride: number): Convolution[] =>
    kind === 'basic'
      ? [
          { channels: to, kernel: 3, stride },
          { channels: to, kernel: 3, stride: 1 },
        ]
      : [
          { channels: to / 4, kernel: 1, stride: earlyStride ? stride : 1 },
          { channels: to / 4, kernel: 3, stride: earlyStride ? 1 : stride },
          { channels: to, kernel: 1, stride: 1 },
        ];
  /** Sites `<name>.0.conv`, `.0.bn`, `.0.act`, …, `<name>.shortcut.…`, `<name>.resid` (the sum), `<name>.act`. */
  const block =
    (name: string, from: number, to: number, stride: number): Layer =>
    (x, scope) => {
      const units = inside(to, stride);
      const path = sequential(
        ...units.flatMap((options, i) => [
          unit(`${name}.${i}`, options),
          ...(i < units.length - 1 ? [act(`${name}.${i}.act`)] : []),
        ]),
      );
      const shortcut =
        from === to && stride === 1
          ? x
          : unit(`${name}.shortcut`, { channels: to, kernel: 1, stride })(x, scope);
      return act(`${name}.act`)(scope.site(`${name}.resid`, 'Add', [path(x, scope), shortcut]), scope);
    };
  return { unit, block, activation: act };
}

/** ResNet as a config.json describes it. */
export function resnetFrom(json: HuggingFaceConfig): Architecture {
  const labels = labelsOf(json);
  const config: ResnetConfig = {
    channels: entry(json, 'num_channels', 3),
    stem: { width: entry(json, 'embedding_size', 64) },
    widths: numbers(json, 'hidden_sizes', [256, 512, 1024, 2048]),
    depths: numbers(json, 'depths', [3, 4, 6, 3]),
    kind: entry(json, 'layer_type', 'bottleneck') === 'basic' ? 'basic' : 'bottleneck',
    firstHalves: entry(json, 'downsample_in_first_stage', false),
    earlyStride: entry(json, 'downsample_in_bottleneck', false),
    activation: entry(json, 'hidden_act', 'relu'),
    classes: classesOf(json, 'ForImageClassification'),
  };
  return {
    name: 'resnet',
    generates: false,
    network: options =>
      resnet(config, { ...options, image: { ...(labels && { labels }), ...options?.image } }),
    sources: checkpoint =>
      sources(config, prefixOf(checkpoint, 'resnet.', 'embedder.embedder.convolution.weight')),
  };
}

function sources(config: ResnetConfig, prefix: string): Sources {
  const { widths, depths, kind, classes } = config;
  const unit = (ours: string, theirs: string): Sources => ({
    ...same(`${ours}.conv.weight`, `${theirs}.convolution.weight`),
    ...affine(`${ours}.bn`, `${theirs}.normalization`),
    ...same(`${ours}.bn.mean`, `${theirs}.normalization.running_mean`),
    ...same(`${ours}.bn.variance`, `${theirs}.normalization.running_var`),
  });
  return {
    ...unit('stem', `${prefix}embedder.embedder`),
    ...eachLayer(widths.length, stage =>
      eachLayer(depths[stage], block => {
        const [ours, theirs] = [
          `stages.${stage}.${block}`,
          `${prefix}encoder.stages.${stage}.layers.${block}`,
        ];
        return {
          ...eachLayer(kind === 'basic' ? 2 : 3, i => unit(`${ours}.${i}`, `${theirs}.layer.${i}`)),
          ...(block === 0 && unit(`${ours}.shortcut`, `${theirs}.shortcut`)),
        };
      }),
    ),
    ...(classes > 0 && affine('logits', 'classifier.1')),
  };
}
