/** Activations, normalizations and products of ONNX Runtime's domain: decomposition against fused kernel, gradients. */
import { test } from 'vitest';
import { tensor } from '../../../base/tensor.ts';
import { normal, uniform } from '../../testing.ts';
import { checkFused, type FusedCase } from './testing.ts';

const x = normal([2, 3, 8]);
const wide = (seed: string) => normal([8], seed);
const ids = (...values: number[]) => tensor(Int32Array.from(values), [2, 3]);

const bytes = (dims: number[], seed: string) =>
  tensor(Uint8Array.from(uniform(dims, 0, 256, seed).toNumbers(), Math.floor), dims);
const nBits = (bits: number, k: number, extra: object = {}) => ({
  attributes: { K: BigInt(k), N: 3n, bits: BigInt(bits), block_size: 16n, ...extra },
});

test.each<FusedCase>([
  ['Gelu', 'Gelu', [x]],
  ['BiasGelu', 'BiasGelu', [x, wide('b')]],
  ['FastGelu', 'FastGelu', [x]],
  ['FastGelu with a bias', 'FastGelu', [x, wide('b')]],
  ['QuickGelu', 'QuickGelu', [x]],
  ['QuickGelu alpha 0.7', 'QuickGelu', [x], { attributes: { alpha: 0.7 } }],
  [
    'SkipLayerNormalization',
    'SkipLayerNormalization',
    [x, normal([2, 3, 8], 's'), wide('g'), wide('b'), wide('c')],
    { outputs: ['float32', '', '', 'float32'], attributes: { epsilon: 1e-3 } },
  ],
  [
    'SkipLayerNormalization, one skip for all, no bias',
    'SkipLayerNormalization',
    [x, normal([1, 3, 8], 's'), wide('g')],
  ],
  [
    'SkipSimplifiedLayerNormalization',
    'SkipSimplifiedLayerNormalization',
    [x, normal([2, 3, 8], 's'), wide('g'), wide('c')],
    { outputs: ['float32', '', '', 'float32'], attributes: { epsilon: 1e-3 } },
  ],
  [
    'SkipSimplifiedLayerNormalization without a bias',
    'SkipSimplifiedLayerNormalization',
    [x, normal([2, 3, 8], 's'), wide('g')],
    { outputs: ['float32', '', '', 'float32'] },
  ],
  [
    'EmbedLayerNormalization',
    'EmbedLayerNormalization',
    [
      ids(0, 4, 2, 1, 1, 3),
      ids(0, 0, 1, 0, 1, 1),
      normal([5, 8], 'words'),
      normal([4, 8], 'positions'),
      normal([2, 8], 'segments'),
      wide('g'),
      wide('b'),
      ids(1, 1, 0, 1, 1, 1),
    ],
    { outputs: ['float32', 'int32', 'float32'], attributes: { epsilon: 1e-3 } },
  ],
  [
    'EmbedLayerNormalization without segments and mask, with positions',
    'EmbedLayerNormalization',
    [
      ids(0, 4, 2, 1, 1, 3),
      undefined,
      normal([5, 8], 'words'),
      normal([4, 8], 'positions'),
      undefined,
      wide('g'),
      wide('b'),
      undefined,
      ids(3, 2, 1, 0, 1, 2),
    ],
    { outputs: ['float32', 'int32'] },
  ],
  [
    'MatMulNBits of 4 bits, a block and a half',
    'MatMulNBits',
    [normal([2, 3, 24]), bytes([3, 2, 8], 'w'), normal([3, 2], 's')],
    nBits(4, 24),
  ],
  [
    'MatMulNBits of 4 bits, packed zeros, bias',
    'MatMulNBits',
    [normal([4, 32]), bytes([3, 2, 8], 'w'), normal([3, 2], 's'), bytes([3, 1], 'z'), undefined, normal([3])],
    nBits(4, 32),
  ],
  [
    'MatMulNBits of 8 bits',
    'MatMulNBits',
    [normal([4, 32]), bytes([3, 2, 16], 'w'), normal([3, 2], 's'), bytes([3, 2], 'z')],
    nBits(8, 32),
  ],
  [
    'MatMulNBits of 2 bits',
    'MatMulNBits',
    [normal([4, 32]), bytes([3, 2, 4], 'w'), normal([3, 2], 's')],
    nBits(2, 32),
  ],
  [
    'MatMulNBits, zeros as floats',
    'MatMulNBits',
    [normal([4, 32]), bytes([3, 2, 8], 'w'), normal([3, 2], 's'), normal([3, 2], 'z')],
    nBits(4, 32),
  ],
])('%s', checkFused);
