/** Where the windows of a convolution or a pool lie: kernels, strides, dilations, pads, auto_pad, ceil_mode. */
import { ShapeError } from '../../base/errors.ts';
import { formatDims, type Dims } from '../../base/shape.ts';
import type { Attributes } from '../../onnx/graph.ts';
import { intOf, ints, intsOf, textOf } from '../attributes.ts';

/** All arrays hold one number per spatial axis. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros before the first and after the last element. */
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  /** How many windows there are: the output's spatial dims. */
  readonly counts: readonly number[];
}

/** From the first element that a kernel touches to the last: d(k − 1) + 1. */
export const reach = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1;

/** The windows over an input of spatial dims `spatial`. */
export function windowsOf(attributes: Attributes, spatial: Dims, kernel: readonly number[]): Windows {
  if (kernel.length !== spatial.length)
    throw new ShapeError(
      `kernel ${formatDims(kernel)} for spatial dims ${formatDims(spatial)}; expected ${spatial.length} axes`,
    );
  const ones = spatial.map(() => 1);
  const strides = intsOf(attributes, 'strides', ones);
  const dilations = intsOf(attributes, 'dilations', ones);
  const mode = textOf(attributes, 'auto_pad', 'NOTSET');
  const given = intsOf(attributes, 'pads', [...ones, ...ones].fill(0));
  const up = intOf(attributes, 'ceil_mode', 0) && mode === 'NOTSET' ? Math.ceil : Math.floor;

  const begins: number[] = [];
  const ends: number[] = [];
  const counts: number[] = [];
  spatial.forEach((size, axis) => {
    const [stride, span] = [strides[axis], reach(kernel[axis], dilations[axis])];
    let [begin, end] = [given[axis], given[axis + spatial.length]];
    if (mode === 'VALID') begin = end = 0;
    else if (mode !== 'NOTSET') {
      // SAME: ⌈size/stride⌉ windows; an odd pad goes to the end (UPPER) or to the front (LOWER)
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + span - size);
      begin = mode === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
      end = total - begin;
    }
    let count = up((size + begin + end - span) / stride) + 1;
    // a window that would begin behind the last real element does not count
    if (up === Math.ceil && (count - 1) * stride >= size + begin) count--;
    if (count < 1)
      throw new ShapeError(
        `kernel ${formatDims(kernel)} does not fit into ${formatDims(spatial)} with pads ${begin} and ${end}`,
      );
    begins.push(begin);
    ends.push(end);
    counts.push(count);
  });
  return { kernel, strides, dilations, begins, ends, counts };
}

/** The same windows as attributes, with explicit pads. */
export const windowAttributes = ({
  kernel,
  strides,
  dilations,
  begins,
  ends,
}: Omit<Windows, 'counts'>): Attributes => ({
  kernel_shape: ints(kernel),
  strides: ints(strides),
  dilations: ints(dilations),
  pads: ints([...begins, ...ends]),
});

/** Every offset inside a kernel, in scan order: [0, 0], [0, 1], … */
export function offsetsOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (offsets, size) => offsets.flatMap(offset => Array.from({ length: size }, (_, i) => [...offset, i])),
    [[]],
  );
}
