/** Sparse coders: autoencoders, transcoders, crosscoders; the front door offers this as `transcoder`. */
export type { Architecture } from './architecture.ts';
export * from './architectures/index.ts';
export { fit, type TranscoderOptions, type TranscoderReport } from './fit.ts';
export { History, type Metric, type StepMetrics } from './history.ts';
export { auxiliary, ghosts, resampling, type Revival } from './revive.ts';
export { Transcoder } from './transcoder.ts';
export { evaluate, Evaluation, type EvaluateOptions } from './evaluate.ts';
export { load, save, type LoadTranscoderOptions, type SaveTranscoderOptions } from './saelens.ts';
export { connections } from './connections.ts';
export { sweep, Sweep, type SweepOptions } from './sweep.ts';
export { TopExamples, topExamples, type TopExamplesOptions } from './top-examples.ts';
export { attribute, type AttributionOptions } from './attribution.ts';
export {
  AttributionGraph,
  type AttributionEdge,
  type AttributionNode,
  type PruneOptions,
} from './attribution-graph.ts';
export { agreement, intervene, type Intervention, type InterventionOptions } from './interventions.ts';
export {
  deembeddings,
  outputEffects,
  virtualWeights,
  type VirtualWeightsOptions,
} from './virtual-weights.ts';
export { dashboard, type DashboardOptions } from './dashboard.ts';
export { FeatureStore, openFeatures, storeFeatures } from './feature-store.ts';
export type { FeatureHistogram } from './feature-histograms.ts';
export { FeatureNames } from './feature-names.ts';
export type { FeatureSource, FindOptions, FoundFeature, KnownFeature, TopExample } from './feature-source.ts';
