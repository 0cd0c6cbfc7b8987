/**
 * Layers as functions of vars. A layer is made with its name, which names its site and its weights
 * (`conv1` → `conv1.weight`, `conv1.bias`), and reads how many channels come in from what it is applied to.
 */
import { ShapeError } from '../base/errors.ts';
import { formatDims } from '../base/shape.ts';
import { tensor } from '../base/tensor.ts';
import { int, ints } from '../engine/attributes.ts';
import { sub } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import { he, lecun, zeros, type Initializer } from './init.ts';
import type { Layer } from './scope.ts';

/** One layer after the other. */
export const sequential =
  (...layers: readonly Layer[]): Layer =>
  (x, scope) =>
    layers.reduce((value, layer) => layer(value, scope), x);

/** Layers side by side on the same value, their channels joined: N×C₁×H×W, N×C₂×H×W → N×(C₁+C₂)×H×W. */
export const parallel =
  (name: string, ...layers: readonly Layer[]): Layer =>
  (x, scope) =>
    scope.site(
      name,
      'Concat',
      layers.map(layer => layer(x, scope)),
      { axis: int(1) },
    );

export interface ConvOptions {
  /** Channels that come out. */
  channels: number;
  /** Side of the square kernel. */
  kernel?: number;
  stride?: number;
  /** Zeros around the image; half the kernel where left out, which keeps its size at stride 1. */
  pad?: number;
  groups?: number;
  bias?: boolean;
  init?: Initializer;
}

/** N×C×H×W → N×channels×H′×W′, H′ = ⌊(H + 2·pad − kernel) / stride⌋ + 1. */
export const conv =
  (
    name: string,
    {
      channels,
      kernel = 3,
      stride = 1,
      pad = Math.floor(kernel / 2),
      groups = 1,
      bias = true,
      init = he,
    }: ConvOptions,
  ): Layer =>
  (x, scope) => {
    const [, inner] = ranked(name, x, 4);
    if (inner % groups || channels % groups)
      throw new ShapeError(
        `${name}: ${groups} groups do not divide ${inner} channels in and ${channels} out`,
      );
    const weight = scope.parameter(`${name}.weight`, [channels, inner / groups, kernel, kernel], init);
    const offset = bias ? scope.parameter(`${name}.bias`, [channels], zeros) : undefined;
    return scope.site(name, 'Conv', [x, weight, offset], {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([stride, stride]),
      pads: ints([pad, pad, pad, pad]),
      group: int(groups),
    });
  };

/** N×F → N×features: y = x·Wᵀ + b. */
export const linear =
  (
    name: string,
    { features, bias = true, init = lecun }: { features: number; bias?: boolean; init?: Initializer },
  ): Layer =>
  (x, scope) => {
    const [, inner] = ranked(name, x, 2);
    const weight = scope.parameter(`${name}.weight`, [features, inner], init);
    const offset = bias ? scope.parameter(`${name}.bias`, [features], zeros) : undefined;
    return scope.site(name, 'Gemm', [x, weight, offset], { transB: int(1) });
  };

const pointwise =
  (op: string) =>
  (name: string): Layer =>
  (x, scope) =>
    scope.site(name, op, [x]);

export const relu = pointwise('Relu');
export const sigmoid = pointwise('Sigmoid');
export const tanh = pointwise('Tanh');

const pooling =
  (op: string) =>
  (name: string, { size = 2, stride = size }: { size?: number; stride?: number } = {}): Layer =>
  (x, scope) => {
    ranked(name, x, 4);
    return scope.site(name, op, [x], { kernel_shape: ints([size, size]), strides: ints([stride, stride]) });
  };

/** The largest of each size×size window. */
export const maxPool = pooling('MaxPool');
/** The mean of each size×size window. */
export const averagePool = pooling('AveragePool');

/** N×C×H×W → N×C×1×1. */
export const globalAveragePool = pointwise('GlobalAveragePool');

/** N×C×H×W → N×(C·H·W). */
export const flatten =
  (name: string): Layer =>
  (x, scope) =>
    scope.site(name, 'Flatten', [x], { axis: int(1) });

/** y = (x − mean) / std, per channel where lists are given: preprocessing that travels inside the network. */
export const normalize =
  (
    name: string,
    { mean, std }: { mean: number | readonly number[]; std: number | readonly number[] },
  ): Layer =>
  (x, scope) => {
    const [, channels, ...spatial] = ranked(name, x, x.dims.length);
    // one number stands for all channels; a list gets the axes that let it broadcast
    const constant = (value: number | readonly number[], turn: (value: number) => number) => {
      if (typeof value === 'number') return scope.trace.constant(tensor([turn(value)], []));
      if (value.length !== channels)
        throw new ShapeError(`${name}: ${value.length} values for ${channels} channels`);
      return scope.trace.constant(tensor(value.map(turn), [channels, ...spatial.map(() => 1)]));
    };
    const centred = sub(
      x,
      constant(mean, value => value),
    );
    return scope.site(name, 'Mul', [centred, constant(std, value => 1 / value)]);
  };

function ranked(name: string, x: Var, rank: number): readonly number[] {
  if (x.dims.length === rank) return x.dims;
  const hint = rank === 2 ? '; flatten or pool before a linear layer' : '';
  throw new ShapeError(`${name} got ${formatDims(x.dims)}; expected ${rank} axes${hint}`);
}
