/**
 * Filters: what else happens to the picture before the network sees it. Each is a graph piece, fed at each step with
 * what it draws at random, if anything.
 */
import { NeuronbookError } from '../../../base/errors.ts';
import type { Rng } from '../../../base/rng.ts';
import { sizeOf, type Dims } from '../../../base/shape.ts';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import { add, mul, slice, split, sub } from '../../../engine/functions.ts';
import { resize } from '../../../engine/functions-spatial.ts';
import type { Var } from '../../../engine/var.ts';
import type { PictureDims } from '../image/parameterization.ts';
import { blurred } from './blurred.ts';

/** A graph piece from picture to picture. */
export interface Filter {
  readonly text: string;
  /** Dims of what it is fed at each step, float32; nothing where left out. */
  fed?(picture: PictureDims): Dims;
  /** What it is fed. */
  draw?(rng: Rng, picture: PictureDims): Tensor;
  /** N×C×H×W → N×C×H×W */
  apply(picture: Var, fed: Var): Var;
}

const drawn = (dims: Dims, draw: () => number): Tensor =>
  tensor(Float32Array.from({ length: sizeOf(dims) }, draw), dims);

/**
 * Adds noise of its own to each pixel: what is finer than the noise cannot be relied on.
 * @param sd its deviation; pictures are in [0, 1]
 * @example await viz.feature(model, 'conv3', { channel: 5, transforms: [viz.jitter(2), viz.grain(0.05)] })
 */
export function grain(sd: number): Filter {
  if (!(sd >= 0)) throw new NeuronbookError(`grain of deviation ${sd}; expected a number from 0`);
  const dims = ([, ...picture]: PictureDims): Dims => [1, ...picture];
  return {
    text: `grain(${sd})`,
    fed: dims,
    draw: (rng, picture) => drawn(dims(picture), () => sd * rng.normal()),
    apply: (picture, fed) => add(picture, fed),
  };
}

/**
 * Makes each colour brighter or darker by up to `amount`, as light does.
 * @example await viz.feature(model, 'conv3', { channel: 5, transforms: [viz.jitter(2), viz.tint(0.2)] })
 */
export function tint(amount: number): Filter {
  if (!(amount >= 0 && amount < 1))
    throw new NeuronbookError(`tint by ${amount}; expected a number from 0 to 1`);
  const dims = ([, channels]: PictureDims): Dims => [1, channels, 1, 1];
  return {
    text: `tint(${amount})`,
    fed: dims,
    draw: (rng, picture) => drawn(dims(picture), () => rng.between(1 - amount, 1 + amount)),
    apply: (picture, fed) => mul(picture, fed),
  };
}

/**
 * Blurs by a Gaussian: the network sees no detail finer than `sigma` pixels, so the ascent makes none on purpose.
 * @example await viz.feature(model, 'conv3', { channel: 5, transforms: [viz.blur(0.7), viz.jitter(2)] })
 */
export function blur(sigma: number): Filter {
  if (!(sigma > 0)) throw new NeuronbookError(`blur by ${sigma} pixels; expected a number above 0`);
  return { text: `blur(${sigma})`, apply: picture => blurred(picture, sigma) };
}

/**
 * Lays a picture with opacity over a background of soft random colours: N×(C+1)×H×W → N×C×H×W. `alpha` pictures get it
 * in front of all other transforms.
 *
 *     y = α·x + (1 − α)·background
 */
export const background: Filter = {
  text: 'background',
  fed: ([, channels]) => [1, channels - 1, 4, 4],
  draw: (rng, [, channels]) => drawn([1, channels - 1, 4, 4], () => rng.uniform()),
  apply(picture, fed) {
    const [, channels, height, width] = picture.dims;
    const [colour, opacity] = split(picture, [channels - 1, 1], 1);
    const behind = resize(fed, [height, width]);
    return add(behind, mul(opacity, sub(colour, behind)));
  },
};

/** The colours of a picture, without its opacity. */
export const coloursOf = (picture: Var, channels: number): Var =>
  picture.dims[1] === channels ? picture : slice(picture, [0], [channels], [1]);
