/**
 * Conv and ConvTranspose in one, two or three dimensions. Three computations are each other's derivatives:
 *
 *   y = x ∗ w          correlate
 *   dx = w ∗ᵀ dy       spread: what ConvTranspose computes
 *   dw = x ∗ dy        patches of x against dy
 */
import { ShapeError } from '../../base/errors.ts';
import { formatDims, sizeOf, type Dims } from '../../base/shape.ts';
import { int, intOf, ints, intsOf, textOf } from '../attributes.ts';
import { apply, concat, fusedMatmul, pad, reduceSum, reshape, slice, transpose } from '../functions.ts';
import type { Call, Op } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { need } from './makers.ts';
import { offsetsOf, reach, windowAttributes, windowsOf, type Windows } from './windows.ts';

interface Geometry extends Windows {
  readonly groups: number;
}

const axesFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

// ---- the three computations

/** y: N×M×counts from x: N×C×spatial and w: M×C/g×kernel */
const correlate = (x: Var, w: Var, geometry: Geometry): Var =>
  apply('Conv', [x, w], { ...windowAttributes(geometry), group: int(geometry.groups) });

/** Places from which on turning the weights around in every run, as in training, is little beside the products. */
const WORTH = 64;

/**
 * x: N×C×spatial from y: N×M×counts and w: M×C/g×kernel.
 *
 * With stride 1 this is a convolution with the kernels turned around. Constant weights are turned once, and ONNX
 * Runtime runs its fastest kernels (one thread, 64→64 3×3 at 8×56×56: 20.7 ms; ConvTranspose 23.9, PyTorch 21.2;
 * 64→256 at 13×13: 0.56, 0.62, 0.72); weights that are fed are turned in every run, and it is still faster (the step
 * of a ResNet-20 on 64 pictures: 127 ms of convolutions instead of 200). With few channels ConvTranspose is faster
 * (3→16 at 64×48×48: 2.8 and 8.3 ms), with a stride far faster than zeros between the elements.
 */
function spread(y: Var, w: Var, geometry: Geometry, spatial: Dims): Var {
  const { kernel, strides, dilations, begins, ends, counts, groups } = geometry;
  const flip = (pads: readonly number[]) => pads.map((p, i) => reach(kernel[i], dilations[i]) - 1 - p);
  const turned = { ...geometry, begins: flip(begins), ends: flip(ends) };
  const wide = (w.dims[0] / groups >= 8 && w.dims[1] >= 8) || groups === w.dims[0];
  const worth = w.value !== undefined || y.dims[0] * sizeOf(counts) >= WORTH;
  if (worth && wide && strides.every(s => s === 1) && [...turned.begins, ...turned.ends].every(p => p >= 0))
    return correlate(y, turnedAround(w, groups), turned);

  // rows of x behind the last window that no window reaches
  const left = spatial.map(
    (size, i) => size + begins[i] + ends[i] - (counts[i] - 1) * strides[i] - reach(kernel[i], dilations[i]),
  );
  return apply('ConvTranspose', [y, w], {
    ...windowAttributes(geometry),
    group: int(groups),
    output_padding: ints(left),
  });
}

/** w: M×C/g×kernel → C×M/g×kernel, every kernel read from its end. */
function turnedAround(w: Var, groups: number): Var {
  const [out, depth, ...kernel] = w.dims;
  const axes = axesFrom(2, kernel.length).filter(axis => w.dims[axis] > 1);
  const backward = axes.map(() => -1);
  const beforeFirst = axes.map(() => -(2 ** 31));
  const flipped = axes.length ? slice(w, backward, beforeFirst, axes, backward) : w;
  const grouped = reshape(flipped, [groups, out / groups, depth, ...kernel]);
  const swapped = transpose(grouped, [0, 2, 1, ...axesFrom(3, kernel.length)]);
  return reshape(swapped, [groups * depth, out / groups, ...kernel]);
}

/** Kernels with more taps than this are not unfolded slice by slice. */
const MOST_TAPS = 64;

/**
 * w: M×C/g×kernel from x: N×C×spatial and dy: N×M×counts:  dw[m,c,t] = Σ over n, p of dy[n,m,p]·x[n,c,ps+td].
 *
 * With many channels one matrix product per tap t, with few one product over all taps at once, whose rows are
 * otherwise too short (one thread: 64→64 3×3 at 8×56×56: 27 and 32 ms, PyTorch 28; 3→16 at 64×48×48: 10.9 and
 * 5.5; as a Conv 58 and 10).
 */
