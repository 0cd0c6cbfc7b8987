/**
 * Reading images at places that are computed: GridSample, with gradients to the image and to the places, and
 * AffineGrid, which makes places. Col2Im adds overlapping patches up to an image.
 */
import { ShapeError } from '../../base/errors.ts';
import { formatDims, sizeOf, stridesOf } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import { intOf, textOf } from '../attributes.ts';
import { gatherElements } from '../functions-indexing.ts';
import {
  abs,
  add,
  and,
  apply,
  cast,
  div,
  expand,
  gather,
  greaterOrEqual,
  indicator,
  int64s,
  lessOrEqual,
  matmul,
  mul,
  pad,
  reshape,
  scalar,
  slice,
  sub,
  swapLast,
} from '../functions.ts';
import type { Call, Op } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { constantInts, need } from './makers.ts';
import { through } from './through.ts';
import { offsetsOf, windowsOf } from './windows.ts';

// ---- GridSample

/** What one neighbour along one axis contributes. */
interface Tap {
  /** Its place, int64, inside the image. */
  index: Var;
  /** Its weight; zero outside an image that is surrounded by zeros. */
  weight: Var;
}

const floor = (x: Var): Var => apply('Floor', [x]);

/** Cubic convolution (Keys 1981) with a = −¾, for distances t < 1 and 1 ≤ t < 2. */
const near = (t: Var): Var => add(mul(mul(sub(mul(t, 1.25), 2.25), t), t), 1);
const far = (t: Var): Var => mul(add(mul(sub(mul(add(mul(t, -1), 5), t), 8), t), 4), 0.75);

/** The neighbours of a coordinate u, counted in pixels, and their weights by mode. */
function neighbours(u: Var, mode: string): [place: Var, weight: Var | undefined][] {
  if (mode === 'nearest') return [[apply('Round', [u]), undefined]];
  const base = floor(u);
  const t = sub(u, base);
  if (mode === 'linear')
    return [
      [base, sub(1, t)],
      [add(base, 1), t],
    ];
  return [
    [sub(base, 1), far(add(t, 1))],
    [base, near(t)],
    [add(base, 1), near(sub(1, t))],
    [add(base, 2), far(sub(2, t))],
  ];
}

/** A place outside an axis of `size` pixels brought inside: held at the border, or mirrored there as often as it takes. */
function inside(place: Var, size: number, padding: string, aligned: boolean): Var {
  if (padding !== 'reflection') return apply('Clip', [place, scalar(place, 0), scalar(place, size - 1)]);
  const [low, span] = aligned ? [0, size - 1] : [-0.5, size];
  if (span === 0) return mul(place, 0);
  const beyond = abs(sub(place, low));
  const turns = floor(div(beyond, span));
  const rest = sub(beyond, mul(turns, span));
  // after an odd number of turns it runs backwards
  const odd = sub(turns, mul(floor(mul(turns, 0.5)), 2));
  return add(add(rest, mul(odd, sub(span, mul(rest, 2)))), low);
}

function tapsOf(u: Var, size: number, mode: string, padding: string, aligned: boolean): Tap[] {
  return neighbours(u, mode).map(([place, weight]) => {
    const index = cast(inside(place, size, padding, aligned), 'int64');
    const full = weight ?? expand(scalar(u, 1), u.dims);
    if (padding !== 'zeros') return { index, weight: full };
    const within = and(greaterOrEqual(place, 0), lessOrEqual(place, size - 1));
    return { index, weight: mul(full, indicator(within, u)) };
  });
}

/** y as sums of gathered pixels: what the kernel computes, in ops that have gradients. */
function sampled(call: Call<Var>, [x, grid]: readonly Var[]): Var {
  const [batch, channels, ...spatial] = x.dims;
  const placed = grid.dims.slice(1, -1);
  const places = sizeOf(placed);
  const mode = textOf(call.attributes, 'mode', 'linear');
  const padding = textOf(call.attributes, 'padding_mode', 'zeros');
  const aligned = intOf(call.attributes, 'align_corners', 0) === 1;
  // the grid holds x before y before z, in −1 … 1 over the image
  const taps = spatial.map((size, axis) => {
    const last = spatial.length - 1 - axis;
    const g = reshape(slice(grid, [last], [last + 1], [grid.dims.length - 1]), [batch, 1, places]);
    const u = aligned ? mul(add(g, 1), (size - 1) / 2) : mul(sub(mul(add(g, 1), size), 1), 0.5);
    return tapsOf(u, size, mode, padding, aligned);
  });
  const flat = reshape(x, [batch, channels, sizeOf(spatial)]);
  const strides = stridesOf(spatial);
  const parts = offsetsOf(taps.map(all => all.length)).map(offset => {
    const chosen = offset.map((which, axis) => taps[axis][which]);
    const index = chosen.map((tap, axis) => mul(tap.index, strides[axis])).reduce((a, b) => add(a, b));
    const weight = chosen.map(tap => tap.weight).reduce((a, b) => mul(a, b));
    return mul(gatherElements(flat, expand(index, [batch, channels, places]), 2), weight);
  });
  return reshape(
    parts.reduce((a, b) => add(a, b)),
    [batch, channels, ...placed],
  );
}

