/** How sparse a network is, and what it costs to make it sparser; the front door offers this as `sparsity`. */
export { stats, Stats, type StatsOptions, type StatsData } from './stats.ts';
export { type LayerStats, type PhaseStats } from './layer.ts';
export { course, Course } from './course.ts';
export { keep, topK, threshold, type TopKOptions } from './edits.ts';
export { quantile, means, type MeasureOptions } from './thresholds.ts';
export { executed, Executed, type ExecutedRow } from './executed.ts';
export { massive, sinks, type MassiveOptions, type SinkOptions } from './massive.ts';
export { compact, gathered } from './compact.ts';
