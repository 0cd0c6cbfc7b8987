/**
 * Rotary positions: pairs of a query's or key's features are turned by an angle that grows with the position, so that
 * their product depends on the distance alone. @see https://arxiv.org/abs/2104.09864
 */
import { ShapeError } from '../base/errors.ts';
import { tensor } from '../base/tensor.ts';
import { int64s } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import type { Scope } from './scope.ts';
import { lengthWith, positionsOf, whole } from './sizes.ts';

/** Radians per position, one for each pair of features; feature i is paired with i + n. The rest of a head is not turned. */
export type Frequencies = readonly number[] | Stretched;

/** Frequencies of a network whose context was stretched after its training. */
export interface Stretched {
  readonly frequencies: readonly number[];
  /** What is turned is also multiplied by it. */
  readonly magnitude?: number;
  /** The frequencies of texts of more than `context` positions. */
  readonly beyond?: { readonly context: number; readonly frequencies: readonly number[] };
  /** In texts of more than `context` positions the base grows with them. */
  readonly growth?: { readonly context: number; readonly factor: number };
}

export interface RotaryScaling {
  /**
   * `linear`: all frequencies divided by `factor`. `llama3`: the slow ones alone, with a smooth passage.
   * `yarn`: the same by counting turns, and the products grow ({@link https://arxiv.org/abs/2309.00071}).
   * `longrope`: each divided by a number of its own ({@link https://arxiv.org/abs/2402.13753}).
   * `dynamic`: as they are up to `context`; behind it the base grows with the text.
   */
  kind: 'linear' | 'llama3' | 'yarn' | 'longrope' | 'dynamic';
  factor: number;
  /** llama3: wavelengths from context/low on are slow, up to context/high fast. */
  low?: number;
  high?: number;
  /** Positions of the training before it was stretched. */
  context?: number;
  /** yarn: what turns more often than `fast` times in the context stays, what turns less than `slow` times is divided. */
  fast?: number;
  slow?: number;
  /** yarn: whether the passage begins and ends at whole features. */
  whole?: boolean;
  /** yarn, longrope: what is turned is multiplied by it. */
  magnitude?: number;
  /** longrope: the divisors up to the context, and in longer texts. */
  divisors?: readonly number[];
  longDivisors?: readonly number[];
}

/** No head is wider. */
const MOST_WIDTH = 2 ** 16;

/**
 * The frequencies base^(−2i/width), i = 0 … width/2 − 1.
 * @param width features of a head that are turned
 * @throws ShapeError where that is no even number, or there is not one divisor for each frequency
 * @example nn.attention('attn', { heads: 4, causal: true, rotary: nn.rotaryFrequencies(16) })
 */
export function rotaryFrequencies(width: number, base?: number): number[];
export function rotaryFrequencies(width: number, base?: number, scaling?: RotaryScaling): Frequencies;
export function rotaryFrequencies(width: number, base = 10000, scaling?: RotaryScaling): Frequencies {
  if (!Number.isInteger(width / 2) || width < 2 || width > MOST_WIDTH)
    throw new ShapeError(`rotary width is ${width}; expected an even number from 2 to ${MOST_WIDTH}`);
  const frequencies = Array.from({ length: width / 2 }, (_, i) => base ** ((-2 * i) / width));
  if (!scaling) return frequencies;
  const { kind, factor, low = 1, high = 4, context = 8192 } = scaling;
  switch (kind) {
    case 'linear':
      return frequencies.map(frequency => frequency / factor);
    case 'llama3':
      return frequencies.map(frequency => {
        // 0 where context/wavelength ≤ low, 1 where ≥ high
        const turns = (context * frequency) / (2 * Math.PI);
        const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
        return frequency * (kept + (1 - kept) / factor);
      });
    case 'yarn':
      return yarn(frequencies, base, scaling);
    case 'longrope':
      return longRope(frequencies, scaling);
    case 'dynamic':
      return { frequencies, growth: { context, factor } };
  }
}

/** Between the feature that turns `fast` times in the context and the one that turns `slow` times, from f to f/factor. */
function yarn(frequencies: readonly number[], base: number, scaling: RotaryScaling): Stretched {
  const { factor, context = 8192, fast = 32, slow = 1, whole = true, magnitude } = scaling;
  const count = frequencies.length;
  // the feature that turns so often: context·base^(−i/count) = 2π·turns
  const at = (turns: number) => (count * Math.log(context / (2 * Math.PI * turns))) / Math.log(base);
  const from = Math.max(0, whole ? Math.floor(at(fast)) : at(fast));
  const to = Math.min(2 * count - 1, whole ? Math.ceil(at(slow)) : at(slow));
  return {
    frequencies: frequencies.map((frequency, i) => {
      const divided = Math.min(1, Math.max(0, (i - from) / (to === from ? 1e-3 : to - from)));
      return frequency * (1 - divided + divided / factor);
    }),
    magnitude: magnitude ?? (factor > 1 ? 0.1 * Math.log(factor) + 1 : 1),
  };
}

