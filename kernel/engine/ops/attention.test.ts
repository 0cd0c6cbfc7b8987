/** Gradients of opset 23's attention and rotary positions against finite differences. */
import { test } from 'vitest';
import { tensor } from '../../base/tensor.ts';
import type { Attributes } from '../../onnx/graph.ts';
import { apply, constant } from '../functions.ts';
import { checkGradient, normal, second, uniform, type Case } from '../testing.ts';
import type { Var } from '../var.ts';

const attention =
  (attributes: Attributes = {}) =>
  (...inputs: Var[]) =>
    apply('Attention', inputs, attributes);
const [q, k, v] = [normal([1, 2, 3, 2], 'q'), normal([1, 2, 4, 2], 'k'), normal([1, 2, 4, 3], 'v')];
const flat = { q_num_heads: 2n, kv_num_heads: 1n };
/** The second query may see nothing. */
const masked = (...[a, b, c]: Var[]) => {
  const bits = [true, false, true, true, ...[false, false, false, false], ...[true, true, false, false]];
  return apply('Attention', [a, b, c, constant(a.trace, tensor(bits, [3, 4]))]);
};
/** The first query may see nothing, here by a mask that is added. */
const minus = (...[a, b, c]: Var[]) => {
  const bias = tensor([...[-Infinity, -Infinity, -Infinity, -Infinity], ...[0.5, -Infinity, 1, 0]], [2, 4]);
  return apply('Attention', [a, b, c, constant(a.trace, bias)]);
};
const cached = (...[a, b, c, pastKeys, pastValues]: Var[]) =>
  a.trace.apply('Attention', [a, b, c, undefined, pastKeys, pastValues], { is_causal: 1n }, { outputs: 3 });
const rotary =
  (attributes: Attributes = {}, positions = true) =>
  (x: Var, cos: Var, sin: Var) => {
    const at = constant(x.trace, tensor([2n, 0n, 1n], [1, 3]));
    return apply('RotaryEmbedding', [x, cos, sin, positions ? at : undefined], attributes);
  };
const table = (seed: string) => uniform([3, 2], -1, 1, seed);

test.each<Case>([
  ['Attention', attention(), [q, k, v]],
  ['Attention, causal', attention({ is_causal: 1n, scale: 0.7 }), [q, k, v]],
  ['Attention, capped', attention({ softcap: 1.5 }), [q, k, v]],
  ['Attention with a bias', attention(), [q, k, v, normal([3, 4], 'm')]],
  ['Attention where a query sees nothing', masked, [q, k, v]],
  ['Attention where a bias hides all', minus, [normal([1, 2, 2, 2], 'q'), k, v]],
  [
    'Attention, heads side by side, shared keys',
    attention(flat),
    [normal([1, 2, 4], 'q'), normal([1, 3, 2], 'k'), normal([1, 3, 2], 'v')],
  ],
  [
    'Attention after a cache',
    cached,
    [
      normal([1, 1, 2, 2], 'q'),
      normal([1, 1, 2, 2], 'k'),
      normal([1, 1, 2, 2], 'v'),
      normal([1, 1, 1, 2], 'pk'),
      normal([1, 1, 1, 2], 'pv'),
    ],
  ],
  [
    'Attention twice',
    second(attention({ is_causal: 1n })),
    [normal([1, 1, 2, 2], 'q'), normal([1, 1, 2, 2], 'k'), normal([1, 1, 2, 1], 'v')],
  ],
  ['RotaryEmbedding', rotary(), [normal([1, 2, 3, 4]), table('c'), table('s')]],
  [
    'RotaryEmbedding of neighbours, side by side',
    rotary({ interleaved: 1n, num_heads: 2n }),
    [normal([1, 3, 8]), table('c'), table('s')],
  ],
  [
    'RotaryEmbedding, a table per token',
    rotary({}, false),
    [normal([1, 2, 3, 4]), uniform([1, 3, 2], -1, 1, 'c'), uniform([1, 3, 2], -1, 1, 's')],
  ],
])('%s', checkGradient);
