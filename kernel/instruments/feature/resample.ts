/**
 * Bilinear resampling under an affine map, as a graph piece. The map's numbers are fed at each step; indices and
 * weights are computed in the graph. The gradient is the exact adjoint, written as gathers too, since adding into
 * scattered places costs ten times as much.
 *
 *     y[p] = Σ_q tent(A·p − q) · x[q],   tent(s, t) = max(0, 1 − |s|) · max(0, 1 − |t|)
 *     x̄[q] = Σ_p tent(A·p − q) · ȳ[p]
 *
 * Forward, p meets the four q around A·p. Backward, q meets the p near A⁻¹·q: those within `reach` on each axis.
 */
import { tensor, type Tensor } from '../../base/tensor.ts';
import {
  abs,
  add,
  apply,
  cast,
  concat,
  equal,
  expand,
  indicator,
  mul,
  reduceSum,
  relu,
  reshape,
  scalar,
  sub,
} from '../../engine/functions.ts';
import { gatherElements } from '../../engine/functions-indexing.ts';
import type { Recorder, Var } from '../../engine/var.ts';

/** x′ = a·x + b·y + c, y′ = d·x + e·y + f, in pixels from the picture's centre: result → source. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** What lies outside the picture. */
const grey = 0.5;

/** The numbers that the piece is fed: A and A⁻¹ in pixels from the corner, float32 [12]. */
export function mapTensor(affine: Affine, height: number, width: number): Tensor {
  const [a, b, c, d, e, f] = cornered(affine, height, width);
  const determinant = a * e - b * d;
  const inverse = [e, -b, b * f - c * e, -d, a, c * d - a * f].map(value => value / determinant);
  return tensor(Float32Array.of(a, b, c, d, e, f, ...inverse));
}

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
  const plane = height * width;
  const field = fieldOf(trace, map, height, width);
  const flat = (x: Var) => reshape(x, [count * channels, plane]);
  return trace.custom(
    [picture],
    () => reshape(forward(flat(picture), field), dims),
    dy => [reshape(adjoint(flat(dy), field, Math.ceil(2 * reach), reach), dims)],
  );
}

/** The map's coefficients and each pixel's coordinates, [1, H·W]. */
interface Field {
  readonly at: (index: number) => Var;
  readonly x: Var;
  readonly y: Var;
  readonly width: number;
  readonly height: number;
}

function fieldOf(trace: Recorder, map: Var, height: number, width: number): Field {
  const plane = height * width;
  const grid = (coordinate: (p: number) => number) =>
    trace.constant(
      tensor(
        Float32Array.from({ length: plane }, (_, p) => coordinate(p)),
        [1, plane],
      ),
    );
  return {
    at: index => apply('Gather', [map, trace.constant(tensor([BigInt(index)], []))], { axis: 0n }),
    x: grid(p => p % width),
    y: grid(p => Math.floor(p / width)),
    width,
    height,
  };
}

/** Neighbours along one axis, [K, H·W]: their coordinate clipped into the picture, and 1 where it was inside. */
interface Axis {
  readonly place: Var;
  readonly inside: Var;
}

function within(place: Var, size: number): Axis {
  const clipped = apply('Clip', [place, scalar(place, 0), scalar(place, size - 1)]);
  return { place: clipped, inside: indicator(equal(clipped, place), place) };
}

const floor = (x: Var): Var => apply('Floor', [x]);

/** 0 … count−1 as a column, to be added to a row of H·W numbers. */
const steps = (like: Var, count: number): Var =>
  like.trace.constant(
    tensor(
      Float32Array.from({ length: count }, (_, i) => i),
      [count, 1],
    ),
  );

/** a·x + b·y + c */
const affine = ({ at }: Field, first: number, x: Var, y: Var): Var =>
  add(add(mul(x, at(first)), mul(y, at(first + 1))), at(first + 2));

/** Rows against columns: [J, H·W] and [I, H·W] → [J, I, H·W] by broadcasting. */
const asRows = (x: Var): Var => reshape(x, [x.dims[0], 1, x.dims[1]]);
const asColumns = (x: Var): Var => reshape(x, [1, ...x.dims]);

/**
 * Σ over rows and columns of weight · x at (row, column), [N·C, H·W]. All neighbours are read at once: few large
 * nodes run faster than many small ones, and GatherElements copies single numbers eleven times as fast as Gather.
 * @param weight [J, I, H·W]
 */
function gathered(x: Var, rows: Axis, columns: Axis, weight: Var, width: number): Var {
  const [maps, plane] = x.dims;
  const count = weight.dims[0] * weight.dims[1];
  const indices = cast(add(mul(asRows(rows.place), width), asColumns(columns.place)), 'int32');
  const everywhere = expand(reshape(indices, [1, count * plane]), [maps, count * plane]);
  const read = reshape(gatherElements(x, everywhere, 1), [maps, count, plane]);
  return reduceSum(mul(read, reshape(weight, [1, count, plane])), [1]);
}

function forward(x: Var, field: Field): Var {
  const { width, height } = field;
  const axis = (first: number, size: number) => {
    const source = affine(field, first, field.x, field.y);
    const low = floor(source);
    const share = sub(source, low);
    const both = within(add(low, steps(low, 2)), size);
    return { ...both, weight: mul(both.inside, concat([sub(1, share), share], 0)) };
  };
  const [columns, rows] = [axis(0, width), axis(3, height)];
  const weight = mul(asRows(rows.weight), asColumns(columns.weight));
  // what the four weights lack of 1 lies outside
  const covered = mul(reduceSum(rows.weight, [0]), reduceSum(columns.weight, [0]));
  return add(gathered(x, rows, columns, weight, width), mul(sub(1, covered), grey));
}

function adjoint(dy: Var, field: Field, count: number, reach: number): Var {
  const { width, height, at } = field;
  // the first whole number beyond A⁻¹·q − reach, and the ones that follow
  const axis = (first: number, size: number) => {
    const begin = add(floor(sub(affine(field, first, field.x, field.y), reach)), 1);
    const raw = add(begin, steps(begin, count));
    return { ...within(raw, size), raw };
  };
  const [columns, rows] = [axis(6, width), axis(9, height)];
  // A·p − q, its part from p's column and its part from p's row
  const distance = (first: number, q: Var) =>
    add(
      asColumns(mul(columns.raw, at(first))),
      asRows(sub(add(mul(rows.raw, at(first + 1)), at(first + 2)), q)),
    );
  const tent = (s: Var) => relu(sub(1, abs(s)));
  const inside = mul(asRows(rows.inside), asColumns(columns.inside));
  const weight = mul(mul(tent(distance(0, field.x)), tent(distance(3, field.y))), inside);
  return gathered(dy, rows, columns, weight, width);
}
