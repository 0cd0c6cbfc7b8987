/** Pictures of low rank: few patterns down times few patterns across. */
import { NeuronbookError } from '../../../base/errors.ts';
import { matmul, split, swapLast } from '../../../engine/functions.ts';
import { mixed, type Colours } from './colours.ts';
import { noise, type Parameterization, type PictureDims } from './parameterization.ts';

export interface LowRankOptions {
  /** Products that are added up, for each colour; stripes along the axes need one. */
  rank?: number;
  /** Deviation of the start. */
  sd?: number;
  /** Ascend in a colour space whose axes are independent: in photographs, or in the pictures that were measured. */
  decorrelated?: boolean | Colours;
}

/**
 * Each colour is a sum of `rank` products, a column times a row: x = U·Vᵀ. A strong prior for grids, stripes and
 * checks along the axes, with (H + W)·rank numbers a colour instead of H·W.
 * @example await viz.feature(model, 'conv3', { channel: 5, image: viz.lowRank({ rank: 4 }) })
 */
export function lowRank({ rank = 4, sd = 0.2, decorrelated = true }: LowRankOptions = {}): Parameterization {
  if (!Number.isInteger(rank) || rank < 1)
    throw new NeuronbookError(`pictures of rank ${rank}; expected a whole number from 1`);
  const dims = ([count, channels, height, width]: PictureDims) => [count, channels, height + width, rank];
  return {
    text: `lowRank(rank ${rank})`,
    dims,
    start: (picture, rng) => noise(dims(picture), sd, rng),
    decode(parameters, picture) {
      const [down, across] = split(parameters, [picture[2], picture[3]], 2);
      return mixed(matmul(down, swapLast(across)), picture, decorrelated);
    },
  };
}
