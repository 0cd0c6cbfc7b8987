/**
 * Attention, with a site for each of its steps, heads apart (b batch, t position, s position that is attended to,
 * h head, w width of a head, f features):
 *
 *   x b·t·f ─▶ q b·t·h·w ─[rotated]─┐
 *     │                             ├─▶ scores b·h·t·s ─mask, softmax─▶ pattern b·h·t·s ─┐
 *     ├──────▶ k b·s·h·w ─[rotated]─┘                                                    ├─▶ z b·t·h·w ─▶ out b·t·f
 *     └──────▶ v b·s·h·w ────────────────────────────────────────────────────────────────┘
 *
 * @see https://arxiv.org/abs/1706.03762
 */
import { ShapeError } from '../base/errors.ts';
import { tensor } from '../base/tensor.ts';
import { ints } from '../engine/attributes.ts';
import { int64s } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import { lecun, type Initializer } from './init.ts';
import { product } from './layers.ts';
import { causalMask } from './masks.ts';
import { rmsNorm } from './norms.ts';
import { rotate, type Frequencies } from './rotary.ts';
import type { Layer, Scope } from './scope.ts';
import { rowsOf, unrows } from './sizes.ts';

export interface AttentionOptions {
  heads: number;
  /** Heads of keys and values, each of which serves heads/kvHeads queries. @see https://arxiv.org/abs/2305.13245 */
  kvHeads?: number;
  /** Features of one head; where left out those of x are divided among the heads. */
  headWidth?: number;
  /** Whether a position sees itself and earlier ones only. */
  causal?: boolean;
  /** With `causal`: how many positions back, itself included, it sees. */
  window?: number;
  /** Turns queries and keys by their positions. */
  rotary?: Frequencies;
  /** Normalizes each head of queries and keys by its root mean square, with this epsilon, before it is turned. */
  headNorm?: { epsilon?: number };
  /** Offsets of q, k and v; and of out. */
  bias?: boolean | { qkv: boolean; out: boolean };
  /** What keys and values are made from, b·s·f; x itself where left out. */
  to?: Var;
  /** Added to the scores: 0 where a position may be seen and very negative where not; stretches to b·h·t·s. */
  mask?: Var;
  /** Keys and values of earlier positions, b·h·past·w: x comes behind them. */
  past?: { key: Var; value: Var };
  /** Also the site `result`, b·t·h·f: what each head alone adds to out. h times as large as out. */
  result?: boolean;
  init?: Initializer;
  /** First values of the output projection; `init` where left out. */
  outInit?: Initializer;
}

/**
 * Attention from x: sites `<name>.q`, `.k`, `.v`, `.scores` (before the mask), `.pattern`, `.z`, `.out`;
 * `.q.norm` and `.k.norm` with `headNorm`, `.q.rotated` and `.k.rotated` with rotary positions; `.result` where asked for.
 * @throws ShapeError where the heads do not divide the features
 * @example nn.residual('blocks.0.resid.mid', nn.attention('blocks.0.attn', { heads: 4, causal: true }))
 */
export const attention =
  (name: string, options: AttentionOptions): Layer =>
  (x, scope) =>
    attend(scope, name, x, options).out;

export interface Attended {
  out: Var;
  /** Keys and values, those of the past first: b·h·s·w. */
  key: Var;
  value: Var;
}

/**
 * Attention, with the keys and values that a later call takes as its `past`.
 * @example const layer: nn.Layer = (x, scope) => nn.attend(scope, 'attn', x, { heads: 4, causal: true }).out;
 */
