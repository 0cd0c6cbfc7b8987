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
import { lecun, zeros, type Initializer } from './init.ts';
import { mapped } from './layers.ts';
import { causalMask } from './masks.ts';
import { rmsNorm } from './norms.ts';
import { rotate, type Frequencies } from './rotary.ts';
import type { Layer, Scope } from './scope.ts';

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
  /** What products of queries and keys are multiplied by; 1/√(head width) where left out. */
  scale?: number;
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
  const sizes = sizesOf(name, x, options);
  const { past, causal = false, window, init = lecun, outInit = init } = options;
  const inner = (part: string, op: string, inputs: readonly Var[], attributes = {}) =>
    scope.inner(`${name}.${part}`, op, inputs, attributes);

  // 1. q, k, v: b·t·h·w
  const { q, k, v } = projections(scope, name, x, options, sizes);

  // 2. heads first, b·h·s·w, and the past before the present
  const headed = (part: string, y: Var) => inner(part, 'Transpose', [y], headsFirst);
  const joined = (part: 'key' | 'value', y: Var) =>
    past ? inner(part, 'Concat', [past[part], y], { axis: 2n }) : y;
  const key = joined('key', headed('k', k));
  const value = joined('value', headed('v', v));

  // 3. the pattern: b·h·t·s
  const masks = [causal ? causalMask(scope, x, past?.key, window) : undefined, options.mask];
  const scores = scoresOf(scope, name, headed('q', q), key, sizes, options.scale);
  const masked = masks.reduce<Var>(
    (sum, mask) => (mask ? inner('pattern', 'Add', [sum, mask]) : sum),
    scores,
  );
  const pattern = scope.site(`${name}.pattern`, 'Softmax', [masked], { axis: -1n });

  // 4. z = pattern·v: b·t·h·w
  const { spread, gathered } = sharing(scope, sizes);
  const mixed = inner('z', 'MatMul', [gathered(`${name}.pattern`, pattern, 0), value]);
  const z = scope.site(`${name}.z`, 'Transpose', [spread(`${name}.z`, mixed)], headsFirst);

  // 5. out = Σ over heads of z·W + b
  const output = { features: x.dims[2], bias: biases(options).out, init: outInit };
  const joint = options.result ? summed : merged;
  return { out: joint(scope, name, z, output), key, value };
}

/** b·t·h·w ↔ b·h·t·w */
const headsFirst = { perm: ints([0, 2, 1, 3]) };

interface Sizes {
  heads: number;
  kvHeads: number;
  headWidth: number;
}

function sizesOf(name: string, x: Var, { heads, kvHeads = heads, headWidth }: AttentionOptions): Sizes {
  const width = headWidth ?? x.dims[2] / heads;
  if (!Number.isInteger(width))
    throw new ShapeError(`${name}: ${heads} heads do not divide ${x.dims[2]} features; give headWidth`);
  if (heads % kvHeads)
    throw new ShapeError(`${name}: ${kvHeads} heads of keys do not divide ${heads} heads of queries`);
  return { heads, kvHeads, headWidth: width };
}

const biases = ({ bias = true }: AttentionOptions) =>
  typeof bias === 'object' ? bias : { qkv: bias, out: bias };

/** q, k and v, the first two normalized and turned where that is wanted: b·t·h·w. */
function projections(
  scope: Scope,
  name: string,
  x: Var,
  options: AttentionOptions,
  { heads, kvHeads, headWidth }: Sizes,
): Record<'q' | 'k' | 'v', Var> {
  const { to = x, headNorm, rotary, past, init } = options;
  const projected = (part: string, source: Var, count: number) => {
    const linear = { features: count * headWidth, bias: biases(options).qkv, init };
    return mapped(scope, `${name}.${part}`, source, linear, [count, headWidth]);
  };
  const turned = (part: string, given: Var) => {
    const y = headNorm ? rmsNorm(`${name}.${part}.norm`, headNorm)(given, scope) : given;
    return rotary ? rotate(scope, `${name}.${part}.rotated`, y, rotary, past?.key) : y;
  };
  return {
    q: turned('q', projected('q', x, heads)),
    k: turned('k', projected('k', to, kvHeads)),
    v: projected('v', to, kvHeads),
  };
}

/** The site `scores`: q·kᵀ·scale, b·h·t·s. */
function scoresOf(
  scope: Scope,
  name: string,
  q: Var,
  key: Var,
  sizes: Sizes,
  by = sizes.headWidth ** -0.5,
): Var {
  const { gathered, shared } = sharing(scope, sizes);
  const site = `${name}.scores`;
  const scale = scope.trace.constant(tensor([by], []));
  const scaled = gathered(`${name}.q`, scope.inner(`${name}.q`, 'Mul', [q, scale]), sizes.headWidth);
  const factors = [scaled, scope.inner(`${name}.k`, 'Transpose', [key], { perm: ints([0, 1, 3, 2]) })];
  if (!shared) return scope.site(site, 'MatMul', factors);
  const products = scope.inner(site, 'MatMul', factors);
  return scope.site(site, 'Reshape', [products, int64s(scope.trace, [0, sizes.heads, -1, 0])]);
}

/** Heads that share their keys are rows of one product: b·h·t·w ↔ b·kv·(h/kv·t)·w. Nothing where none do. */
function sharing(scope: Scope, { heads, kvHeads, headWidth }: Sizes) {
  const shared = heads !== kvHeads;
  const reshaped = (near: string, y: Var, dims: readonly number[]) =>
    shared ? scope.inner(near, 'Reshape', [y, int64s(scope.trace, dims)]) : y;
  return {
    shared,
    /** @param last size of the last axis; 0 for what it is */
    gathered: (near: string, y: Var, last: number) => reshaped(near, y, [0, kvHeads, -1, last]),
    spread: (near: string, y: Var) => reshaped(near, y, [0, heads, -1, headWidth]),
  };
}

interface Output {
  features: number;
  bias: boolean;
  init: Initializer;
}

/** The site `out` as one product of all heads. */
function merged(scope: Scope, name: string, z: Var, output: Output): Var {
  const site = `${name}.out`;
  return mapped(scope, site, scope.inner(site, 'Reshape', [z, int64s(scope.trace, [0, 0, -1])]), output);
}

/** The site `out` as a sum over the site `result`, b·t·h·f, with the same weights. */
function summed(scope: Scope, name: string, z: Var, { features, bias, init }: Output): Var {
  const [, , heads, headWidth] = z.dims;
  const [site, out] = [`${name}.result`, `${name}.out`];
  const inner = (op: string, inputs: readonly Var[], attributes = {}) =>
    scope.inner(site, op, inputs, attributes);
  const flat = scope.parameter(`${out}.weight`, [features, heads * headWidth], init);
  // W: h·w·f
  const split = inner('Reshape', [flat, int64s(scope.trace, [features, heads, headWidth])]);
  const weight = inner('Transpose', [split], { perm: ints([1, 2, 0]) });
  const headed = inner('Transpose', [z], headsFirst);
  const result = scope.site(site, 'Transpose', [inner('MatMul', [headed, weight])], headsFirst);
  const axis = int64s(scope.trace, [2]);
  if (!bias) return scope.site(out, 'ReduceSum', [result, axis], { keepdims: 0n });
  const sum = scope.inner(out, 'ReduceSum', [result, axis], { keepdims: 0n });
  return scope.site(out, 'Add', [sum, scope.parameter(`${out}.bias`, [features], zeros)]);
}
