/** Operators of ONNX Runtime's own domain, com.microsoft. */
import { ShapeError } from '../../base/errors.ts';
import type { Attributes } from '../../onnx/graph.ts';
import { floatOf, intOf } from '../attributes.ts';
import { fusedMatmul, sumTo } from '../functions.ts';
import type { Op } from '../op.ts';
import type { Var } from '../var.ts';
import { factorGradients, productDims, sameType } from './linear.ts';
import { need } from './makers.ts';

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
