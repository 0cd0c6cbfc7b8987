/** Figures that a page computes by itself, exported as `figure`. */
export { live, type LiveFigureOptions } from './live.ts';
export type { LiveFigure } from './result.ts';
export { ablate, pictures, slider, steer, threshold, words, type ControlPart } from './controls.ts';
export { bars, heatmap, lines, picture, tokens, type Shown, type ViewPart } from './views.ts';
