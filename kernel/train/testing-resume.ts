/**
 * Three small networks and how each is trained, for the test that kills them (`resume.test.ts`). Together they use
 * all that a run draws or carries: dropout, mix-up, running statistics, averages, accumulated gradients.
 */
import { tensor, type Tensor } from '../base/tensor.ts';
import type { Rng } from '../base/rng.ts';
import {
  batchNorm,
  conv,
  dropout,
  embedding,
  flatten,
  globalAveragePool,
  learnedPositions,
  linear,
  maxPool,
  network,
  relu,
  residual,
  sequential,
  transformerBlock,
} from '../nn/index.ts';
import type { Graph } from '../onnx/graph.ts';
import type { FitOptions } from './fit.ts';
import { crossEntropy } from './loss.ts';
import { adam, adamW, momentum } from './optimizer.ts';
import { cosine, halving } from './schedule.ts';

export interface Recipe {
  net: Graph;
  data: (step: number, stream: Rng) => Record<string, Tensor>;
  options: FitOptions;
}

export const STEPS = 150;

const common = { loss: crossEntropy(), steps: STEPS, seed: 5, every: 3, live: false };
const floats = (stream: Rng, dims: readonly number[]): Tensor =>
  tensor(
    Float32Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, () => stream.normal()),
    dims,
  );
const whole = (stream: Rng, dims: readonly number[], below: number): Tensor =>
  tensor(
    BigInt64Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, () =>
      BigInt(stream.integer(below)),
    ),
    dims,
  );

export const recipes: Readonly<Record<string, () => Recipe>> = {
  perceptron: () => ({
    net: network(
      sequential(
        linear('hidden', { features: 24 }),
        relu('relu'),
        dropout('drop', { rate: 0.2 }),
        linear('logits', { features: 3 }),
      ),
      { name: 'perceptron', inputs: { x: ['batch', 8] } },
    ),
    data: (_step, stream) => ({ x: floats(stream, [16, 8]), label: whole(stream, [16], 3) }),
    options: {
      ...common,
      optimizer: adam({ lr: 0.01 }),
      schedule: cosine({ warmup: 10 }),
      ema: 0.95,
      accumulate: 2,
    },
  }),
  convolutions: () => ({
    net: network(
      sequential(
        conv('conv1', { channels: 6 }),
        batchNorm('bn1'),
        relu('relu1'),
        maxPool('pool1'),
        conv('conv2', { channels: 8 }),
        batchNorm('bn2'),
        relu('relu2'),
        globalAveragePool('pool2'),
        flatten('flat'),
        linear('logits', { features: 3 }),
      ),
      { name: 'convolutions', inputs: { x: ['batch', 2, 8, 8] } },
    ),
    data: (_step, stream) => ({ x: floats(stream, [8, 2, 8, 8]), label: whole(stream, [8], 3) }),
    options: {
      ...common,
      optimizer: momentum({ lr: 0.02, decay: 1e-3 }),
      schedule: halving({ every: 40 }),
      mixUp: 0.3,
    },
  }),
  transformer: () => ({
    net: network(
      sequential(
        embedding('embed', { count: 12, features: 16 }),
        residual('placed', learnedPositions('position', { count: 6 })),
        ...[0, 1].map(i =>
          transformerBlock(`blocks.${i}`, { attention: { heads: 2, causal: true }, mlp: { hidden: 32 } }),
        ),
        linear('logits', { features: 12 }),
      ),
      { name: 'transformer', inputs: { tokens: ['batch', 6] }, dtypes: { tokens: 'int64' } },
    ),
    data: (_step, stream) => ({ tokens: whole(stream, [4, 6], 12), label: whole(stream, [4, 6], 12) }),
    options: { ...common, optimizer: adamW({ lr: 3e-3 }), clip: 1 },
  }),
};