export function attend(scope: Scope, name: string, x: Var, options: AttentionOptions): Attended {
  const {
    heads,
    kvHeads = heads,
    causal = false,
    window,
    rotary,
    headNorm,
    to = x,
    past,
    init = lecun,
  } = options;
  const headWidth = options.headWidth ?? x.dims[2] / heads;
  if (!Number.isInteger(headWidth))
    throw new ShapeError(`${name}: ${heads} heads do not divide ${x.dims[2]} features; give headWidth`);
  if (heads % kvHeads)
    throw new ShapeError(`${name}: ${kvHeads} heads of keys do not divide ${heads} heads of queries`);
  const biases = typeof options.bias === 'object' ? options.bias : undefined;
  const [qkvBias, outBias] = [biases?.qkv ?? options.bias !== false, biases?.out ?? options.bias !== false];
  const inner = (part: string, op: string, inputs: readonly Var[], attributes = {}) =>
    scope.inner(`${name}.${part}`, op, inputs, attributes);
  const reshaped = (part: string, value: Var, dims: readonly number[]) =>
    inner(part, 'Reshape', [value, int64s(scope.trace, dims)]);

  // 1. q, k, v: b·t·h·w
  const projected = (part: string, source: Var, count: number) => {
    const site = `${name}.${part}`;
    const rows = product(scope, site, rowsOf(scope, source), {
      features: count * headWidth,
      bias: qkvBias,
      init,
    });
    return unrows(scope, site, rows, source, [count, headWidth]);
  };
  const turned = (part: string, given: Var) => {
    const value = headNorm ? rmsNorm(`${name}.${part}.norm`, headNorm)(given, scope) : given;
    return rotary ? rotate(scope, `${name}.${part}.rotated`, value, rotary, past?.key) : value;
  };
  const q = turned('q', projected('q', x, heads));
  const k = turned('k', projected('k', to, kvHeads));
  const v = projected('v', to, kvHeads);

  // 2. heads first, b·h·t·w; the past before the present
  const headed = (part: string, value: Var) =>
    inner(part, 'Transpose', [value], { perm: ints([0, 2, 1, 3]) });
  const joined = (part: string, before: Var | undefined, value: Var) =>
    before ? inner(part, 'Concat', [before, value], { axis: 2n }) : value;
  const key = joined('k', past?.key, headed('k', k));
  const value = joined('v', past?.value, headed('v', v));

  // 3. scores and pattern: b·h·t·s. Heads that share keys are rows of one product: b·kv·(h/kv·t)·s
  const shared = heads !== kvHeads;
  const gathered = (part: string, y: Var, last: number) =>
    shared ? reshaped(part, y, [0, kvHeads, -1, last]) : y;
  const spread = (part: string, y: Var, last: number) =>
    shared ? reshaped(part, y, [0, heads, -1, last]) : y;
  const scale = scope.trace.constant(tensor([headWidth ** -0.5], []));
  const scaled = gathered('q', inner('q', 'Mul', [headed('q', q), scale]), headWidth);
  const turnedKey = inner('k', 'Transpose', [key], { perm: ints([0, 1, 3, 2]) });
  const scores = shared
    ? scope.site(`${name}.scores`, 'Reshape', [
        inner('scores', 'MatMul', [scaled, turnedKey]),
        int64s(scope.trace, [0, heads, -1, 0]),
      ])
    : scope.site(`${name}.scores`, 'MatMul', [scaled, turnedKey]);
  const masks = [causal ? causalMask(scope, x, past?.key, window) : undefined, options.mask];
  const masked = masks.reduce<Var>(
    (sum, mask) => (mask ? inner('pattern', 'Add', [sum, mask]) : sum),
    scores,
  );
  const pattern = scope.site(`${name}.pattern`, 'Softmax', [masked], { axis: -1n });

  // 4. z = pattern·v: b·t·h·w
  const mixed = inner('z', 'MatMul', [gathered('pattern', pattern, 0), value]);
  const z = scope.site(`${name}.z`, 'Transpose', [spread('z', mixed, headWidth)], {
    perm: ints([0, 2, 1, 3]),
  });

  // 5. out = Σ over heads of z·W + b
  const { outInit = init } = options;
  const out = `${name}.out`;
  const width = heads * headWidth;
  if (options.result)
    return { out: summed(scope, name, z, { features: x.dims[2], bias: outBias, init: outInit }), key, value };
  const rows = product(scope, out, reshaped('out', z, [-1, width]), {
    features: x.dims[2],
    bias: outBias,
    init: outInit,
  });
  return { out: unrows(scope, out, rows, x, [x.dims[2]]), key, value };
}

/** The site `out` as a sum over the site `result`, b·t·h·f. */
function summed(
  scope: Scope,
  name: string,
  z: Var,
  { features, bias, init }: { features: number; bias: boolean; init: Initializer },
): Var {
  const [, , heads, headWidth] = z.dims;
  const inner = (op: string, inputs: readonly Var[], attributes = {}) =>
    scope.inner(`${name}.result`, op, inputs, attributes);
  const flat = scope.parameter(`${name}.out.weight`, [features, heads * headWidth], init);
  // W: h·w·f
  const split = inner('Reshape', [flat, int64s(scope.trace, [features, heads, headWidth])]);
  const weight = inner('Transpose', [split], { perm: ints([1, 2, 0]) });
  const headed = inner('Transpose', [z], { perm: ints([0, 2, 1, 3]) });
  const result = scope.site(`${name}.result`, 'Transpose', [inner('MatMul', [headed, weight])], {
    perm: ints([0, 2, 1, 3]),
  });
  const axes = [result, int64s(scope.trace, [2])];
  if (!bias) return scope.site(`${name}.out`, 'ReduceSum', axes, { keepdims: 0n });
  const sum = scope.inner(`${name}.out`, 'ReduceSum', axes, { keepdims: 0n });
  return scope.site(`${name}.out`, 'Add', [
    sum,
    scope.parameter(`${name}.out.bias`, [features], () => tensor(new Float32Array(features))),
  ]);
}
