/**
 * Rotary positions: pairs of a query's or key's features are turned by an angle that grows with the position, so that
 * their product depends on the distance alone. @see https://arxiv.org/abs/2104.09864
 */
import { ShapeError } from '../base/errors.ts';
import { tensor } from '../base/tensor.ts';
import { int64s } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import type { Scope } from './scope.ts';
import { positionsOf } from './sizes.ts';

/** Radians per position, one for each pair of features; feature i is paired with i + n. The rest of a head is not turned. */
export type Frequencies = readonly number[];

export interface RotaryScaling {
  /** `linear`: all frequencies divided by `factor`. `llama3`: the slow ones alone, with a smooth passage. */
  kind: 'linear' | 'llama3';
  factor: number;
  /** Wavelengths from context/low on are slow, up to context/high fast. */
  low?: number;
  high?: number;
  /** Positions of the training before it was stretched. */
  context?: number;
}

/** No head is wider. */
const MOST_WIDTH = 2 ** 16;

/**
 * The frequencies base^(−2i/width), i = 0 … width/2 − 1.
 * @param width features of a head that are turned
 * @throws ShapeError where that is no even number
 * @example nn.attention('attn', { heads: 4, causal: true, rotary: nn.rotaryFrequencies(16) })
 */
export function rotaryFrequencies(width: number, base = 10000, scaling?: RotaryScaling): number[] {
  if (!Number.isInteger(width / 2) || width < 2 || width > MOST_WIDTH)
    throw new ShapeError(`rotary width is ${width}; expected an even number from 2 to ${MOST_WIDTH}`);
  const frequencies = Array.from({ length: width / 2 }, (_, i) => base ** ((-2 * i) / width));
  if (!scaling) return frequencies;
  const { kind, factor, low = 1, high = 4, context = 8192 } = scaling;
  if (kind === 'linear') return frequencies.map(frequency => frequency / factor);
  return frequencies.map(frequency => {
    // 0 where context/wavelength ≤ low, 1 where ≥ high
    const turns = (context * frequency) / (2 * Math.PI);
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return frequency * (kept + (1 - kept) / factor);
  });
}

/**
 * The site `name`: x turned by its positions.
 *
 *   (a, b) → (a·cos − b·sin, b·cos + a·sin)      as x∘[cos, cos] + swapped(x)∘[−sin, sin]
 *
 * @param x batch × position × heads × width
 * @example const turned = nn.rotate(scope, 'q.rotated', q, nn.rotaryFrequencies(16));
 */
export function rotate(scope: Scope, name: string, x: Var, frequencies: Frequencies, past?: Var): Var {
  const width = x.dims[3];
  const half = frequencies.length;
  const inner = (op: string, inputs: readonly Var[], attributes = {}) =>
    scope.inner(name, op, inputs, attributes);
  const parts = (value: Var, sizes: readonly number[]): readonly Var[] =>
    scope.several(
      sizes.map((_, i) => `${name}/part${sizes.length}_${i}`),
      'Split',
      [value, int64s(scope.trace, sizes)],
      { axis: -1n },
    );
  const rest = width - 2 * half;
  const [turned, still] = rest ? parts(x, [2 * half, rest]) : [x];
  const [a, b] = parts(turned, [half, half]);
  const swapped = inner('Concat', [b, a], { axis: -1n });
  const { cos, sin } = tables(scope, x, frequencies, past);
  const site = (op: string, inputs: readonly Var[], attributes = {}) =>
    scope.site(name, op, inputs, attributes);
  const sum = [inner('Mul', [turned, cos]), inner('Mul', [swapped, sin])];
  return still ? site('Concat', [inner('Add', sum), still], { axis: -1n }) : site('Add', sum);
}

/** [cos, cos] and [−sin, sin] of position·frequency: position × 1 × 2n, made once for all layers. */
function tables(scope: Scope, x: Var, frequencies: Frequencies, past?: Var): { cos: Var; sin: Var } {
  const positions = positionsOf(scope, x, past);
  const key = `${positions.name} × ${frequencies.join()}`;
  const apply = (op: string, inputs: readonly Var[], attributes = {}) =>
    scope.inner('rotary', op, inputs, attributes);
  const row = (values: readonly number[]) => scope.trace.constant(tensor(values));
  const angles = scope.shared(`angles ${key}`, () => {
    const places = apply('Cast', [positions], { to: 1n });
    const column = apply('Reshape', [places, int64s(scope.trace, [-1, 1, 1])]);
    return apply('Mul', [column, row([...frequencies, ...frequencies])]);
  });
  const signs = row([...frequencies.map(() => -1), ...frequencies.map(() => 1)]);
  return {
    cos: scope.shared(`cos ${key}`, () => apply('Cos', [angles])),
    sin: scope.shared(`sin ${key}`, () => apply('Mul', [apply('Sin', [angles]), signs])),
  };
}
