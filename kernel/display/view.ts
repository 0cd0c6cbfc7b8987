/** Views that answer to the pointer; the front door exports this file as `view`. */
export { activationMap, type ActivationMapOptions } from './views/activation-map.ts';
export { atlas, type AtlasOptions } from './views/atlas.ts';
export { attention, type AttentionOptions } from './views/attention.ts';
export { circuit, type CircuitForm, type CircuitOptions, type NodeForm } from './views/circuit.ts';
export { matrix, type MatrixOptions } from './views/matrix.ts';
export { model, type Network } from './views/model.ts';
export { tokens, type TokensOptions } from './views/tokens.ts';
