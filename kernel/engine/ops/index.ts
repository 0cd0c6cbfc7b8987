/** The families. An operator is registered by being exported from one; a new family is listed here. */
export * from './activation.ts';
export * from './arithmetic.ts';
export * from './arranging.ts';
export * from './comparison.ts';
export * from './constants.ts';
export * from './convolution.ts';
export * from './gathering.ts';
export * from './joining.ts';
export * from './linear.ts';
export * from './math.ts';
export * from './movement.ts';
export * from './normalization.ts';
export * from './pooling.ts';
export * from './reduction.ts';
export * from './resize.ts';
export * from './softmax.ts';
export * from './standardization.ts';
export * as microsoft from './microsoft/index.ts';
