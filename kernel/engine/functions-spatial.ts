/** Functions of vars over space: convolutions, pools, resizing; and linear maps along an axis. */
import { sizeOf, type Dims } from '../base/shape.ts';
import { tensor } from '../base/tensor.ts';
import type { Attributes } from '../onnx/graph.ts';
import { int, ints } from './attributes.ts';
import { apply, constant, expand, int64s, matmul, mul, reduceSum, reshape } from './functions.ts';
import type { Var } from './var.ts';

export interface WindowOptions {
  /** One number for all spatial axes, or one each. */
  strides?: number | readonly number[];
  dilations?: number | readonly number[];
  /** One number for all sides; one per axis; or all begins, then all ends. Also `'same'`: as many outputs as inputs per stride. */
  pads?: number | readonly number[] | 'same';
}

const perAxis = (value: number | readonly number[] | undefined, rank: number, otherwise: number): number[] =>
  Array.isArray(value)
    ? [...(value as number[])]
    : Array.from({ length: rank }, () => (value as number) ?? otherwise);

function windowAttributes({ strides, dilations, pads = 0 }: WindowOptions, rank: number): Attributes {
  const sides = pads === 'same' ? [] : perAxis(pads, rank, 0);
  return {
    strides: ints(perAxis(strides, rank, 1)),
    dilations: ints(perAxis(dilations, rank, 1)),
    ...(pads === 'same'
      ? { auto_pad: 'SAME_UPPER' }
      : { pads: ints(sides.length === rank ? [...sides, ...sides] : sides) }),
  };
}

// ---- convolutions

export interface ConvOptions extends WindowOptions {
  groups?: number;
}

/** x: N×C×spatial, w: M×C/groups×kernel, b: M → N×M×spatial′ */
export function conv(x: Var, w: Var, b?: Var, { groups = 1, ...windows }: ConvOptions = {}): Var {
  return apply('Conv', [x, w, b], { ...windowAttributes(windows, x.dims.length - 2), group: int(groups) });
}

/** x: N×C×spatial, w: C×M/groups×kernel, b: M → N×M×spatial′ */
export function convTranspose(
  x: Var,
  w: Var,
  b?: Var,
  {
    groups = 1,
    outputPadding,
    ...windows
  }: ConvOptions & { outputPadding?: number | readonly number[] } = {},
): Var {
  const rank = x.dims.length - 2;
  return apply('ConvTranspose', [x, w, b], {
    ...windowAttributes(windows, rank),
    output_padding: ints(perAxis(outputPadding, rank, 0)),
    group: int(groups),
  });
}

// ---- pools

export interface PoolOptions extends WindowOptions {
  ceil?: boolean;
}

const poolAttributes = (
  x: Var,
  kernel: number | readonly number[],
  { ceil = false, ...windows }: PoolOptions,
): Attributes => {
  const rank = x.dims.length - 2;
  return {
    ...windowAttributes({ ...windows, strides: windows.strides ?? kernel }, rank),
    kernel_shape: ints(perAxis(kernel, rank, 1)),
    ceil_mode: int(+ceil),
  };
};

/** The maximum under each window; strides default to the kernel. Of equal maxima the first gets the gradient. */
export const maxPool = (x: Var, kernel: number | readonly number[], options: PoolOptions = {}): Var =>
  apply('MaxPool', [x], poolAttributes(x, kernel, options));

/** The mean under each window; strides default to the kernel. */
export const averagePool = (
  x: Var,
  kernel: number | readonly number[],
  { countPadding = false, ...options }: PoolOptions & { countPadding?: boolean } = {},
): Var =>
  apply('AveragePool', [x], {
    ...poolAttributes(x, kernel, options),
    count_include_pad: int(+countPadding),
  });

/** N×C×spatial → N×C×1…: the mean over space. */
export const globalAveragePool = (x: Var): Var => apply('GlobalAveragePool', [x]);

// ---- others

/** x as a matrix: the axes before `axis` are its rows, the rest its columns. */
export const flatten = (x: Var, axis = 1): Var =>
  reshape(x, [sizeOf(x.dims.slice(0, axis)), sizeOf(x.dims.slice(axis))]);

