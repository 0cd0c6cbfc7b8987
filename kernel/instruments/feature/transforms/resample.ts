/**
 * Bilinear resampling under an affine map, as a graph piece. The map is fed at each step; indices and weights are
 * computed in the graph. The gradient is the exact adjoint, written as gathers too, since adding into scattered
 * places costs ten times as much.
 *
 *     y[p] = Σ_q tent(A·p − q) · x[q],   tent(s, t) = max(0, 1 − |s|) · max(0, 1 − |t|)
 *     x̄[q] = Σ_p tent(A·p − q) · ȳ[p]
 *
 * Forward, p meets the four q around A·p. Backward, q meets the p near A⁻¹·q: those within `reach` on each axis.
 * A border of one pixel stands for all that lies outside, so that no neighbour needs a test.
 */
import { tensor, type Tensor } from '../../../base/tensor.ts';
import {
  abs,
  add,
  apply,
  cast,
  concat,
  constant,
  expand,
  matmul,
  mul,
  pad,
  reduceSum,
  relu,
  reshape,
  slice,
  split,
  sub,
} from '../../../engine/functions.ts';
import { gatherElements } from '../../../engine/functions-indexing.ts';
import type { Recorder, Var } from '../../../engine/var.ts';

/** x′ = a·x + b·y + c, y′ = d·x + e·y + f, in pixels from the picture's centre: result → source. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** What lies outside the picture. */
const grey = 0.5;

/** What the piece is fed: the rows of A above those of A⁻¹, in pixels from the corner, float32 [4, 3]. */
export function mapTensor(affine: Affine, height: number, width: number): Tensor {
  const [a, b, c, d, e, f] = cornered(affine, height, width);
  const determinant = a * e - b * d;
  const inverse = [e, -b, b * f - c * e, -d, a, c * d - a * f].map(value => value / determinant);
  return tensor(Float32Array.of(a, b, c, d, e, f, ...inverse), mapDims);
}

/** Dims of the map that is fed. */
export const mapDims = [4, 3] as const;

/** The same map with the origin in the first pixel. */
function cornered([a, b, c, d, e, f]: Affine, height: number, width: number): Affine {
  const [x, y] = [(width - 1) / 2, (height - 1) / 2];
  return [a, b, c + x - a * x - b * y, d, e, f + y - d * x - e * y];
}

/**
 * @param picture N×C×H×W
 * @param map what `mapTensor` gives, as an input of the graph
 * @param reach at least the largest row sum of |A⁻¹| over all maps that will be fed
 * @returns N×C×H×W; what lies outside is mid-grey
 */
export function resample(picture: Var, map: Var, reach: number): Var {
  const { trace, dims } = picture;
  const [count, channels, height, width] = dims;
  const field = fieldOf(trace, map, height, width);
  const planes = (x: Var, outside: number) =>
    reshape(pad(x, [0, 0, 1, 1, 0, 0, 1, 1], outside), [count * channels, (height + 2) * (width + 2)]);
  return trace.custom(
    [picture],
    () => reshape(forward(planes(picture, grey), field), dims),
    dy => [reshape(adjoint(planes(dy, 0), field, reach), dims)],
  );
}

/** The map, and x and y of every pixel of the result. */
interface Field {
  /** A and A⁻¹, [2, 3]. */
  readonly there: Var;
  readonly back: Var;
  /** x, y and 1, [3, H·W]. */
  readonly grid: Var;
  readonly height: number;
  readonly width: number;
}

function fieldOf(trace: Recorder, map: Var, height: number, width: number): Field {
  const plane = height * width;
  const coordinates = new Float32Array(3 * plane).fill(1);
  for (let p = 0; p < plane; p++) {
    coordinates[p] = p % width;
    coordinates[plane + p] = Math.floor(p / width);
  }
  const [there, back] = split(map, [2, 2], 0);
  return { there, back, grid: constant(trace, tensor(coordinates, [3, plane])), height, width };
}

const floor = (x: Var): Var => apply('Floor', [x]);

/** A column of one axis, [size, 1]. */
const column = (trace: Recorder, values: readonly number[]): Var =>
  constant(trace, tensor(Float32Array.from(values), [values.length, 1]));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/**
 * Σ over the neighbours of weight · x, [N·C, H·W]: count×count of them, from `first` on along each axis. All are
 * read at once: few large nodes run faster than many small ones, and GatherElements copies single numbers eleven
 * times as fast as Gather.
 * @param x [N·C, (H+2)·(W+2)], with its border
 * @param first x and y of the first neighbour, [2, H·W], whole numbers
 * @param weight rows of columns of neighbours, [count², H·W]
 */
function gathered(x: Var, first: Var, weight: Var, { height, width }: Field): Var {
  const [count, plane] = weight.dims;
  const side = Math.sqrt(count);
  const { trace } = x;
  const steps = reshape(column(trace, upTo(side)), [1, side, 1]);
  const last = constant(trace, tensor(Float32Array.of(width, height), [2, 1, 1]));
  const border = constant(trace, tensor(Float32Array.of(-1), []));
  const all = add(reshape(first, [2, 1, plane]), steps);
  const [columns, rows] = split(apply('Max', [apply('Min', [all, last]), border]), [1, 1], 0); // [1, side, H·W]
  // the pixel in column x and row y is number (y + 1)·(W + 2) + x + 1 behind its border
  const begin = add(mul(rows, width + 2), width + 3);
  const places = add(reshape(begin, [side, 1, plane]), columns);
  const flat = reshape(cast(places, 'int32'), [1, count * plane]);
  const read = gatherElements(x, expand(flat, [x.dims[0], count * plane]), 1);
  return reduceSum(mul(reshape(read, [x.dims[0], count, plane]), weight), [1]);
}

function forward(x: Var, field: Field): Var {
  const source = matmul(field.there, field.grid);
  const first = floor(source);
  const share = sub(source, first);
  const [columns, rows] = split(concat([sub(1, share), share], 1), [1, 1], 0); // low and high, [1, 2·H·W]
  const plane = field.height * field.width;
  const weight = mul(reshape(rows, [2, 1, plane]), reshape(columns, [1, 2, plane]));
  return gathered(x, first, reshape(weight, [4, plane]), field);
}

function adjoint(dy: Var, field: Field, reach: number): Var {
  const { trace } = dy;
  const plane = field.height * field.width;
  const count = Math.ceil(2 * reach);
  // the first whole number beyond A⁻¹·q − reach, and the ones that follow
  const first = add(floor(sub(matmul(field.back, field.grid), reach)), 1);
  // A·p − q: at the first p, and what the steps from there add
  const turn = slice(field.there, [0], [2], [1]);
  const shift = slice(field.there, [2], [3], [1]);
  const origin = slice(field.grid, [0], [2], [0]);
  const distance = sub(add(matmul(turn, first), shift), origin);
  const steps = constant(
    trace,
    tensor(
      Float32Array.from([
        ...upTo(count * count).map(i => i % count),
        ...upTo(count * count).map(i => Math.floor(i / count)),
      ]),
      [2, count * count],
    ),
  );
  const distances = add(
    reshape(distance, [2, 1, plane]),
    reshape(matmul(turn, steps), [2, count * count, 1]),
  );
  const [across, down] = split(relu(sub(1, abs(distances))), [1, 1], 0);
  return gathered(dy, first, reshape(mul(across, down), [count * count, plane]), field);
}
