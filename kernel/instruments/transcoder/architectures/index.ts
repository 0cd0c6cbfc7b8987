/** The architectures; an export here is all there is to adding one. */
export { batchTopK } from './batch-top-k.ts';
export { gated } from './gated.ts';
export { jumpRelu } from './jump-relu.ts';
export { matryoshka } from './matryoshka.ts';
export { relu } from './relu.ts';
export { topK } from './top-k.ts';
