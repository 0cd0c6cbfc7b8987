/** Layers that carry a state along the sequence. */
import { ints } from '../engine/attributes.ts';
import { int64s } from '../engine/functions.ts';
import { lecun, zeros, type Initializer } from './init.ts';
import type { Layer } from './scope.ts';

export interface LstmOptions {
  /** Units: the length of hidden state and cell. */
  hidden: number;
  /** Also backwards, with weights of its own; both directions are joined. */
  bidirectional?: boolean;
  init?: Initializer;
}

/**
 * Long short-term memory, N×T×F → N×T×hidden (2·hidden in both directions). With σ the sigmoid and ∘ the product
 * by elements:
 *
 *   i, o, f, c̃ = σ, σ, σ, tanh of W·x + R·h + b        c′ = f∘c + i∘c̃        h′ = o∘tanh c′
 *
 * Sites: `<name>`, the hidden state at every position; `<name>.hidden` and `<name>.cell`, the last states,
 * directions × N × hidden. Weights, rows in the order i, o, f, c̃: `<name>.input.weight` directions × 4·hidden × F,
 * `<name>.recurrent.weight` directions × 4·hidden × hidden, `<name>.bias` directions × 8·hidden (of W, then of R).
 * @see https://www.bioinf.jku.at/publications/older/2604.pdf
 * @example nn.sequential(nn.embedding('embed', { count: 50, features: 16 }), nn.lstm('lstm', { hidden: 32 }))
 */
export const lstm =
  (name: string, { hidden, bidirectional = false, init = lecun }: LstmOptions): Layer =>
  (x, scope) => {
    const directions = bidirectional ? 2 : 1;
    // the fan-in of a row is its own length
    const weight = (part: string, width: number) =>
      scope.parameter(`${name}.${part}.weight`, [directions, 4 * hidden, width], (dims, random) =>
        init([directions * 4 * hidden, width], random).reshape(dims),
      );
    const [states] = scope.several(
      [`${name}/lstm`, `${name}.hidden`, `${name}.cell`],
      'LSTM',
      [
        // time first
        scope.inner(name, 'Transpose', [x], { perm: ints([1, 0, 2]) }),
        weight('input', x.dims[2]),
        weight('recurrent', hidden),
        scope.parameter(`${name}.bias`, [directions, 8 * hidden], zeros),
      ],
      { hidden_size: BigInt(hidden), direction: bidirectional ? 'bidirectional' : 'forward' },
    );
    // T × directions × N × hidden → N × T × directions × hidden
    const turned = scope.inner(name, 'Transpose', [states], { perm: ints([2, 0, 1, 3]) });
    return scope.site(name, 'Reshape', [turned, int64s(scope.trace, [0, 0, directions * hidden])]);
  };