/** scale·(x − mean)/√(variance + ε) + bias, per channel (axis 1), with given statistics. */
export const batchNorm = (x: Var, scale: Var, bias: Var, mean: Var, variance: Var, epsilon = 1e-5): Var =>
  apply('BatchNormalization', [x, scale, bias, mean, variance], { epsilon });

export interface ResizeOptions {
  mode?: 'nearest' | 'linear' | 'cubic';
  /** ONNX's coordinate_transformation_mode. */
  coordinates?: 'half_pixel' | 'pytorch_half_pixel' | 'align_corners' | 'asymmetric' | 'half_pixel_symmetric';
  /** ONNX's nearest_mode. */
  nearest?: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil';
}

/** x at other spatial dims (all axes but the first two). */
export function resize(
  x: Var,
  spatial: Dims,
  { mode = 'linear', coordinates = 'half_pixel', nearest = 'round_prefer_floor' }: ResizeOptions = {},
): Var {
  const sizes = int64s(x.trace, [...x.dims.slice(0, 2), ...spatial]);
  return apply('Resize', [x, undefined, undefined, sizes], {
    mode,
    coordinate_transformation_mode: coordinates,
    nearest_mode: nearest,
  });
}

// ---- linear maps along axes

/** One axis of a separable linear map: output row o is Σ weight·input[index] over its entries. */
export interface AxisMap {
  readonly axis: number;
  /** How long the axis is before the map; `rows.length` after it. */
  readonly size: number;
  readonly rows: readonly (readonly (readonly [index: number, weight: number])[])[];
}

/** The adjoint of separable linear maps: y = A x along each axis, so dx = Aᵀ dy along each. */
export const linearAdjoint = (dy: Var, maps: readonly AxisMap[]): Var =>
  maps.reduce((made, map) => axisAdjoint(made, map), dy);

function axisAdjoint(dy: Var, { axis, size, rows }: AxisMap): Var {
  const count = rows.length;
  const dims = dy.dims.map((dim, a) => (a === axis ? size : dim));
  const before = sizeOf(dims.slice(0, axis));
  const after = sizeOf(dims.slice(axis + 1));
  // nothing to do, copies side by side, or means of neighbours: no product needed
  const copies = count / size;
  if (rows.every((row, o) => row.length === 1 && row[0][1] === 1 && row[0][0] === Math.floor(o / copies)))
    return copies === 1
      ? dy
      : Number.isInteger(copies)
        ? reshape(reduceSum(reshape(dy, [before, size, copies, after]), [2]), dims)
        : byMatrix(dy, { axis, size, rows });
  const width = size / count;
  if (
    rows.every(
      (row, o) =>
        row.length === width && row.every(([i, w], t) => i === o * width + t && w === rows[0][0][1]),
    )
  ) {
    const scaled = mul(reshape(dy, [before, count, 1, after]), rows[0][0][1]);
    return reshape(expand(scaled, [before, count, width, after]), dims);
  }
  return byMatrix(dy, { axis, size, rows });
}

/** dx = Aᵀ dy as a matrix product. */
function byMatrix(dy: Var, { axis, size, rows }: AxisMap): Var {
  const count = rows.length;
  const dims = dy.dims.map((dim, a) => (a === axis ? size : dim));
  const before = sizeOf(dims.slice(0, axis));
  const after = sizeOf(dims.slice(axis + 1));
  const matrix = (at: (o: number, i: number) => number, shape: Dims): Var => {
    const data = new Float64Array(count * size);
    rows.forEach((row, o) => row.forEach(([i, weight]) => (data[at(o, i)] += weight)));
    return constant(dy.trace, tensor(data, shape, dy.dtype));
  };
  if (after === 1) {
    const a = matrix((o, i) => o * size + i, [count, size]);
    return reshape(matmul(reshape(dy, [before, count]), a), dims);
  }
  const transposed = matrix((o, i) => i * count + o, [size, count]);
  return reshape(matmul(transposed, reshape(dy, [before, count, after])), dims);
}
