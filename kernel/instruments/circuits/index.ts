/** What a transformer computes where: the logit lens, and activation patching. */
export { LogitLens, logitLens, type LogitLensOptions } from './logit-lens.ts';
export { Patching, patching, type PatchingGridOptions } from './patching.ts';