function patchGradient(x: Var, dy: Var, geometry: Geometry): Var {
  const { kernel, strides, dilations, begins, ends, counts, groups } = geometry;
  const [batch, channels, ...spatial] = x.dims;
  const [depth, out] = [channels / groups, dy.dims[1] / groups];
  const places = sizeOf(counts);
  if (sizeOf(kernel) > MOST_TAPS) return patchGradientByConv(x, dy, geometry);

  const axes = axesFrom(2, spatial.length);
  const padded = pad(x, [0, 0, ...begins, 0, 0, ...ends]);
  const whole = padded.dims.slice(2).every((size, i) => size === counts[i] && strides[i] === 1);
  const taps = offsetsOf(kernel).map(offset => {
    const starts = offset.map((o, i) => o * dilations[i]);
    const stops = starts.map((start, i) => start + (counts[i] - 1) * strides[i] + 1);
    return whole ? padded : slice(padded, starts, stops, axes, strides);
  });
  const dys = reshape(dy, [batch, groups, out, places]);
  if (depth >= 16) {
    const parts = taps.map(tap => {
      const products = fusedMatmul(dys, reshape(tap, [batch, groups, depth, places]), { transB: true }); // N×g×M/g×C/g
      return reshape(reduceSum(products, [0]), [groups * out, depth, 1]);
    });
    return reshape(concat(parts, 2), [groups * out, depth, ...kernel]);
  }
  const columns = concat(
    taps.map(tap => reshape(tap, [batch, groups, 1, depth, places])),
    2,
  ); // N×g×T×C/g×P
  const rows = reshape(columns, [batch, groups, taps.length * depth, places]);
  const sums = reduceSum(fusedMatmul(rows, dys, { transB: true }), [0]); // g×(T·C/g)×M/g
  const split = reshape(sums, [groups, taps.length, depth, out]);
  return reshape(transpose(split, [0, 3, 2, 1]), [groups * out, depth, ...kernel]);
}

/** The same as one convolution in which batch and channels change places and dy is the kernel. */
function patchGradientByConv(x: Var, dy: Var, geometry: Geometry): Var {
  const { kernel, strides, dilations, counts, groups } = geometry;
  const [batch, channels, ...spatial] = x.dims;
  const [depth, out] = [channels / groups, dy.dims[1]];
  const rest = axesFrom(3, spatial.length);
  const grouped = reshape(x, [batch, groups, depth, ...spatial]);
  const images = reshape(transpose(grouped, [2, 1, 0, ...rest]), [depth, groups * batch, ...spatial]);
  const kernels = transpose(dy, [1, 0, ...axesFrom(2, spatial.length)]); // M×N×counts
  const swapped = { ...geometry, kernel: counts, strides: dilations, dilations: strides };
  const made = correlate(images, kernels, swapped); // C/g×M×(kernel, and more where windows left a rest)
  const axes = axesFrom(2, kernel.length);
  const cut = slice(
    made,
    axes.map(() => 0),
    kernel,
    axes,
  );
  return reshape(transpose(cut, [1, 0, ...axes]), [out, depth, ...kernel]);
}

const biasGradient = (dy: Var): Var => reduceSum(dy, [0, ...axesFrom(2, dy.dims.length - 2)]);

// ---- the two ops

function convGeometry(call: Call): Geometry {
  const [{ dims: x }, { dims: w }] = [need(call, 0), need(call, 1)];
  const groups = intOf(call.attributes, 'group', 1);
  if (x.length < 3 || w.length !== x.length || w[1] * groups !== x[1] || w[0] % groups !== 0)
    throw new ShapeError(
      `weights ${formatDims(w)} in ${groups} group(s) do not fit ${formatDims(x)}; ` +
        `expected M×${x[1] / groups}×kernel with M a multiple of ${groups}`,
    );
  const declared = intsOf(call.attributes, 'kernel_shape');
  if (declared?.some((size, i) => size !== w[i + 2]))
    throw new ShapeError(`kernel_shape ${formatDims(declared)}; the weights say ${formatDims(w.slice(2))}`);
  return { ...windowsOf(call.attributes, x.slice(2), w.slice(2)), groups };
}

function checkBias(call: Call, channels: number): void {
  const bias = call.inputs[2];
  if (bias && (bias.dims.length !== 1 || bias.dims[0] !== channels))
    throw new ShapeError(`bias is ${formatDims(bias.dims)}; expected ${channels}`);
}

