/** Text from language models. */
export { generate, generateTokens, type GeneratedToken, type GenerateOptions } from './generate.ts';
export type { SampleOptions } from './sample.ts';
