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
  equal,
  expand,
  indicator,
  mul,
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

/** The map's coefficients and each pixel's coordinates, [H·W]. */
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
    trace.constant(tensor(Float32Array.from({ length: plane }, (_, p) => coordinate(p))));
  return {
    at: index => apply('Gather', [map, trace.constant(tensor([BigInt(index)], []))], { axis: 0n }),
    x: grid(p => p % width),
    y: grid(p => Math.floor(p / width)),
    width,
    height,
  };
}

/** One coordinate of a neighbour: clipped into the picture, and 1 where it was inside. */
interface Coordinate {
  readonly place: Var;
  readonly inside: Var;
}

function within(place: Var, size: number): Coordinate {
  const clipped = apply('Clip', [place, scalar(place, 0), scalar(place, size - 1)]);
  return { place: clipped, inside: indicator(equal(clipped, place), place) };
}

const floor = (x: Var): Var => apply('Floor', [x]);

/** a·x + b·y + c */
const affine = ({ at }: Field, first: number, x: Var, y: Var): Var =>
  add(add(mul(x, at(first)), mul(y, at(first + 1))), at(first + 2));

/** x at (row, column), as [N·C, H·W]. GatherElements copies single numbers eleven times as fast as Gather. */
function read(x: Var, row: Coordinate, column: Coordinate, width: number): Var {
  const indices = cast(add(mul(row.place, width), column.place), 'int32');
  return gatherElements(x, expand(reshape(indices, [1, x.dims[1]]), x.dims), 1);
}

function forward(x: Var, field: Field): Var {
  const { width, height } = field;
  const axis = (first: number, size: number) => {
    const source = affine(field, first, field.x, field.y);
    const low = floor(source);
    const share = sub(source, low);
    return [0, 1].map(k => {
      const { place, inside } = within(k ? add(low, 1) : low, size);
      return { place, inside: mul(inside, k ? share : sub(1, share)) };
    });
  };
  const [columns, rows] = [axis(0, width), axis(3, height)];
  const corners = rows.flatMap(row =>
    columns.map(column => ({ row, column, weight: mul(row.inside, column.inside) })),
  );
  const seen = corners.map(({ row, column, weight }) => mul(read(x, row, column, width), weight)).reduce(add);
  const covered = corners.map(({ weight }) => weight).reduce(add);
  return add(seen, mul(sub(1, covered), grey));
}

function adjoint(dy: Var, field: Field, count: number, reach: number): Var {
  const { width, height, at } = field;
  // the first whole number beyond A⁻¹·q − reach, and the ones that follow
  const axis = (first: number, size: number) => {
    const begin = add(floor(sub(affine(field, first, field.x, field.y), reach)), 1);
    return Array.from({ length: count }, (_, i) => {
      const place = i ? add(begin, i) : begin;
      return { ...within(place, size), raw: place };
    });
  };
  const tent = (s: Var) => relu(sub(1, abs(s)));
  const columns = axis(6, width).map(({ raw, ...rest }) => ({
    ...rest,
    s: mul(raw, at(0)),
    t: mul(raw, at(3)),
  }));
  const rows = axis(9, height).map(({ raw, ...rest }) => ({
    ...rest,
    s: sub(add(mul(raw, at(1)), at(2)), field.x),
    t: sub(add(mul(raw, at(4)), at(5)), field.y),
  }));
  return rows
    .flatMap(row =>
      columns.map(column => {
        const weight = mul(tent(add(column.s, row.s)), tent(add(column.t, row.t)));
        return mul(read(dy, row, column, width), mul(weight, mul(row.inside, column.inside)));
      }),
    )
    .reduce(add);
}
