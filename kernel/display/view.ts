/** Views that answer to the pointer; the front door exports this file as `view`. */
export { activationMap, type ActivationMapOptions } from './views/activation-map.ts';
export { atlas, type AtlasOptions } from './views/atlas.ts';
export { attention, type AttentionOptions } from './views/attention.ts';
export { circuit, type CircuitForm, type CircuitOptions, type NodeForm } from './views/circuit.ts';
export { diff, type DiffOptions } from './views/diff.ts';
export { features, type Feature, type FeaturesOptions } from './views/features.ts';
export { lens, type LensForm, type LensOptions } from './views/lens.ts';
export { matrix, type MatrixOptions } from './views/matrix.ts';
export { model, type Network } from './views/model.ts';
export { patching, type PatchingOptions } from './views/patching.ts';
export { quantization, type QuantizationOptions, type QuantizedLayer } from './views/quantization.ts';
export { ridgeline, type RidgelineOptions } from './views/ridgeline.ts';
export { sparsity, type SparsityLayer, type SparsityOptions } from './views/sparsity.ts';
export { tokens, type TokensOptions } from './views/tokens.ts';
export { monitor, training, type Monitor, type TrainingOptions } from './views/training.ts';
