/**
 * Layers as functions of vars. A layer is made with its name, which names its site and its weights
 * (`conv1` → `conv1.weight`, `conv1.bias`), and reads how many channels come in from what it is applied to.
 */
import { ShapeError } from '../base/errors.ts';
import { formatDims, sameDims } from '../base/shape.ts';
import { tensor } from '../base/tensor.ts';
import { int } from '../engine/attributes.ts';
import { sub } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import { lecun, zeros, type Initializer } from './init.ts';
import type { Layer, Scope } from './scope.ts';
import { rowsOf, unrows } from './sizes.ts';

/**
 * One layer after the other.
 * @example nn.sequential(nn.linear('hidden', { features: 64 }), nn.relu('active'), nn.linear('logits', { features: 10 }))
 */
export const sequential =
  (...layers: readonly Layer[]): Layer =>
  (x, scope) =>
    layers.reduce((value, layer) => layer(value, scope), x);

/**
 * Layers side by side on the same value, their channels joined: N×C₁×H×W, N×C₂×H×W → N×(C₁+C₂)×H×W.
 * @example nn.parallel('both', nn.conv('fine', { channels: 8 }), nn.conv('coarse', { channels: 8, kernel: 7 }))
 */
export const parallel =
  (name: string, ...layers: readonly Layer[]): Layer =>
  (x, scope) =>
    scope.site(
      name,
      'Concat',
      layers.map(layer => layer(x, scope)),
      { axis: int(1) },
    );

export interface LinearOptions {
  /** Features that come out. */
  features: number;
  bias?: boolean;
  init?: Initializer;
  /** The name of a weight that another layer made, to be used here too: an unembedding that is the embedding. */
  tied?: string;
}

/**
 * N×F → N×features, or N×T×F → N×T×features: y = x·Wᵀ + b, all positions as rows of one product.
 * @throws ShapeError where x has other axes, or a tied weight other dims
 * @example nn.sequential(nn.linear('hidden', { features: 64 }), nn.relu('active'), nn.linear('logits', { features: 10 }))
 */
export const linear =
  (name: string, options: LinearOptions): Layer =>
  (x, scope) =>
    mapped(scope, name, x, options);

/**
 * `linear`, whose features come out as the axes `tail`: heads × width.
 * @example const layer: nn.Layer = (x, scope) => nn.mapped(scope, 'split', x, { features: 64 }, [4, 16]);
 */
export function mapped(
  scope: Scope,
  name: string,
  x: Var,
  options: LinearOptions,
  tail: readonly number[] = [options.features],
): Var {
  if (!tail.every(size => Number.isInteger(size) && size > 0))
    throw new ShapeError(`features of ${name}: ${String(options.features)}; expected a whole number from 1`);
  if (x.dims.length !== 2 && x.dims.length !== 3)
    throw new ShapeError(
      `${name} got ${formatDims(x.dims)}; expected N×F or N×T×F; flatten or pool before a linear layer`,
    );
  if (x.dims.length === 2 && tail.length === 1) return product(scope, name, x, options, true);
  return unrows(scope, name, product(scope, name, rowsOf(scope, x), options), x, tail);
}

/**
 * x·Wᵀ + b of rows × F, with `<name>.weight` features × F and `<name>.bias`.
 * @param site whether the product is the site `name` itself, or on the way to it
 * @example const layer: nn.Layer = (x, scope) => nn.product(scope, 'y', x, { features: 8 }, true);
 */
export function product(
  scope: Scope,
  name: string,
  rows: Var,
  { features, bias = true, init = lecun, tied }: LinearOptions,
  site = false,
): Var {
  const dims = [features, rows.dims[1]];
  const weight = tied === undefined ? scope.parameter(`${name}.weight`, dims, init) : scope.tied(tied);
  if (!sameDims(weight.dims, dims))
    throw new ShapeError(
      `${name} ties ${tied}, which is ${formatDims(weight.dims)}; expected ${formatDims(dims)}`,
    );
  const offset = bias ? scope.parameter(`${name}.bias`, [features], zeros) : undefined;
  return scope[site ? 'site' : 'inner'](name, 'Gemm', [rows, weight, offset], { transB: int(1) });
}

/**
 * x + f(x).
 * @example nn.residual('block', nn.sequential(nn.layerNorm('ln'), nn.linear('out', { features: 64 })))
 */
export const residual =
  (name: string, layer: Layer): Layer =>
  (x, scope) =>
    scope.site(name, 'Add', [x, layer(x, scope)]);

/**
 * N×C×H×W → N×(C·H·W).
 * @example nn.sequential(nn.globalAveragePool('pool'), nn.flatten('flat'), nn.linear('logits', { features: 10 }))
 */
export const flatten =
  (name: string): Layer =>
  (x, scope) =>
    scope.site(name, 'Flatten', [x], { axis: int(1) });

/**
 * y = (x − mean) / std, per channel where lists are given: preprocessing that travels inside the network.
 * @example nn.normalize('center', { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] })
 */
export const normalize =
  (
    name: string,
    { mean, std }: { mean: number | readonly number[]; std: number | readonly number[] },
  ): Layer =>
  (x, scope) => {
    const [, channels, ...spatial] = x.dims;
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
