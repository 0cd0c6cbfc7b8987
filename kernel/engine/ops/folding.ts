/** Moving the elements of small constants about: what the `fold` of the movement ops is made of. */
import { allocate, type TensorData } from '../../base/dtype.ts';
import { sizeOf, stridesOf, type Dims } from '../../base/shape.ts';
import { Tensor } from '../../base/tensor.ts';

type Elements = { [index: number]: unknown };

/** A store for `length` elements like `data`'s, with a writer that keeps their type. */
const write = (to: TensorData, index: number, from: TensorData, source: number): void => {
  (to as Elements)[index] = (from as Elements)[source];
};

/** Calls `visit` with each multi-index of `dims`, in row-major order. The array is reused. */
export function eachIndex(dims: Dims, visit: (index: readonly number[], flat: number) => void): void {
  const index = dims.map(() => 0);
  const size = sizeOf(dims);
  for (let flat = 0; flat < size; flat++) {
    visit(index, flat);
    for (let axis = dims.length - 1; axis >= 0 && ++index[axis] === dims[axis]; axis--) index[axis] = 0;
  }
}

/** y[i] = x[source(i)], where `source` maps a multi-index of y to one of x. */
export function rearrange(
  x: Tensor,
  dims: Dims,
  source: (index: readonly number[]) => readonly number[],
): Tensor {
  const strides = stridesOf(x.dims);
  return pick(x, dims, index => source(index).reduce((sum, i, axis) => sum + i * strides[axis], 0));
}

/** y[i] = x.data[offset(i)] */
export function pick(x: Tensor, dims: Dims, offset: (index: readonly number[]) => number): Tensor {
  const data = allocate(x.dtype, sizeOf(dims));
  eachIndex(dims, (index, flat) => write(data, flat, x.data, offset(index)));
  return new Tensor(x.dtype, dims, data);
}

/** y[i] = parts[p].data[offset], where `place` answers [p, offset] for a multi-index of y. */
export function assemble(
  parts: readonly Tensor[],
  dims: Dims,
  place: (index: readonly number[]) => readonly [part: number, offset: number],
): Tensor {
  const data = allocate(parts[0].dtype, sizeOf(dims));
  eachIndex(dims, (index, flat) => {
    const [part, offset] = place(index);
    write(data, flat, parts[part].data, offset);
  });
  return new Tensor(parts[0].dtype, dims, data);
}
