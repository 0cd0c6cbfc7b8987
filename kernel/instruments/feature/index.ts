/** Feature visualization, exported as `viz`. */
export { activationGrid, type ActivationGridOptions } from './activation-grid.ts';
export { activations, type ActivationOptions } from './activations.ts';
export { atlas, type AtlasOptions } from './atlas.ts';
export { examples, type Examples, type ExamplesOptions } from './examples.ts';
export { feature, type FeatureOptions } from './feature.ts';
export {
  alpha,
  colours,
  cppn,
  fourier,
  lowRank,
  mean,
  pixel,
  pyramid,
  type Colours,
  type CppnOptions,
  type FourierOptions,
  type LowRankOptions,
  type Parameterization,
  type PixelOptions,
  type PyramidOptions,
} from './image/index.ts';
export type { Mosaic } from './mosaic.ts';
export {
  alike,
  caricature,
  channels,
  cosine,
  difference,
  directionNeuron,
  diversity,
  interpolate,
  layer,
  neurons,
  probability,
  style,
  type CosineOptions,
} from './objectives/index.ts';
export { pictures, type Pictures } from './pictures.ts';
export * as regularize from './regularizers.ts';
export type { Feature, FeatureSelection } from './result.ts';
export { score } from './score.ts';
export { stack } from './stack.ts';
export { text, type TextOptions } from './text/text.ts';
export type { FeatureText } from './text/result.ts';
export {
  background,
  blur,
  grain,
  jitter,
  pad,
  rotate,
  scale,
  standardTransforms,
  tint,
  type Filter,
  type Transform,
  type Warp,
} from './transforms/index.ts';
