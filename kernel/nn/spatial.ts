/** Layers over space: convolutions in one and two dimensions and their transposes, and pooling. */
import { ShapeError } from '../base/errors.ts';
import { formatDims } from '../base/shape.ts';
import { int, ints } from '../engine/attributes.ts';
import type { Var } from '../engine/var.ts';
import { he, zeros, type Initializer } from './init.ts';
import type { Layer } from './scope.ts';

export interface ConvOptions {
  /** Channels that come out. */
  channels: number;
  /** Side of the kernel. */
  kernel?: number;
  stride?: number;
  /** Zeros on each side; half the kernel where left out, which keeps the size at stride 1. */
  pad?: number;
  groups?: number;
  bias?: boolean;
  init?: Initializer;
}

/** A convolution over `rank` spatial axes. */
const convolution =
  (rank: number) =>
  (name: string, options: ConvOptions): Layer =>
  (x, scope) => {
    const { channels, kernel = 3, groups = 1, bias = true, init = he } = options;
    const [, inner] = ranked(name, x, rank + 2);
    assertGroups(name, groups, inner, channels);
    const weight = scope.parameter(`${name}.weight`, [channels, inner / groups, ...each(rank, kernel)], init);
    const offset = bias ? scope.parameter(`${name}.bias`, [channels], zeros) : undefined;
    return scope.site(name, 'Conv', [x, weight, offset], windows(rank, options));
  };

/**
 * N×C×L → N×channels×L′, L′ = ⌊(L + 2·pad − kernel) / stride⌋ + 1.
 * @example nn.sequential(nn.conv1d('conv1', { channels: 16, kernel: 9 }), nn.relu('relu1'))
 */
export const conv1d = convolution(1);
/**
 * N×C×H×W → N×channels×H′×W′, H′ = ⌊(H + 2·pad − kernel) / stride⌋ + 1.
 * @example nn.sequential(nn.conv('conv1', { channels: 16, kernel: 5, stride: 2 }), nn.relu('relu1'))
 */
export const conv = convolution(2);

export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns more on the far side, where a stride leaves the size open. */
  outputPad?: number;
}

const transposed =
  (rank: number) =>
  (name: string, options: ConvTransposeOptions): Layer =>
  (x, scope) => {
    const { channels, kernel = 3, groups = 1, bias = true, init = he, outputPad = 0 } = options;
    const [, inner] = ranked(name, x, rank + 2);
    assertGroups(name, groups, inner, channels);
    const weight = scope.parameter(`${name}.weight`, [inner, channels / groups, ...each(rank, kernel)], init);
    const offset = bias ? scope.parameter(`${name}.bias`, [channels], zeros) : undefined;
    return scope.site(name, 'ConvTranspose', [x, weight, offset], {
      ...windows(rank, options),
      output_padding: ints(each(rank, outputPad)),
    });
  };

/**
 * N×C×L → N×channels×L′, L′ = (L − 1)·stride − 2·pad + kernel + outputPad.
 * @example nn.convTranspose1d('up', { channels: 16, kernel: 4, stride: 2, pad: 1 })
 */
export const convTranspose1d = transposed(1);
/**
 * N×C×H×W → N×channels×H′×W′, H′ = (H − 1)·stride − 2·pad + kernel + outputPad: the adjoint of `conv`, which
 * doubles a picture's size at stride 2, kernel 4, pad 1.
 * @example nn.convTranspose('up', { channels: 16, kernel: 4, stride: 2, pad: 1 })
 */
export const convTranspose = transposed(2);

const each = (rank: number, value: number): number[] => Array.from({ length: rank }, () => value);

function windows(
  rank: number,
  { kernel = 3, stride = 1, pad = Math.floor(kernel / 2), groups = 1 }: ConvOptions,
) {
  return {
    kernel_shape: ints(each(rank, kernel)),
    strides: ints(each(rank, stride)),
    pads: ints(each(2 * rank, pad)),
    group: int(groups),
  };
}

function assertGroups(name: string, groups: number, inner: number, outer: number): void {
  if (inner % groups || outer % groups)
    throw new ShapeError(`${name}: ${groups} groups do not divide ${inner} channels in and ${outer} out`);
}

export interface PoolOptions {
  size?: number;
  stride?: number;
  pad?: number;
}

const pooling =
  (op: string) =>
  (name: string, { size = 2, stride = size, pad = 0 }: PoolOptions = {}): Layer =>
  (x, scope) => {
    ranked(name, x, 4);
    return scope.site(name, op, [x], {
      kernel_shape: ints([size, size]),
      strides: ints([stride, stride]),
      ...(pad && { pads: ints(each(4, pad)) }),
    });
  };

/**
 * The largest of each size×size window.
 * @example nn.sequential(nn.conv('conv1', { channels: 16 }), nn.relu('relu1'), nn.maxPool('pool1'))
 */
export const maxPool = pooling('MaxPool');
/**
 * The mean of each size×size window.
 * @example nn.sequential(nn.conv('conv1', { channels: 16 }), nn.relu('relu1'), nn.averagePool('pool1', { size: 3, stride: 2 }))
 */
export const averagePool = pooling('AveragePool');

/**
 * N×C×H×W → N×C×1×1.
 * @example nn.sequential(nn.globalAveragePool('pool'), nn.flatten('flat'), nn.linear('logits', { features: 10 }))
 */
export const globalAveragePool =
  (name: string): Layer =>
  (x, scope) =>
    scope.site(name, 'GlobalAveragePool', [x]);

function ranked(name: string, x: Var, rank: number): readonly number[] {
  if (x.dims.length === rank) return x.dims;
  throw new ShapeError(`${name} got ${formatDims(x.dims)}; expected ${rank} axes`);
}
