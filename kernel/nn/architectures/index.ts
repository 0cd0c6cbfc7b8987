/** Networks of the literature, each a function from its configuration to a graph; and which one a config.json means. */
export * from './architecture.ts';
export { architectureOf, cachedForm, weightsFrom } from './registry.ts';
export * from './gpt2.ts';
export * from './llama.ts';
export * from './neox.ts';
