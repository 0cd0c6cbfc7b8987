/** Objectives: values that turn activations into one number to climb, add, scale, negate and print themselves. */
export { alike, interpolate } from './blend.ts';
export { cosine, direction, directionNeuron, type CosineOptions } from './direction.ts';
export { diversity } from './diversity.ts';
export { layer } from './layer.ts';
export { caricature, difference } from './reference.ts';
export { logit, probability } from './score.ts';
export { style } from './style.ts';
export { channel, channels, neuron, neurons } from './unit.ts';