export const Conv: Op = {
  infer(call): Known[] {
    const [x, w] = [need(call, 0), need(call, 1)];
    checkBias(call, w.dims[0]);
    return [{ dtype: x.dtype, dims: [x.dims[0], w.dims[0], ...convGeometry(call).counts] }];
  },
  multiplyAdds: ({ inputs: [, w] }, [y]) => sizeOf(y.dims) * sizeOf(w!.dims.slice(1)),
  gradient(call) {
    const [x, w] = call.inputs;
    const geometry = convGeometry(call);
    return [
      () => spread(call.dy, w!, geometry, x!.dims.slice(2)),
      () => patchGradient(x!, call.dy, geometry),
      () => biasGradient(call.dy),
    ];
  },
};

/** The convolution that this one is the transpose of: from its output, `spatial`, to its input. */
function transposedGeometry(call: Call): Geometry & { spatial: number[] } {
  const [{ dims: x }, { dims: w }] = [need(call, 0), need(call, 1)];
  const { attributes } = call;
  const groups = intOf(attributes, 'group', 1);
  if (x.length < 3 || w.length !== x.length || w[0] !== x[1] || w[0] % groups !== 0)
    throw new ShapeError(
      `weights ${formatDims(w)} in ${groups} group(s) do not fit ${formatDims(x)}; expected ${x[1]}×M/${groups}×kernel`,
    );
  const kernel = w.slice(2);
  const counts = x.slice(2);
  const strides = intsOf(
    attributes,
    'strides',
    counts.map(() => 1),
  );
  const dilations = intsOf(
    attributes,
    'dilations',
    counts.map(() => 1),
  );
  const given = intsOf(attributes, 'pads', [...counts, ...counts].fill(0));
  const more = intsOf(attributes, 'output_padding', counts.slice().fill(0));
  const mode = textOf(attributes, 'auto_pad', 'NOTSET');
  const wanted = intsOf(attributes, 'output_shape')?.slice(-counts.length);
  const same = mode === 'SAME_UPPER' || mode === 'SAME_LOWER';

  const begins: number[] = [];
  const ends: number[] = [];
  const spatial = counts.map((count, i) => {
    const full = strides[i] * (count - 1) + more[i] + reach(kernel[i], dilations[i]);
    if (!wanted && !same) {
      begins.push(mode === 'VALID' ? 0 : given[i]);
      ends.push(mode === 'VALID' ? 0 : given[i + counts.length]);
    } else {
      // an odd cut takes more from the end for SAME_UPPER, more from the front otherwise
      const total = full - (wanted?.[i] ?? Math.min(full, count * strides[i]));
      const cut = Math.max(0, total);
      begins.push(mode === 'SAME_UPPER' ? Math.floor(cut / 2) : Math.ceil(cut / 2));
      ends.push(cut - begins[i]);
      if (-total >= strides[i])
        throw new ShapeError(
          `output_shape ${formatDims(wanted!)} is too large at axis ${i}; expected less than ${full + strides[i]}`,
        );
      if (total < 0) return wanted![i];
    }
    return full - begins[i] - ends[i];
  });
  return { kernel, strides, dilations, begins, ends, counts, groups, spatial };
}

export const ConvTranspose: Op = {
  infer(call): Known[] {
    const [x, w] = [need(call, 0), need(call, 1)];
    const { groups, spatial } = transposedGeometry(call);
    checkBias(call, w.dims[1] * groups);
    return [{ dtype: x.dtype, dims: [x.dims[0], w.dims[1] * groups, ...spatial] }];
  },
  multiplyAdds: ({ inputs: [x, w] }) => sizeOf(x!.dims) * sizeOf(w!.dims.slice(1)),
  gradient(call) {
    const [x, w] = call.inputs;
    const { spatial: _, ...geometry } = transposedGeometry(call);
    const axes = axesFrom(2, geometry.counts.length);
    return [
      () => {
        const made = correlate(call.dy, w!, geometry);
        // an output_padding of a stride or more leaves room for windows that x has not
        const starts = axes.map(() => 0);
        return axes.every((axis, i) => made.dims[axis] === geometry.counts[i])
          ? made
          : slice(made, starts, geometry.counts, axes);
      },
      () => patchGradient(call.dy, x!, geometry),
      () => biasGradient(call.dy),
    ];
  },
};
