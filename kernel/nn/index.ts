/** Networks from layers; the front door offers this as `nn`. */
export * from './init.ts';
export * from './layers.ts';
export * from './network.ts';
export { type Layer, Scope } from './scope.ts';
