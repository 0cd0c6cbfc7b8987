/** Feature visualization, exported as `viz`. */
export { feature, type FeatureOptions } from './feature.ts';
export { fourier, pixel, type Parameterization } from './image.ts';
export { pictures, type Pictures } from './pictures.ts';
export type { Feature } from './result.ts';
export { jitter, pad, rotate, scale, standardTransforms, type Transform } from './transforms.ts';
