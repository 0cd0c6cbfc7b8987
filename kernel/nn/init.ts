/** First values of weights. Each is drawn from a stream of its own, so that adding a layer moves no other. */
import type { Rng } from '../base/rng.ts';
import { sizeOf, type Dims } from '../base/shape.ts';
import { tensor, type Tensor } from '../base/tensor.ts';

export type Initializer = (dims: Dims, rng: Rng) => Tensor;

/** Inputs that one unit sums over: out×in×… of a convolution, out×in of a linear layer. */
const fanIn = (dims: Dims): number => sizeOf(dims.slice(1));

/** @example nn.linear('gate', { features: 8, init: nn.constantly(0.5) }) */
export const constantly =
  (value: number): Initializer =>
  dims =>
    tensor(new Float32Array(sizeOf(dims)).fill(value), dims);

/** @example nn.linear('out', { features: 8, init: nn.zeros }) */
export const zeros: Initializer = constantly(0);

/** @example nn.linear('out', { features: 8, init: nn.normal(0.02) }) */
export const normal =
  (deviation: number): Initializer =>
  (dims, rng) =>
    tensor(
      Float32Array.from({ length: sizeOf(dims) }, () => deviation * rng.normal()),
      dims,
    );

/**
 * σ = √(2 / fan-in): keeps the variance through ReLUs.
 * @see https://arxiv.org/abs/1502.01852
 * @example nn.linear('hidden', { features: 64, init: nn.he })
 */
export const he: Initializer = (dims, rng) => normal(Math.sqrt(2 / fanIn(dims)))(dims, rng);

/**
 * σ = √(1 / fan-in): for a layer without a ReLU behind it.
 * @example nn.linear('logits', { features: 10, init: nn.lecun })
 */
export const lecun: Initializer = (dims, rng) => normal(Math.sqrt(1 / fanIn(dims)))(dims, rng);
