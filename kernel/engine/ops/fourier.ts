/** The discrete Fourier transform, in one piece (DFT) and in windows (STFT), and the windows themselves. */
import { ShapeError } from '../../base/errors.ts';
import { sizeOf, wrapAxis } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import { int, intOf, without } from '../attributes.ts';
import {
  apply,
  constant,
  dtypeFromNumber,
  div,
  gather,
  int64s,
  mul,
  pad,
  reshape,
  slice,
} from '../functions.ts';
import { noGradient, type Call, type Op } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { constantInts, need } from './makers.ts';

interface Transform {
  axis: number;
  /** Points transformed: the axis is cut or padded with zeros to them. */
  length: number;
  inverse: boolean;
  onesided: boolean;
}

function transformOf(call: Call): Transform {
  const { dims } = need(call, 0);
  const axis = wrapAxis(constantInts(call, 2, 'axis')?.[0] ?? -2, dims.length);
  const inverse = intOf(call.attributes, 'inverse', 0) === 1;
  const onesided = intOf(call.attributes, 'onesided', 0) === 1;
  // the one-sided spectrum of n real numbers has ⌊n/2⌋ + 1 points
  const whole = inverse && onesided ? 2 * (dims[axis] - 1) : dims[axis];
  return { axis, inverse, onesided, length: constantInts(call, 1, 'dft_length')?.[0] ?? whole };
}

/** Elements along an axis from the front: zeros are added behind, or the rest is cut. */
function resized(x: Var, axis: number, length: number): Var {
  if (x.dims[axis] >= length) return x.dims[axis] === length ? x : slice(x, [0], [length], [axis]);
  const pads = new Array<number>(2 * x.dims.length).fill(0);
  pads[axis + x.dims.length] = length - x.dims[axis];
  return pad(x, pads);
}

const dft = (x: Var, axis: number, inverse: boolean, onesided = false): Var =>
  apply('DFT', [x, undefined, constant(x.trace, tensor([BigInt(axis)], []))], {
    inverse: int(+inverse),
    onesided: int(+onesided),
  });

/**
 * Complex numbers are pairs on the last axis; a single number there is real. With F the matrix e^(−2πi·jk/n), the
 * transform is F and its inverse Fᴴ/n (H: transposed and conjugated), so by their adjoints
 * ∂x = Fᴴ·dy = n·F⁻¹dy  and  ∂x = F·dy/n.
 */
export const DFT: Op = {
  infer(call): Known[] {
    const { dtype, dims } = need(call, 0);
    const last = dims[dims.length - 1];
    if (last !== 1 && last !== 2)
      throw new ShapeError(`the last axis is ${last}; expected 1 for real numbers or 2 for complex ones`);
    const { axis, length, inverse, onesided } = transformOf(call);
    const made = dims.with(axis, onesided && !inverse ? binsOf(length) : length);
    return [{ dtype, dims: made.with(-1, onesided && inverse ? 1 : 2) }];
  },
  gradient(call) {
    const x = call.inputs[0]!;
    const { axis, length, inverse, onesided } = transformOf(call);
    return [
      () => {
        if (inverse && onesided) return realGradient(call.dy, x, axis, length);
        // what a one-sided transform leaves out has no gradient
        const whole = dft(resized(call.dy, axis, length), axis, !inverse);
        const scaled = inverse ? div(whole, length) : mul(whole, length);
        const all = resized(scaled, axis, x.dims[axis]);
        return resized(all, x.dims.length - 1, x.dims[x.dims.length - 1]);
      },
    ];
  },
  // Before opset 20, the axis was an attribute, and by default the first after the batch.
  upgrade(node, tools) {
    if (tools.opset >= 20) return [node];
    const axis = tools.constant(tensor([BigInt(intOf(node.attributes, 'axis', 1))], []));
    const [x, length = ''] = node.inputs;
    return [{ ...node, inputs: [x, length, axis], attributes: without(node.attributes, 'axis') }];
  },
};

