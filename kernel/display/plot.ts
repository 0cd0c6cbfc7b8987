/** `plot.line(xs, ys)` and its kin; the front door exports this file as `plot`. */
export {
  bar,
  heatmap,
  histogram,
  line,
  lines,
  scatter,
  type HeatmapOptions,
  type HistogramOptions,
  type LineOptions,
  type PlotOptions,
  type ScatterOptions,
  type Series,
} from './plot/charts.ts';
export type { Values } from './values.ts';
export { Chart } from './plot/figure.ts';
export { image, type ImageOptions } from './plot/image.ts';
