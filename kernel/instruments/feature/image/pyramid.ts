/** A Laplacian pyramid: the same picture at several resolutions, added up. */
import { NeuronbookError } from '../../../base/errors.ts';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import { add, reshape, split } from '../../../engine/functions.ts';
import { resize } from '../../../engine/functions-spatial.ts';
import { encodedPicture, mixed, type Colours } from './colours.ts';
import { noise, type Parameterization, type PictureDims } from './parameterization.ts';

export interface PyramidOptions {
  /** How often the resolution is halved, the finest level counted. */
  levels?: number;
  /** Deviation of the start. */
  sd?: number;
  /** Ascend in a colour space whose axes are independent: in photographs, or in the pictures that were measured. */
  decorrelated?: boolean | Colours;
  /** Start from this picture, 1×C×H×W or N×C×H×W in [0, 1], instead of noise. */
  from?: Tensor;
}

/**
 * The sum of pictures at halved resolutions, each enlarged bilinearly: coarse shapes ascend as easily as fine ones, and
 * where they are wanted, unlike with frequencies.
 * @see https://doi.org/10.1109/TCOM.1983.1095851 (Burt & Adelson 1983)
 * @example await viz.feature(model, 'conv3', { channel: 5, image: viz.pyramid({ levels: 4 }) })
 */
export function pyramid({
  levels = 4,
  sd = 0.01,
  decorrelated = true,
  from,
}: PyramidOptions = {}): Parameterization {
  if (!Number.isInteger(levels) || levels < 1)
    throw new NeuronbookError(`pyramid of ${levels} levels; expected a whole number from 1`);
  const dims = ([count, channels, height, width]: PictureDims) => [
    count,
    channels,
    sides(height, width, levels).reduce((sum, [h, w]) => sum + h * w, 0),
  ];
  return {
    text: `pyramid(${levels} levels${from ? ', from a picture' : ''})`,
    dims,
    start: (picture, rng) =>
      from
        ? onFinest(encodedPicture(from, picture, decorrelated), dims(picture))
        : noise(dims(picture), sd, rng),
    decode(parameters, picture) {
      const [count, channels, height, width] = picture;
      const shapes = sides(height, width, levels);
      const parts = split(
        parameters,
        shapes.map(([h, w]) => h * w),
        2,
      );
      const sum = parts
        .map((part, level) => {
          const [h, w] = shapes[level];
          const small = reshape(part, [count, channels, h, w]);
          return level ? resize(small, [height, width]) : small;
        })
        .reduce((a, b) => add(a, b));
      return mixed(sum, picture, decorrelated);
    },
  };
}

/** Heights and widths of the levels, finest first. */
const sides = (height: number, width: number, levels: number): [number, number][] =>
  Array.from({ length: levels }, (_, level) => [
    Math.max(1, Math.ceil(height / 2 ** level)),
    Math.max(1, Math.ceil(width / 2 ** level)),
  ]);

/** The picture on the finest level, nothing on the others. */
function onFinest(picture: Tensor, dims: readonly number[]): Tensor {
  const [count, channels, size] = dims;
  const plane = picture.size / (count * channels);
  const data = new Float32Array(count * channels * size);
  const values = picture.data as Float32Array;
  for (let map = 0; map < count * channels; map++)
    data.set(values.subarray(map * plane, (map + 1) * plane), map * size);
  return tensor(data, dims);
}