const binsOf = (length: number): number => Math.floor(length / 2) + 1;

/**
 * The inverse of a one-sided spectrum is real:  yⱼ = Σₖ cₖ/n·Re(xₖ e^(2πi·jk/n)), where c counts the mirrored half: 2,
 * but 1 for k = 0 and k = n/2. So  ∂xₖ = cₖ/n·(F dy)ₖ.
 */
function realGradient(dy: Var, x: Var, axis: number, length: number): Var {
  const bins = binsOf(length);
  const counts = Float64Array.from({ length: bins }, (_, k) => (k % (length / 2) === 0 ? 1 : 2) / length);
  const shape = x.dims.map((_, a) => (a === axis ? bins : 1));
  const spectrum = dft(dy, axis, false, true);
  return resized(mul(spectrum, constant(x.trace, tensor(counts, shape, x.dtype))), axis, x.dims[axis]);
}

/** The transforms of windows of a signal, `step` apart: batch×length×1|2 → batch×windows×bins×2. */
export const STFT: Op = {
  infer(call): Known[] {
    const { dtype, dims } = need(call, 0);
    const { count, size } = framesOf(call);
    const bins = intOf(call.attributes, 'onesided', 1) ? binsOf(size) : size;
    return [{ dtype, dims: [dims[0], count, bins, 2] }];
  },
  expand(call) {
    const signal = call.inputs[0]!;
    const window = call.inputs[2];
    const { step, count, size } = framesOf(call);
    const [batch, length, parts = 1] = signal.dims;
    const places = Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * step + (i % size));
    const frames = reshape(gather(reshape(signal, [batch, length, parts]), int64s(signal.trace, places), 1), [
      batch,
      count,
      size,
      parts,
    ]);
    const shaped = window ? mul(frames, reshape(window, [size, 1])) : frames;
    const axis = constant(signal.trace, tensor([2n], []));
    const onesided = int(intOf(call.attributes, 'onesided', 1));
    return [apply('DFT', [shaped, undefined, axis], { onesided })];
  },
};

function framesOf(call: Call): { step: number; count: number; size: number } {
  const [step] = constantInts(call, 1, 'frame_step')!;
  const size = constantInts(call, 3, 'frame_length')?.[0] ?? sizeOf(need(call, 2, 'window').dims);
  return { step, size, count: Math.floor((need(call, 0).dims[1] - size) / step) + 1 };
}

// ---- windows

/** A window of n points, w(2πi/n); symmetric ones end where they began. */
const window = (weight: (angle: number) => number): Op => ({
  infer(call): Known[] {
    const [size] = constantInts(call, 0, 'size')!;
    const dtype = dtypeFromNumber(intOf(call.attributes, 'output_datatype', 1));
    const steps = intOf(call.attributes, 'periodic', 1) ? size : size - 1;
    const values = Float64Array.from({ length: size }, (_, i) => weight((2 * Math.PI * i) / steps));
    return [{ dtype, dims: [size], value: tensor(values, [size], dtype) }];
  },
  gradient: noGradient,
});

export const HannWindow = window(angle => 0.5 - 0.5 * Math.cos(angle));
export const HammingWindow = window(angle => 25 / 46 - (21 / 46) * Math.cos(angle));
export const BlackmanWindow = window(angle => 0.42 - 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle));

/** The weights that gather a spectrum into bands of equal width to the ear: bins×bands. */
export const MelWeightMatrix: Op = {
  infer(call): Known[] {
    const [bands] = constantInts(call, 0, 'num_mel_bins')!;
    const [length] = constantInts(call, 1, 'dft_length')!;
    const dtype = dtypeFromNumber(intOf(call.attributes, 'output_datatype', 1));
    return [{ dtype, dims: [Math.floor(length / 2) + 1, bands] }];
  },
  gradient: noGradient,
};
