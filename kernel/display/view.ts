/** Views that answer to the pointer; the front door exports this file as `view`. */
export { attention, type AttentionOptions } from './views/attention.ts';
export { matrix, type MatrixOptions } from './views/matrix.ts';
export { model, type Network } from './views/model.ts';
export { tokens, type TokensOptions } from './views/tokens.ts';
