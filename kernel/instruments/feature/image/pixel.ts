/** Pixels as parameters. */
import type { Tensor } from '../../../base/tensor.ts';
import { encodedPicture, mixed, type Colours } from './colours.ts';
import { noise, type Parameterization } from './parameterization.ts';

export interface PixelOptions {
  /** Deviation of the start. */
  sd?: number;
  /** Ascend in a colour space whose axes are independent: in photographs, or in the pictures that were measured. */
  decorrelated?: boolean | Colours;
  /** Start from this picture, 1×C×H×W or N×C×H×W in [0, 1], instead of noise. */
  from?: Tensor;
}

/**
 * Each pixel is a parameter. Honest, and noisy: high frequencies ascend fastest.
 * @example await viz.feature(model, 'conv3', { channel: 5, image: viz.pixel({ from: image }) })
 */
export function pixel({ sd = 0.01, decorrelated = true, from }: PixelOptions = {}): Parameterization {
  return {
    text: `pixel(${from ? 'from a picture' : ''})`,
    dims: picture => picture,
    start: (picture, rng) => (from ? encodedPicture(from, picture, decorrelated) : noise(picture, sd, rng)),
    decode: (parameters, picture) => mixed(parameters, picture, decorrelated),
  };
}
