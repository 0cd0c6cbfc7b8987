/** Operators of ONNX Runtime's own domain, com.microsoft. */
import { ShapeError } from '../../base/errors.ts';
import { broadcastDims, formatDims } from '../../base/shape.ts';
import { floatOf, intOf } from '../attributes.ts';
import type { Op } from '../op.ts';
import { need } from './makers.ts';

/** y = α·op(a)·op(b), batched; what the transpose folding of `compile` produces. */
export const FusedMatMul: Op = {
  infer(call) {
    const [a, b] = [need(call, 0), need(call, 1)];
    const flip = (dims: readonly number[], attribute: string) =>
      intOf(call.attributes, attribute, 0)
        ? [...dims.slice(0, -2), dims[dims.length - 1], dims[dims.length - 2]]
        : dims;
    const [left, right] = [flip(a.dims, 'transA'), flip(b.dims, 'transB')];
    if (
      left[left.length - 1] !== right[right.length - 2] ||
      !Number.isFinite(floatOf(call.attributes, 'alpha', 1))
    )
      throw new ShapeError(`inner dims differ: ${formatDims(left)} and ${formatDims(right)}`);
    const batch = broadcastDims(left.slice(0, -2), right.slice(0, -2));
    return [{ dtype: a.dtype, dims: [...batch, left[left.length - 2], right[right.length - 1]] }];
  },
};