function longRope(frequencies: readonly number[], scaling: RotaryScaling): Stretched {
  const { factor, context = 8192, magnitude, divisors = [], longDivisors = divisors } = scaling;
  const divided = (by: readonly number[]) => {
    if (by.length !== frequencies.length)
      throw new ShapeError(
        `longrope has ${by.length} divisors; expected ${frequencies.length}, one for each pair of features`,
      );
    return frequencies.map((frequency, i) => frequency / by[i]);
  };
  return {
    frequencies: divided(divisors),
    beyond: { context, frequencies: divided(longDivisors) },
    magnitude: magnitude ?? (factor > 1 ? Math.sqrt(1 + Math.log(factor) / Math.log(context)) : 1),
  };
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
  const stretched = 'length' in frequencies ? { frequencies } : frequencies;
  const half = stretched.frequencies.length;
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
  const { cos, sin } = tables(scope, x, stretched, past);
  const site = (op: string, inputs: readonly Var[], attributes = {}) =>
    scope.site(name, op, inputs, attributes);
  const sum = [inner('Mul', [turned, cos]), inner('Mul', [swapped, sin])];
  return still ? site('Concat', [inner('Add', sum), still], { axis: -1n }) : site('Add', sum);
}

/** [cos, cos] and [−sin, sin] of position·frequency: position × 1 × 2n, made once for all layers. */
function tables(scope: Scope, x: Var, stretched: Stretched, past?: Var): { cos: Var; sin: Var } {
  const { frequencies, magnitude = 1 } = stretched;
  const positions = positionsOf(scope, x, past);
  const key = `${positions.name} × ${frequencies.join()}`;
  const apply = (op: string, inputs: readonly Var[], attributes = {}) =>
    scope.inner('rotary', op, inputs, attributes);
  const row = (values: readonly number[]) => scope.trace.constant(tensor(values));
  const angles = scope.shared(`angles ${key}`, () => {
    const places = apply('Cast', [positions], { to: 1n });
    const column = apply('Reshape', [places, int64s(scope.trace, [-1, 1, 1])]);
    return apply('Mul', [column, frequencyRow(scope, x, stretched, past)]);
  });
  const signs = row([...frequencies.map(() => -magnitude), ...frequencies.map(() => magnitude)]);
  return {
    cos: scope.shared(`cos ${key}`, () => {
      const cos = apply('Cos', [angles]);
      return magnitude === 1 ? cos : apply('Mul', [cos, row([magnitude])]);
    }),
    sin: scope.shared(`sin ${key}`, () => apply('Mul', [apply('Sin', [angles]), signs])),
  };
}

/** Each frequency twice, 2n; those of a long text where this one is long. */
function frequencyRow(scope: Scope, x: Var, { frequencies, beyond, growth }: Stretched, past?: Var): Var {
  const apply = (op: string, inputs: readonly Var[], attributes = {}) =>
    scope.inner('rotary', op, inputs, attributes);
  const row = (values: readonly number[]) => scope.trace.constant(tensor([...values, ...values]));
  const short = row(frequencies);
  if (beyond) {
    const long = apply('Greater', [lengthWith(scope, x, past), whole(scope, beyond.context)]);
    return apply('Where', [long, row(beyond.frequencies), short]);
  }
  if (!growth || frequencies.length < 2) return short;
  // base·s^(n/(n−1)) for base, s = factor·length/context − factor + 1: f·s^(−i/(n−1))
  const scalar = (value: number) => scope.trace.constant(tensor([value], []));
  const length = apply('Cast', [lengthWith(scope, x, past)], { to: 1n });
  const more = apply('Mul', [
    apply('Sub', [apply('Max', [length, scalar(growth.context)]), scalar(growth.context)]),
    scalar(growth.factor / growth.context),
  ]);
  const powers = row(frequencies.map((_, i) => -i / (frequencies.length - 1)));
  return apply('Mul', [short, apply('Pow', [apply('Add', [more, scalar(1)]), powers])]);
}
