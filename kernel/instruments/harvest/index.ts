/** Activations of a network on a body of data, written to disk as they come. */
export { harvest, type HarvestOptions } from './harvest.ts';
