/** Parameterizations: from numbers that ascend to pictures in [0, 1]. */
export { alpha } from './alpha.ts';
export { colours, type Colours } from './colours.ts';
export { cppn, type CppnOptions } from './cppn.ts';
export { fourier, type FourierOptions } from './fourier.ts';
export { lowRank, type LowRankOptions } from './low-rank.ts';
export { mean } from './mean.ts';
export type { Parameterization, PictureDims } from './parameterization.ts';
export { pixel, type PixelOptions } from './pixel.ts';
export { preprocess } from './preprocess.ts';
export { pyramid, type PyramidOptions } from './pyramid.ts';
