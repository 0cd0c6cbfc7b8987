/** Evaluates pointwise ops on constants: the shape arithmetic that exporters leave in graphs, done before anything runs. */
import { allocate, isFloat, type DType } from '../../base/dtype.ts';
import { floatsToHalves } from '../../base/float16.ts';
import { broadcastDims, sizeOf, stridesOf, type Dims } from '../../base/shape.ts';
import { Tensor } from '../../base/tensor.ts';
import type { Call } from '../op.ts';

/**
 * One element from the elements of the inputs. Elements of 64-bit integers are bigints at run time, so that they
 * stay exact; what a function does to a number (+, <, min) it then does to a bigint. 1 and 0 stand for bool.
 */
export type Scalar = (items: readonly number[], call: Call) => number | boolean;

/** The fold of an op that computes each element of its output from the broadcast elements of its inputs. */
export const pointwise =
  (compute: Scalar, output?: DType) =>
  (call: Call & { readonly values: readonly (Tensor | undefined)[] }): Tensor[] => {
    const values = call.values.filter(value => value !== undefined);
    const dims = values.map(value => value.dims).reduce<Dims>(broadcastDims, []);
    const columns = values.map(value => stretched(value, dims));
    const dtype = output ?? values[0].dtype;
    const results = Array.from({ length: sizeOf(dims) }, (_, i) =>
      compute(
        columns.map(column => column[i]),
        call,
      ),
    );
    return [stored(results, dims, dtype)];
  };

/** The tensor's elements, broadcast to `dims`. */
function stretched(value: Tensor, dims: Dims): ArrayLike<number> {
  const data = (value.dtype === 'float16' ? value.toFloat32OrWider() : value.data) as ArrayLike<number>;
  if (value.size === sizeOf(dims)) return data;
  const lead = dims.length - value.dims.length;
  const own = stridesOf(value.dims);
  const strides = dims.map((_, axis) =>
    axis < lead || value.dims[axis - lead] === 1 ? 0 : own[axis - lead],
  );
  const steps = stridesOf(dims);
  return Array.from(
    { length: sizeOf(dims) },
    (_, i) =>
      data[dims.reduce((sum, dim, axis) => sum + (Math.floor(i / steps[axis]) % dim) * strides[axis], 0)],
  );
}

/** Elements as a tensor: what `pointwise` and the reductions end in. */
export function stored(elements: readonly (number | boolean)[], dims: Dims, dtype: DType): Tensor {
  if (dtype === 'float16') return new Tensor(dtype, dims, floatsToHalves(elements.map(Number)));
  const data = allocate(dtype, elements.length);
  const whole =
    dtype === 'bool'
      ? elements.map(Number)
      : dtype === 'int64' || dtype === 'uint64'
        ? elements.map(BigInt)
        : elements;
  whole.forEach((element, i) => ((data as { [index: number]: unknown })[i] = element));
  return new Tensor(dtype, dims, data);
}

/** a/b as ONNX divides: integers towards zero. */
export const quotient = (a: number, b: number, dtype: DType): number =>
  typeof a === 'bigint' || isFloat(dtype) ? a / b : Math.trunc(a / b);
