/**
 * The front door: all that notebooks and systems may import, and the only file that says what is public.
 */
export { tensor, Tensor, isTensor, type TensorLike } from './base/tensor.ts';
export type { DType } from './base/dtype.ts';
export { rng, type Rng } from './base/rng.ts';
export {
  FormatError,
  InterruptError,
  NameError,
  NeuronbookError,
  OpError,
  ShapeError,
} from './base/errors.ts';
export { load, type LoadOptions } from './model/load.ts';
export { Model, type GradientOptions, type RunOptions, type RunResult } from './model/model.ts';
export { Objective, pick } from './model/objective.ts';
export { ablate, clamp, patch, steer, type Edit } from './model/edits.ts';
export type { ImageInput } from './model/image-input.ts';
export type { Site } from './model/sites.ts';
export { channel, direction, logit, neuron } from './instruments/feature/objectives.ts';
export * as viz from './instruments/feature/index.ts';
