/** Products of ONNX Runtime’s own domain: FusedMatMul, and MatMulNBits with its packed weights. */
import { ShapeError } from '../../../base/errors.ts';
import type { Dims } from '../../../base/shape.ts';
import { tensor } from '../../../base/tensor.ts';
import type { Attributes } from '../../../onnx/graph.ts';
import { floatOf, intOf } from '../../attributes.ts';
import {
  add,
  apply,
  cast,
  constant,
  div,
  fusedMatmul,
  matmul,
  mul,
  reshape,
  scalar,
  slice,
  sub,
  sumTo,
  transpose,
  unsqueeze,
} from '../../functions.ts';
import { part, type Op } from '../../op.ts';
import type { Var } from '../../var.ts';
import { factorGradients, productDims, sameType } from '../linear.ts';
import { need } from '../makers.ts';

const turned = (attributes: Attributes) => ({
  transA: Boolean(intOf(attributes, 'transA', 0)),
  transB: Boolean(intOf(attributes, 'transB', 0)),
});

/** y = α·op(a)·op(b), batched, where op may swap the last two axes. */
export const FusedMatMul: Op = {
  infer(call) {
    const [a, b] = [need(call, 0), need(call, 1)];
    if (a.dims.length < 2 || b.dims.length < 2) throw new ShapeError('expected matrices; received a vector');
    for (const name of ['transBatchA', 'transBatchB'])
      if (intOf(call.attributes, name, 0))
        throw new ShapeError(`unsupported attribute: ${name}; expected transA and transB only`);
    sameType(a, b);
    const { transA, transB } = turned(call.attributes);
    const swap = (dims: readonly number[]) => [
      ...dims.slice(0, -2),
      dims[dims.length - 1],
      dims[dims.length - 2],
    ];
    const dims = productDims(transA ? swap(a.dims) : a.dims, transB ? swap(b.dims) : b.dims);
    return [{ dtype: a.dtype, dims }];
  },
  gradient({ dy, inputs, attributes }) {
    const [a, b] = inputs as [Var, Var];
    const { transA, transB } = turned(attributes);
    const alpha = floatOf(attributes, 'alpha', 1);
    const [da, db] = factorGradients(
      (x, y, transX, transY) => fusedMatmul(x, y, { transA: transX, transB: transY, alpha }),
      dy,
      a,
      b,
      transA,
      transB,
    );
    return [() => sumTo(da(), a.dims), () => sumTo(db(), b.dims)];
  },
};

/**
 * y = a·Wᵀ + bias, W of N×K in blocks of few-bit numbers along K: w = (q − zero)·scale, both per block.
 * The weights are unpacked by bits into floats, so what is trained here is a and the scales.
 */
export const MatMulNBits: Op = {
  infer: call => [
    {
      dtype: need(call, 0).dtype,
      dims: [...need(call, 0).dims.slice(0, -1), intOf(call.attributes, 'N', 0)],
    },
  ],
  expand(call) {
    const [a, packed, scales, zeros, groups, bias] = call.inputs as [Var, Var, Var, ...(Var | undefined)[]];
    const [n, k, bits] = [
      intOf(call.attributes, 'N', 0),
      intOf(call.attributes, 'K', 0),
      intOf(call.attributes, 'bits', 4),
    ];
    const size = intOf(call.attributes, 'block_size', 32);
    const blocks = Math.ceil(k / size);
    if (groups) throw new ShapeError('unsupported input: g_idx; ONNX Runtime calls it deprecated');
    if (intOf(call.attributes, 'weight_prepacked', 0))
      throw new ShapeError(
        'unsupported attribute: weight_prepacked; expected weights in the packing of the specification',
      );
    const perBlock = (value: Var) => reshape(value, [n, blocks, 1]);
    const q = cast(unpacked(packed, bits, [n, blocks, size]), a.dtype);
    const zero = !zeros
      ? 2 ** (bits - 1)
      : perBlock(
          zeros.dtype === 'uint8'
            ? cast(
                slice(
                  unpacked(zeros, bits, [n, (Math.ceil((blocks * bits) / 8) * 8) / bits]),
                  [0],
                  [blocks],
                  [1],
                ),
                a.dtype,
              )
            : zeros,
        );
    // n×(blocks·size), of which the last block may be longer than k
    const whole = reshape(mul(sub(q, zero), perBlock(scales)), [n, blocks * size]);
    const weight = part(call, 'weight', blocks * size === k ? whole : slice(whole, [0], [k], [1]));
    const y = matmul(a, transpose(weight, [1, 0]));
    return [bias ? add(y, bias) : y];
  },
  parts: { weight: 'the weights as floats, N×K' },
};

/** Bytes as the few-bit numbers that they hold, low bits first, in int32. */
function unpacked(packed: Var, bits: number, dims: Dims): Var {
  if (![2, 4, 8].includes(bits)) throw new ShapeError(`unsupported bits: ${bits}; expected 2, 4 or 8`);
  const bytes = cast(packed, 'int32');
  if (bits === 8) return reshape(bytes, dims);
  const powers = Int32Array.from({ length: 8 / bits }, (_, i) => 2 ** (bits * i));
  const shifted = div(unsqueeze(bytes, [packed.dims.length]), constant(packed.trace, tensor(powers)));
  return reshape(apply('Mod', [shifted, scalar(shifted, 2 ** bits)]), dims);
}
