/** Tokens and positions as vectors. */
import { tensor } from '../base/tensor.ts';
import { int64s } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import { normal, type Initializer } from './init.ts';
import type { Layer } from './scope.ts';
import { positionsOf, sizeAlong } from './sizes.ts';

export interface EmbeddingOptions {
  /** Rows of the table: the size of the vocabulary. */
  count: number;
  features: number;
  init?: Initializer;
}

/**
 * Row `id` of a table for each id: int64 N×T → N×T×features.
 * @example nn.sequential(nn.embedding('embed', { count: 100, features: 32 }), nn.linear('logits', { features: 100 }))
 */
export const embedding =
  (name: string, { count, features, init = normal(0.02) }: EmbeddingOptions): Layer =>
  (ids, scope) =>
    scope.site(name, 'Gather', [scope.parameter(`${name}.weight`, [count, features], init), ids], {
      axis: 0n,
    });

export interface PositionOptions {
  /** Keys of earlier positions, batch × heads × past × width: then x begins behind them. */
  past?: Var;
}

/**
 * A trained vector for each of `count` positions: N×T×F → T×F, to be added to x.
 * @example nn.residual('placed', nn.learnedPositions('embed.position', { count: 128 }))
 */
export const learnedPositions =
  (
    name: string,
    { count, past, init = normal(0.02) }: PositionOptions & { count: number; init?: Initializer },
  ): Layer =>
  (x, scope) => {
    const table = scope.parameter(`${name}.weight`, [count, x.dims[x.dims.length - 1]], init);
    if (past) {
      // the rows are known when it runs: at the sizes of a trace they may lie behind a short table
      const { value: _, ...rows } = positionsOf(scope, x, past);
      return scope.site(name, 'Gather', [table, rows], { axis: 0n });
    }
    const zero = int64s(scope.trace, [0]);
    const length = scope.inner(name, 'Reshape', [sizeAlong(scope, x, 1), int64s(scope.trace, [1])]);
    return scope.site(name, 'Slice', [table, zero, length, zero]);
  };

/**
 * Sines and cosines of the position at F/2 wavelengths from 2π to 2π·10⁴: N×T×F → T×F, to be added to x.
 *
 *   p(t, 2i) = sin(t / 10⁴^(2i/F)),  p(t, 2i+1) = cos(t / 10⁴^(2i/F))
 *
 * @see https://arxiv.org/abs/1706.03762
 * @example nn.residual('placed', nn.sinusoidalPositions('embed.position'))
 */
export const sinusoidalPositions =
  (name: string, { past }: PositionOptions = {}): Layer =>
  (x, scope) => {
    const features = x.dims[x.dims.length - 1];
    const rates = Float32Array.from({ length: features / 2 }, (_, i) => 10000 ** ((-2 * i) / features));
    const inner = (op: string, inputs: readonly Var[], attributes = {}) =>
      scope.inner(name, op, inputs, attributes);
    const places = inner('Cast', [positionsOf(scope, x, past)], { to: 1n });
    const column = inner('Reshape', [places, int64s(scope.trace, [-1, 1, 1])]);
    // T × F/2 × 1, twice
    const angles = inner('Mul', [column, scope.trace.constant(tensor(rates, [features / 2, 1]))]);
    const both = inner('Concat', [inner('Sin', [angles]), inner('Cos', [angles])], { axis: 2n });
    return scope.site(name, 'Reshape', [both, int64s(scope.trace, [-1, features])]);
  };
