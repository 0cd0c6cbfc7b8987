/** Transforms: what happens to the picture before the network sees it at each step. */
export { chained, type Transform } from './chain.ts';
export { background, blur, grain, tint, type Filter } from './filters.ts';
export { jitter, pad, rotate, scale, standardTransforms, type Warp } from './warps.ts';
