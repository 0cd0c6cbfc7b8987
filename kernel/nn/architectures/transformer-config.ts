/** The part of a configuration that all transformers share. */
import type { Activation } from '../activations.ts';

export interface TransformerConfig {
  /** Features of the residual stream. */
  width: number;
  layers: number;
  heads: number;
  /** Units of each MLP; 4·width where left out. */
  hidden?: number;
  activation?: Activation;
  /** Added to the variance in each norm. */
  epsilon?: number;
}

/** One that reads words. */
export interface TextConfig extends TransformerConfig {
  vocabulary: number;
  /** Most positions; for rotary ones, those of its training. */
  context: number;
}

/** One that writes them. */
export interface CausalConfig extends TextConfig {
  /** Whether logits are products with the embedding. */
  tied?: boolean;
}
