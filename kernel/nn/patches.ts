/** Pictures as sequences: patches, and the token that stands for the whole. */
import { ShapeError } from '../base/errors.ts';
import { formatDims } from '../base/shape.ts';
import { ints } from '../engine/attributes.ts';
import { int64s } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import { lecun, type Initializer } from './init.ts';
import { product } from './layers.ts';
import type { Layer, Scope } from './scope.ts';
import { sizeAlong, whole } from './sizes.ts';

/**
 * N×C×H×W → N×T×features: a linear map of each size×size patch, rows of the picture first. The same as a convolution
 * with that kernel and stride, as one product; `<name>.weight` is features × (C·size·size).
 * @throws ShapeError where the patches do not tile the picture
 * @example nn.sequential(nn.patches('embed', { size: 8, features: 64 }), nn.meanPool('pooled'))
 */
export const patches =
  (
    name: string,
    {
      size,
      features,
      bias = true,
      init = lecun,
    }: { size: number; features: number; bias?: boolean; init?: Initializer },
  ): Layer =>
  (x, scope) => {
    const [, channels, height, width] = x.dims;
    if (x.dims.length !== 4 || height % size || width % size)
      throw new ShapeError(
        `${name} got ${formatDims(x.dims)}; expected N×C×H×W whose sides are multiples of ${size}`,
      );
    const [down, across] = [height / size, width / size];
    const reshaped = (value: Var, dims: readonly number[]) =>
      scope.inner(name, 'Reshape', [value, int64s(scope.trace, dims)]);
    // N×C×down×size×across×size → N×down×across×C×size×size
    const tiles = reshaped(x, [-1, channels, down, size, across, size]);
    const turned = scope.inner(name, 'Transpose', [tiles], { perm: ints([0, 2, 4, 1, 3, 5]) });
    const rows = reshaped(turned, [-1, channels * size * size]);
    const mapped = product(scope, name, rows, { features, bias, init });
    return scope.site(name, 'Reshape', [mapped, int64s(scope.trace, [-1, down * across, features])]);
  };

/**
 * N×T×F → N×(1+T)×F: one trained vector, `<name>.weight`, before every sequence. The site is the whole.
 * @example nn.sequential(nn.patches('embed', { size: 8, features: 64 }), nn.classToken('class'))
 */
export const classToken =
  (name: string, { init = lecun }: { init?: Initializer } = {}): Layer =>
  (x, scope) => {
    const features = x.dims[2];
    const token = scope.parameter(`${name}.weight`, [1, 1, features], init);
    const batch = scope.inner(name, 'Reshape', [sizeAlong(scope, x, 0), int64s(scope.trace, [1])]);
    const [shape] = scope.trace.apply('Concat', [batch, int64s(scope.trace, [1, 1])], { axis: 0n });
    return scope.site(name, 'Concat', [scope.inner(name, 'Expand', [token, shape]), x], { axis: 1n });
  };

/**
 * A trained vector for each position of sequences of one length: x + `<name>.weight`, T×F.
 * @example nn.sequential(nn.patches('embed', { size: 8, features: 64 }), nn.fixedPositions('placed'))
 */
export const fixedPositions =
  (name: string, { init = lecun }: { init?: Initializer } = {}): Layer =>
  (x, scope) =>
    scope.site(name, 'Add', [x, scope.parameter(`${name}.weight`, x.dims.slice(1), init)]);

/**
 * N×T×F → N×F: the vector at one position.
 * @example nn.sequential(nn.layerNorm('final'), nn.positionAt('first', 0), nn.linear('logits', { features: 10 }))
 */
export const positionAt =
  (name: string, position: number): Layer =>
  (x, scope) =>
    scope.site(name, 'Gather', [x, whole(scope, position)], { axis: 1n });

/**
 * N×T×F → N×F: the mean over all positions.
 * @example nn.sequential(nn.layerNorm('final'), nn.meanPool('pooled'), nn.linear('logits', { features: 10 }))
 */
export const meanPool =
  (name: string): Layer =>
  (x, scope) =>
    scope.site(name, 'ReduceMean', [x, int64s(scope.trace, [1])], { keepdims: 0n });

/**
 * N×T×F → N×F: the vector where `chosen`, N×T of zeros and one 1, has its 1.
 * @example const last = nn.pickPosition(scope, 'last', x, chosen);
 */
export const pickPosition = (scope: Scope, name: string, x: Var, chosen: Var): Var => {
  const row = scope.inner(name, 'Unsqueeze', [chosen, int64s(scope.trace, [1])]);
  return scope.site(name, 'Squeeze', [scope.inner(name, 'MatMul', [row, x]), int64s(scope.trace, [1])]);
};
