/** What a parameterization is: how the numbers that ascend become a picture in [0, 1], and where they start. */
import type { Rng } from '../../../base/rng.ts';
import { sizeOf, type Dims } from '../../../base/shape.ts';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import type { Var } from '../../../engine/var.ts';

/** What a picture is: batch, channels, height, width. */
export type PictureDims = readonly [count: number, channels: number, height: number, width: number];

export interface Parameterization {
  readonly text: string;
  /** The step size that suits it, where the caller names none; 0.05 where left out. */
  readonly lr?: number;
  /** A channel more than the network's: how opaque each pixel is. */
  readonly alpha?: boolean;
  /** Dims of the parameters behind a picture of these dims. */
  dims(picture: PictureDims): Dims;
  /** Where the ascent starts. */
  start(picture: PictureDims, rng: Rng): Tensor;
  /** Parameters → picture, in [0, 1]. */
  decode(parameters: Var, picture: PictureDims): Var;
}

/** Normal numbers of deviation `sd`. */
export const noise = (dims: Dims, sd: number, rng: Rng): Tensor =>
  tensor(
    Float32Array.from({ length: sizeOf(dims) }, () => sd * rng.normal()),
    dims,
  );
