/** A picture as a small network from places to colours: it has no resolution of its own. */
import { NeuronbookError } from '../../../base/errors.ts';
import type { Rng } from '../../../base/rng.ts';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import {
  add,
  concat,
  constant,
  matmul,
  mul,
  reshape,
  sigmoid,
  split,
  sub,
  tanh,
} from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';
import type { Parameterization, PictureDims } from './parameterization.ts';

export interface CppnOptions {
  /** Layers between place and colour. */
  layers?: number;
  /** Units in each. */
  width?: number;
}

/**
 * A compositional pattern-producing network: x, y and the distance from the centre go through `layers` layers of
 * `width` units, of which each gives tanh and its square, to a colour. Smooth, of infinite resolution, and unlike any
 * photograph. Its step size is 0.005 where none is given.
 * @see https://doi.org/10.1007/s10710-007-9028-8 (Stanley 2007); as in Mordvintsev et al. 2018
 * @example await viz.feature(model, 'conv3', { channel: 5, image: viz.cppn(), steps: 256 })
 */
export function cppn({ layers = 4, width = 16 }: CppnOptions = {}): Parameterization {
  if (!(Number.isInteger(layers) && layers >= 1 && Number.isInteger(width) && width >= 1))
    throw new NeuronbookError(`cppn of ${layers} layers of ${width}; expected whole numbers from 1`);
  const sizes = (channels: number) =>
    shapesOf(layers, width, channels).map(([out, into]) => out * (into + 1));
  const total = (channels: number) => sizes(channels).reduce((a, b) => a + b);
  return {
    text: `cppn(${layers} layers of ${width})`,
    lr: 0.005,
    dims: ([count, channels]) => [count, total(channels)],
    start: ([count, channels], rng) => weights(count, shapesOf(layers, width, channels), rng),
    decode(parameters, picture) {
      const [count, channels, height, rowWidth] = picture;
      const shapes = shapesOf(layers, width, channels);
      const parts = split(parameters, sizes(channels), 1);
      // 1×3×HW → count×units×HW → … → count×channels×HW
      const colour = parts.reduce(
        (x, part, layer) => {
          const [out, into] = shapes[layer];
          const [weight, bias] = split(reshape(part, [count, out, into + 1]), [into, 1], 2);
          return add(matmul(weight, layer ? composite(x) : x), bias);
        },
        places(parameters, picture),
      );
      return sigmoid(reshape(colour, [count, channels, height, rowWidth]));
    },
  };
}

/** Outputs and inputs of each layer; a unit feeds the next layer twice. */
const shapesOf = (layers: number, width: number, channels: number): [number, number][] => [
  [width, 3],
  ...Array.from({ length: layers - 1 }, (): [number, number] => [width, 2 * width]),
  [channels, 2 * width],
];

/** tanh x above its centred square, each of about unit deviation: [n, units, p] → [n, 2·units, p]. */
function composite(x: Var): Var {
  const bent = tanh(x);
  return concat([mul(bent, 1 / 0.63), mul(sub(mul(bent, bent), 0.4), 1 / 0.33)], 1);
}

/** x, y and r of each pixel, 1×3×HW, from −√3 to √3 across the longer side, so of unit deviation there. */
function places({ trace }: Var, [, , height, width]: PictureDims): Var {
  const plane = height * width;
  const data = new Float32Array(3 * plane);
  const unit = (2 * Math.sqrt(3)) / Math.max(height, width);
  for (let p = 0; p < plane; p++) {
    const x = ((p % width) - (width - 1) / 2) * unit;
    const y = (Math.floor(p / width) - (height - 1) / 2) * unit;
    data[p] = x;
    data[plane + p] = y;
    data[2 * plane + p] = Math.hypot(x, y);
  }
  return constant(trace, tensor(data, [1, 3, plane]));
}

/** Normal with variance 1 / inputs, biases 0; the last layer starts near grey. */
function weights(count: number, shapes: readonly [number, number][], rng: Rng): Tensor {
  const total = shapes.reduce((sum, [out, into]) => sum + out * (into + 1), 0);
  const data = new Float32Array(count * total);
  let at = 0;
  for (let n = 0; n < count; n++)
    shapes.forEach(([out, into], layer) => {
      const sd = (layer === shapes.length - 1 ? 0.2 : 1) / Math.sqrt(into);
      for (let i = 0; i < out * (into + 1); i++) data[at++] = i % (into + 1) === into ? 0 : sd * rng.normal();
    });
  return tensor(data, [count, total]);
}
