/** What a transformer computes at each position alone: MLPs, gated ones, and mixtures of experts. */
import { ShapeError } from '../base/errors.ts';
import { int64s } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import { activate, type Activation } from './activations.ts';
import { lecun, type Initializer } from './init.ts';
import { linear } from './layers.ts';
import type { Layer } from './scope.ts';
import { rowsOf, unrows } from './sizes.ts';

export interface MlpOptions {
  /** Units in between. */
  hidden: number;
  activation?: Activation;
  bias?: boolean;
  init?: Initializer;
  /** First values of the output projection; `init` where left out. */
  outInit?: Initializer;
}

/**
 * out = W₂·f(W₁·x + b₁) + b₂ over the last axis: sites `<name>.in`, `.pre`, `.post`, `.out`; weights
 * `<name>.pre.weight` hidden × F and `<name>.out.weight` F × hidden.
 * @example nn.residual('blocks.0.resid.post', nn.mlp('blocks.0.mlp', { hidden: 256 }))
 */
export const mlp =
  (name: string, { hidden, activation = 'gelu', outInit, ...options }: MlpOptions): Layer =>
  (given, scope) => {
    const x = scope.alias(`${name}.in`, given);
    const pre = linear(`${name}.pre`, { features: hidden, ...options })(x, scope);
    const post = activate(scope, activation, `${name}.post`, pre);
    const out = linear(`${name}.out`, { features: lastOf(x), ...options, init: outInit ?? options.init });
    return out(post, scope);
  };

/**
 * out = W₂·(f(W·x) ∘ V·x): sites `<name>.in`, `.pre` (before f), `.gate` (behind it), `.up` (V·x), `.post` (their
 * product) and `.out`. With f = silu this is SwiGLU. @see https://arxiv.org/abs/2002.05202
 * @example nn.residual('blocks.0.resid.post', nn.gatedMlp('blocks.0.mlp', { hidden: 172 }))
 */
export const gatedMlp =
  (name: string, { hidden, activation = 'silu', bias = false, outInit, init }: MlpOptions): Layer =>
  (given, scope) => {
    const x = scope.alias(`${name}.in`, given);
    const pre = linear(`${name}.pre`, { features: hidden, bias, init })(x, scope);
    const gate = activate(scope, activation, `${name}.gate`, pre);
    const up = linear(`${name}.up`, { features: hidden, bias, init })(x, scope);
    const post = scope.site(`${name}.post`, 'Mul', [gate, up]);
    return linear(`${name}.out`, { features: lastOf(x), bias, init: outInit ?? init })(post, scope);
  };

export interface MoeOptions {
  experts: number;
  /** How many experts each position uses. */
  active?: number;
  /** Units of one expert. */
  hidden: number;
  activation?: Activation;
  init?: Initializer;
}

/**
 * A mixture of gated MLPs: the `active` experts with the largest router logits, weighted by the softmax over those.
 *
 *   out = Σₑ gₑ·W₂ₑ·(f(Wₑ·x) ∘ Vₑ·x)        sites `<name>.in`, `.router`, `.gates` N×T×experts, `.post`, `.out`
 *
 * Every expert is computed for every position and weighted by 0 where it was not chosen: experts/active times the
 * work of a sparse form, in four large products. Of equal logits at the border all are chosen. Gradients flow
 * through the gates to the router, as in Mixtral. `.post` is experts × positions × hidden.
 * @throws ShapeError where more experts are active than there are
 * @see https://arxiv.org/abs/2401.04088
 * @example nn.residual('blocks.0.resid.post', nn.moe('blocks.0.mlp', { experts: 8, active: 2, hidden: 64 }))
 */
export const moe =
  (name: string, { experts, active = 2, hidden, activation = 'silu', init = lecun }: MoeOptions): Layer =>
  (given, scope) => {
    if (active > experts) throw new ShapeError(`${name}: ${active} active experts of ${experts}`);
    const x = scope.alias(`${name}.in`, given);
    const features = lastOf(x);
    const inner = (part: string, op: string, inputs: readonly Var[], attributes = {}) =>
      scope.inner(`${name}.${part}`, op, inputs, attributes);

    // 1. g = softmax(router logits) of the chosen, whose sum is 1
    const logits = linear(`${name}.router`, { features: experts, bias: false, init })(x, scope);
    const label = `${name}.gates`;
    const [best] = scope.several(
      [`${label}/best`, `${label}/which`],
      'TopK',
      [logits, int64s(scope.trace, [active])],
      { axis: -1n },
    );
    const least = inner('gates', 'ReduceMin', [best, int64s(scope.trace, [-1])], { keepdims: 1n });
    const chosen = inner('gates', 'Cast', [inner('gates', 'GreaterOrEqual', [logits, least])], { to: 1n });
    const shares = inner('gates', 'Mul', [inner('gates', 'Softmax', [logits], { axis: -1n }), chosen]);
    const total = inner('gates', 'ReduceSum', [shares, int64s(scope.trace, [-1])], { keepdims: 1n });
    const gates = scope.site(label, 'Div', [shares, total]);

    // 2. all experts on all positions: experts × rows × hidden
    const rows = rowsOf(scope, x);
    const weight = (part: string, from: number, to: number) =>
      scope.parameter(`${name}.${part}.weight`, [experts, from, to], (dims, random) =>
        init([experts * to, from], random).reshape(dims),
      );
    const pre = inner('pre', 'MatMul', [rows, weight('pre', features, hidden)]);
    const up = inner('up', 'MatMul', [rows, weight('up', features, hidden)]);
    const post = scope.site(`${name}.post`, 'Mul', [activate(scope, activation, `${name}.gate`, pre), up]);
    const each = inner('out', 'MatMul', [post, weight('out', hidden, features)]);

    // 3. their sum, weighted: gates as experts × rows × 1
    const turned = inner('gates', 'Transpose', [rowsOf(scope, gates)], { perm: [1n, 0n] });
    const weighted = inner('out', 'Mul', [
      each,
      inner('gates', 'Unsqueeze', [turned, int64s(scope.trace, [2])]),
    ]);
    const sum = inner('out', 'ReduceSum', [weighted, int64s(scope.trace, [0])], { keepdims: 0n });
    return unrows(scope, `${name}.out`, sum, x, [features]);
  };

const lastOf = (x: Var): number => x.dims[x.dims.length - 1];
