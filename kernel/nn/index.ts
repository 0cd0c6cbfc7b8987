/** Networks from layers, and the networks of the literature; the front door offers this as `nn`. */
export * from './activations.ts';
export * from './architectures/index.ts';
export * from './attention.ts';
export * from './dropout.ts';
export * from './embedding.ts';
export * from './init.ts';
export * from './layers.ts';
export * from './masks.ts';
export * from './mlp.ts';
export * from './network.ts';
export * from './norms.ts';
export * from './patches.ts';
export * from './recurrent.ts';
export * from './rotary.ts';
export { type Layer, Scope } from './scope.ts';
export * from './spatial.ts';
export * from './transformer.ts';
