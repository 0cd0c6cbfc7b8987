/**
 * Normalizations. Each has two sites: `<name>.normalized`, before its gain and offset, and `<name>`, behind them.
 * The runtime's own kernel makes the first with a gain of ones; gain and offset are two nodes of their own, so that
 * both sites lie on the path and can be edited.
 */
import { ShapeError } from '../base/errors.ts';
import { tensor } from '../base/tensor.ts';
import { int } from '../engine/attributes.ts';
import { int64s } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import { constantly, zeros, type Initializer } from './init.ts';
import type { Layer, Scope } from './scope.ts';

const ones = constantly(1);

interface AffineOptions {
  /** Length of gain and offset. */
  channels: number;
  /** Axes behind the channels, along which both stretch. */
  behind?: number;
  bias?: boolean;
}

/** The site `name`: weight·x̂ + bias. */
function affine(
  scope: Scope,
  name: string,
  normalized: Var,
  { channels, behind = 0, bias = true }: AffineOptions,
): Var {
  const part = (kind: string, init: Initializer): Var => {
    const value = scope.parameter(`${name}.${kind}`, [channels], init);
    if (!behind) return value;
    const wide = [channels, ...Array.from({ length: behind }, () => 1)];
    return scope.inner(`${name}.${kind}`, 'Reshape', [value, int64s(scope.trace, wide)]);
  };
  const weight = part('weight', ones);
  if (!bias) return scope.site(name, 'Mul', [normalized, weight]);
  return scope.site(name, 'Add', [scope.inner(name, 'Mul', [normalized, weight]), part('bias', zeros)]);
}

const lastOf = (x: Var): number => x.dims[x.dims.length - 1];

/**
 * Over the last axis: y = weight·(x − mean)/√(variance + epsilon) + bias.
 * @see https://arxiv.org/abs/1607.06450
 * @example nn.sequential(nn.layerNorm('ln1'), nn.linear('out', { features: 10 }))
 */
export const layerNorm =
  (name: string, { epsilon = 1e-5, bias = true }: { epsilon?: number; bias?: boolean } = {}): Layer =>
  (x, scope) => {
    const gain = scope.trace.constant(tensor(new Float32Array(lastOf(x)).fill(1)));
    const normalized = scope.site(`${name}.normalized`, 'LayerNormalization', [x, gain], {
      axis: int(-1),
      epsilon,
    });
    return affine(scope, name, normalized, { channels: lastOf(x), bias });
  };

/**
 * Over the last axis, without a mean: y = weight·x/√(mean(x²) + epsilon).
 * In standard operators, which ONNX Runtime fuses where nobody reads in between.
 * @see https://arxiv.org/abs/1910.07467
 * @example nn.sequential(nn.rmsNorm('ln1'), nn.linear('out', { features: 10 }))
 */
export const rmsNorm =
  (name: string, { epsilon = 1e-6 }: { epsilon?: number } = {}): Layer =>
  (x, scope) => {
    const inner = (op: string, inputs: readonly Var[], attributes = {}) =>
      scope.inner(name, op, inputs, attributes);
    const number = (value: number) => scope.trace.constant(tensor([value], []));
    const square = inner('Pow', [x, number(2)]);
    const mean = inner('ReduceMean', [square, int64s(scope.trace, [-1])], { keepdims: 1n });
    const root = inner('Sqrt', [inner('Add', [mean, number(epsilon)])]);
    const normalized = scope.site(`${name}.normalized`, 'Div', [x, root]);
    return affine(scope, name, normalized, { channels: lastOf(x), bias: false });
  };

/**
 * N×C×spatial, over each of `groups` groups of channels and all of space; one gain and offset per channel.
 * @throws ShapeError where the groups do not divide the channels
 * @see https://arxiv.org/abs/1803.08494
 * @example nn.sequential(nn.conv('conv1', { channels: 32 }), nn.groupNorm('norm1', { groups: 8 }), nn.relu('relu1'))
 */
export const groupNorm =
  (name: string, { groups = 32, epsilon = 1e-5 }: { groups?: number; epsilon?: number } = {}): Layer =>
  (x, scope) => {
    const channels = x.dims[1];
    if (channels % groups)
      throw new ShapeError(`${name}: ${groups} groups do not divide ${channels} channels`);
    // each group is an instance of one long row
    const rows = scope.inner(name, 'Reshape', [x, int64s(scope.trace, [0, groups, -1])]);
    const fill = (value: number) => scope.trace.constant(tensor(new Float32Array(groups).fill(value)));
    const flat = scope.inner(name, 'InstanceNormalization', [rows, fill(1), fill(0)], { epsilon });
    const [shape] = scope.trace.apply('Shape', [x]);
    const normalized = scope.site(`${name}.normalized`, 'Reshape', [flat, shape]);
    return affine(scope, name, normalized, { channels, behind: x.dims.length - 2 });
  };

export interface BatchNormOptions {
  epsilon?: number;
  /**
   * `running`: by the mean and variance that come with the weights (`<name>.mean`, `<name>.variance`), for networks
   * that are used. `batch`: by those of the batch at hand, for networks in training; they are the sites
   * `<name>.mean` and `<name>.variance`, from which a loop may keep running ones.
   */
  statistics?: 'running' | 'batch';
}

/**
 * N×C×spatial, each channel over the batch and all of space.
 * With running statistics there is one node and one site, as nothing lies between.
 * @see https://arxiv.org/abs/1502.03167
 * @example nn.sequential(nn.conv('conv1', { channels: 32, bias: false }), nn.batchNorm('norm1'), nn.relu('relu1'))
 */
export const batchNorm =
  (name: string, { epsilon = 1e-5, statistics = 'running' }: BatchNormOptions = {}): Layer =>
  (x, scope) => {
    const channels = x.dims[1];
    if (statistics === 'running')
      return scope.site(
        name,
        'BatchNormalization',
        [
          x,
          scope.parameter(`${name}.weight`, [channels], ones),
          scope.parameter(`${name}.bias`, [channels], zeros),
          scope.buffer(`${name}.mean`, [channels], zeros),
          scope.buffer(`${name}.variance`, [channels], ones),
        ],
        { epsilon },
      );
    const others = int64s(
      scope.trace,
      x.dims.map((_, axis) => axis).filter(axis => axis !== 1),
    );
    const average = (site: string, value: Var) =>
      scope.site(site, 'ReduceMean', [value, others], { keepdims: 1n });
    const centred = scope.inner(name, 'Sub', [x, average(`${name}.mean`, x)]);
    const variance = average(`${name}.variance`, scope.inner(name, 'Mul', [centred, centred]));
    const shifted = scope.inner(name, 'Add', [variance, scope.trace.constant(tensor([epsilon], []))]);
    const deviation = scope.inner(name, 'Sqrt', [shifted]);
    const normalized = scope.site(`${name}.normalized`, 'Div', [centred, deviation]);
    return affine(scope, name, normalized, { channels, behind: x.dims.length - 2 });
  };