/**
 * x read at the places of a grid. To x: each pixel gets dy by its weight, as often as it was read. To the grid: the
 * slope of the weights, 0 where `nearest` rounds.
 */
export const GridSample: Op = {
  infer(call): Known[] {
    const [x, grid] = [need(call, 0), need(call, 1, 'grid')];
    const rank = x.dims.length - 2;
    if (rank < 2 || grid.dims.length !== x.dims.length || grid.dims[rank + 1] !== rank)
      throw new ShapeError(
        `grid ${formatDims(grid.dims)} for ${formatDims(x.dims)}; expected ${rank} coordinates per place`,
      );
    return [{ dtype: x.dtype, dims: [...x.dims.slice(0, 2), ...grid.dims.slice(1, -1)] }];
  },
  gradient: call => through(call, inputs => [sampled(call, inputs as Var[])]),
  // Opset 16 called linear and cubic by their names in two dimensions.
  upgrade(node, tools) {
    const mode = textOf(node.attributes, 'mode', 'bilinear').replace(/^bi/, '');
    return tools.opset >= 20 ? [node] : [{ ...node, attributes: { ...node.attributes, mode } }];
  },
};

// ---- AffineGrid

/** The corners of n pixels at −1 and 1 (aligned), or their outer edges there. */
const coordinates = (size: number, aligned: boolean): number[] =>
  Array.from({ length: size }, (_, i) =>
    aligned ? (size === 1 ? 0 : (2 * i) / (size - 1) - 1) : (2 * i + 1) / size - 1,
  );

// grid = (x, y, 1)·θᵀ at every place of an image of the given size
export const AffineGrid: Op = {
  infer(call): Known[] {
    const { dtype, dims } = need(call, 0);
    const [, , ...spatial] = constantInts(call, 1, 'size')!;
    return [{ dtype, dims: [dims[0], ...spatial, spatial.length] }];
  },
  expand(call) {
    const theta = call.inputs[0]!;
    const [, , ...spatial] = constantInts(call, 1, 'size')!;
    const axes = spatial.map(size => coordinates(size, intOf(call.attributes, 'align_corners', 0) === 1));
    const rows = offsetsOf(spatial).flatMap(place => [...place.map((i, axis) => axes[axis][i]).reverse(), 1]);
    const base = theta.trace.constant(tensor(rows, [sizeOf(spatial), spatial.length + 1]).cast(theta.dtype));
    return [reshape(matmul(base, swapLast(theta)), [theta.dims[0], ...spatial, spatial.length])];
  },
};

// ---- Col2Im

/** Patches in columns, N×C·∏kernel×places, added up where they overlap. dy is read back at every place of a patch. */
export const Col2Im: Op = {
  infer(call): Known[] {
    const { dtype, dims } = need(call, 0);
    const { image, kernel } = patchesOf(call);
    return [{ dtype, dims: [dims[0], dims[1] / sizeOf(kernel), ...image] }];
  },
  gradient: call => [
    () => {
      const { image, kernel, strides, dilations, begins, ends, counts } = patchesOf(call);
      const [batch, channels] = call.dy.dims;
      const padded = pad(call.dy, [0, 0, ...begins, 0, 0, ...ends]);
      const sizes = image.map((size, axis) => size + begins[axis] + ends[axis]);
      const at = stridesOf(sizes);
      const places = offsetsOf(kernel).flatMap(tap =>
        offsetsOf(counts).map(place =>
          place.reduce(
            (sum, o, axis) => sum + (o * strides[axis] + tap[axis] * dilations[axis]) * at[axis],
            0,
          ),
        ),
      );
      const flat = reshape(padded, [batch, channels, sizeOf(sizes)]);
      return reshape(gather(flat, int64s(flat.trace, places), 2), call.inputs[0]!.dims);
    },
  ],
};

function patchesOf(call: Call) {
  const image = constantInts(call, 1, 'image_shape')!;
  const kernel = constantInts(call, 2, 'block_shape')!;
  return { image, ...windowsOf(call.attributes, image, kernel) };
}
