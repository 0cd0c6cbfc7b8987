/**
 * Matrix products. In the large models that ONNX Runtime trains with, these are three quarters of the time, so
 * gradients transpose inside the product (Gemm's transA and transB, FusedMatMul) and never by a Transpose node.
 */
import { ShapeError } from '../../base/errors.ts';
import { broadcastDims, formatDims, sameDims, sizeOf, type Dims } from '../../base/shape.ts';
import { floatOf, intOf } from '../attributes.ts';
import { fusedMatmul, gemm, mul, reshape, sumTo } from '../functions.ts';
import type { Gradient, Op } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { need } from './makers.ts';

/** Dims of a·b, where both have at least two axes and the leading ones broadcast. */
export function productDims(a: Dims, b: Dims): number[] {
  const [rows, inner] = a.slice(-2);
  const [other, columns] = b.slice(-2);
  if (inner !== other)
    throw new ShapeError(
      `inner dims differ: ${formatDims(a)} and ${formatDims(b)} have ${inner} and ${other}; expected the same`,
    );
  return [...broadcastDims(a.slice(0, -2), b.slice(0, -2)), rows, columns];
}

/** NumPy's rule: a vector on the left is a row, on the right a column, and its axis leaves the result. */
const asMatrices = (a: Dims, b: Dims): [Dims, Dims] => [
  a.length === 1 ? [1, a[0]] : a,
  b.length === 1 ? [b[0], 1] : b,
];

// y = a·b:  ∂a = dy·bᵀ,  ∂b = aᵀ·dy
export const MatMul: Op = {
  infer(call) {
    const [a, b] = [need(call, 0), need(call, 1)];
    if (a.dims.length === 0 || b.dims.length === 0)
      throw new ShapeError('expected vectors or matrices; received a scalar; use Mul');
    sameType(a, b);
    const dims = productDims(...asMatrices(a.dims, b.dims));
    const keepsRows = a.dims.length > 1;
    const keepsColumns = b.dims.length > 1;
    const last = [
      ...(keepsRows ? [dims[dims.length - 2]] : []),
      ...(keepsColumns ? [dims[dims.length - 1]] : []),
    ];
    return [{ dtype: a.dtype, dims: [...dims.slice(0, -2), ...last] }];
  },
  multiplyAdds: ({ inputs: [a] }, [y]) => sizeOf(y.dims) * a!.dims[a!.dims.length - 1],
  gradient({ dy: given, inputs }): Gradient[] {
    const [left, right] = inputs as [Var, Var];
    const [aDims, bDims] = asMatrices(left.dims, right.dims);
    const dy = reshape(given, productDims(aDims, bDims));
    const [a, b] = [reshape(left, aDims), reshape(right, bDims)];
    // one matrix on the right: all leading axes of a are rows of one large product
    if (bDims.length === 2) {
      const rows = (x: Var) => reshape(x, [sizeOf(x.dims.slice(0, -1)), x.dims[x.dims.length - 1]]);
      return [
        () => reshape(gemm(rows(dy), b, undefined, { transB: true }), left.dims),
        () => reshape(gemm(rows(a), rows(dy), undefined, { transA: true }), right.dims),
      ];
    }
    return [
      () => reshape(sumTo(fusedMatmul(dy, b, { transB: true }), aDims), left.dims),
      () => reshape(sumTo(fusedMatmul(a, dy, { transA: true }), bDims), right.dims),
    ];
  },
};

/** y = α·op(a)·op(b) + β·c, where op may transpose and c stretches. */
export const Gemm: Op = {
  infer(call) {
    const [a, b] = [need(call, 0), need(call, 1)];
    if (a.dims.length !== 2 || b.dims.length !== 2)
      throw new ShapeError(`expected two matrices; received ${formatDims(a.dims)} and ${formatDims(b.dims)}`);
    sameType(a, b);
    const flip = (dims: Dims, name: string) => (intOf(call.attributes, name, 0) ? [dims[1], dims[0]] : dims);
    const dims = productDims(flip(a.dims, 'transA'), flip(b.dims, 'transB'));
    const c = call.inputs[2];
    if (c && !sameDims(broadcastDims(c.dims, dims), dims))
      throw new ShapeError(`the summand ${formatDims(c.dims)} does not stretch to ${formatDims(dims)}`);
    return [{ dtype: a.dtype, dims }];
  },
  multiplyAdds: ({ inputs: [a], attributes }, [y]) =>
    sizeOf(y.dims) * a!.dims[intOf(attributes, 'transA', 0) ? 0 : 1],
  gradient({ dy, inputs, attributes }): Gradient[] {
    const [a, b, c] = inputs as [Var, Var, Var | undefined];
    const [ta, tb] = [Boolean(intOf(attributes, 'transA', 0)), Boolean(intOf(attributes, 'transB', 0))];
    const alpha = floatOf(attributes, 'alpha', 1);
    const product = (x: Var, y: Var, transA: boolean, transB: boolean) =>
      gemm(x, y, undefined, { transA, transB, alpha });
    const [da, db] = factorGradients(product, dy, a, b, ta, tb);
    return [da, db, c && (() => mul(sumTo(dy, c.dims), floatOf(attributes, 'beta', 1)))];
  },
};

/** det A of each square matrix. Its gradient, det A·A⁻ᵀ, would need an inverse, which ONNX does not have. */
export const Det: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    const [rows, columns] = dims.slice(-2);
    if (dims.length < 2 || rows !== columns)
      throw new ShapeError(`expected square matrices; received ${formatDims(dims)}`);
    return [{ dtype, dims: dims.slice(0, -2) }];
  },
};

type Product = (x: Var, y: Var, transX: boolean, transY: boolean) => Var;

/**
 * The gradients of y = α·op(a)·op(b) as products of the same kind:
 * ∂op(a) = α·dy·op(b)ᵀ and ∂op(b) = α·op(a)ᵀ·dy, transposed as a and b are.
 */
export function factorGradients(
  product: Product,
  dy: Var,
  a: Var,
  b: Var,
  transA: boolean,
  transB: boolean,
): [() => Var, () => Var] {
  return [
    () => (transA ? product(b, dy, transB, true) : product(dy, b, false, !transB)),
    () => (transB ? product(dy, a, true, transA) : product(a, dy, !transA, false)),
  ];
}

export function sameType(a: Known, b: Known): void {
  if (a.dtype !== b.dtype)
    throw new ShapeError(`product of two dtypes: ${a.dtype} and ${b.dtype}; expected one`);
}
