/** Networks of the literature, each a function from its configuration to a graph; and which one a config.json means. */
export * from './architecture.ts';
export { bert, type BertConfig } from './bert.ts';
export { clip, type ClipConfig } from './clip.ts';
export { gpt2, type Gpt2Config } from './gpt2.ts';
export { llama, type LlamaConfig } from './llama.ts';
export { mixer, type MixerConfig } from './mixer.ts';
export { neox, type NeoxConfig } from './neox.ts';
export { architectureOf, cachedForm, weightsFrom } from './registry.ts';
export { resnet, type ResnetConfig } from './resnet.ts';
export { vit, type VitConfig } from './vit.ts';
