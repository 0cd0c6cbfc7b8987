/**
 * Which pre-activations become features: the k largest, those above a threshold. Each is a piece of graph with the
 * gradient that its paper gives it.
 */
import { int } from '../../engine/attributes.ts';
import { scatterElements } from '../../engine/functions-indexing.ts';
import {
  abs,
  greater,
  greaterOrEqual,
  identity,
  indicator,
  int64s,
  less,
  mul,
  reduceMin,
  relu,
  reshape,
  sub,
  sumTo,
} from '../../engine/functions.ts';
import { sizeOf } from '../../base/shape.ts';
import type { Var } from '../../engine/var.ts';

/** A row's features where they are few: their values and their numbers, both N×k. */
export interface Few {
  readonly values: Var;
  readonly places: Var;
}

/**
 * relu(p) of the k largest of each row; exactly k places also where values are equal.
 * Gao et al. 2024, equation 3. ∂p = dv where v > 0, 0 at all other places.
 */
export function fewOf(pre: Var, k: number): Few {
  const [top, places] = largest(pre, k);
  const values = pre.trace.custom(
    [pre],
    () => relu(top),
    dv => [atPlaces(pre, places, mul(dv, indicator(greater(top, 0), dv)))],
  );
  return { values, places };
}

/** Few features among all: N×F, 0 at the other places. */
export const spread = (pre: Var, { values, places }: Few): Var => atPlaces(pre, places, values);

/** The same in one. */
export const rowTopK = (pre: Var, k: number): Var => spread(pre, fewOf(pre, k));

/** Values at their places, zeros of the dims of `like` elsewhere. */
const atPlaces = (like: Var, places: Var, values: Var): Var =>
  scatterElements(detached(mul(like, 0)), places, values, like.dims.length - 1);

/**
 * relu(p) of the k·N largest of the whole batch N×F, and the least of them that is above zero (0 where none is).
 * Bussmann et al. 2024, section 3.
 */
export function batchTopK(pre: Var, k: number): { features: Var; least: Var } {
  const positive = relu(pre);
  const count = sizeOf(pre.dims);
  const [values] = largest(reshape(positive, [1, count]), Math.min(count, Math.round(k * pre.dims[0])));
  const bound = reshape(reduceMin(values), [1]);
  const open = indicator(greaterOrEqual(positive, detached(bound)), pre);
  return { features: mul(positive, open), least: detached(bound) };
}

function largest(x: Var, k: number): Var[] {
  return x.trace.apply('TopK', [x, int64s(x.trace, [k])], { axis: int(-1), sorted: int(0) }, { outputs: 2 });
}

/** 1 within half a bandwidth of the threshold: K((p − θ)/ε), K(u) = 1 for |u| < ½. */
const near = (pre: Var, threshold: Var, bandwidth: number): Var =>
  indicator(less(abs(sub(pre, threshold)), bandwidth / 2), pre);

/**
 * z = p·H(p − θ), θ one per feature. Rajamanoharan et al. 2024 (JumpReLU), equations 3 and 11:
 * ∂p = dz·H(p − θ),  ∂θ = −(θ/ε)·K((p − θ)/ε)·dz, a pseudo-derivative.
 */
export function jump(pre: Var, threshold: Var, bandwidth: number): Var {
  const open = indicator(greater(pre, threshold), pre);
  return pre.trace.custom(
    [pre, threshold],
    () => mul(pre, open),
    dz => [
      mul(dz, open),
      mul(sumTo(mul(dz, near(pre, threshold, bandwidth)), threshold.dims), mul(threshold, -1 / bandwidth)),
    ],
  );
}

/** H(p − θ), with ∂p = 0 and ∂θ = −(1/ε)·K((p − θ)/ε)·dh; equation 12 of the same. */
export function step(pre: Var, threshold: Var, bandwidth: number): Var {
  return pre.trace.custom(
    [threshold],
    () => indicator(greater(pre, threshold), pre),
    dh => [mul(sumTo(mul(dh, near(pre, threshold, bandwidth)), threshold.dims), -1 / bandwidth)],
  );
}

/** The same value, through which no gradient flows. */
export const detached = (x: Var): Var =>
  x.trace.custom(
    [],
    () => identity(x),
    () => [],
  );
