/** What a config.json says of rotary positions, in the spellings of several years. */
import { NeuronbookError } from '../../base/errors.ts';
import type { RotaryScaling } from '../rotary.ts';
import type { HuggingFaceConfig } from './architecture.ts';
import { entry, optional } from './config.ts';

export interface Rope {
  /** Base of the wavelengths. */
  base: number;
  /** Share of a head's features that are turned, where the config says. */
  share?: number;
  scaling?: RotaryScaling;
}

/** @throws NeuronbookError for a kind of scaling that is not supported */
export function ropeOf(json: HuggingFaceConfig): Rope {
  const said = entry(json, ['rope_parameters', 'rope_scaling'], {});
  const number = (name: string) => optional(said, name);
  const rope = {
    base: number('rope_theta') ?? entry(json, 'rope_theta', 10000),
    share: number('partial_rotary_factor') ?? optional(json, 'partial_rotary_factor'),
  };
  const kind = entry(said, ['rope_type', 'type'], 'default');
  // dynamic: as it is up to the context of the training; what is longer is not for this network
  if (kind === 'default' || kind === 'dynamic') return rope;
  if (kind !== 'linear' && kind !== 'llama3')
    throw new NeuronbookError(
      `unsupported rotary scaling: ${kind}; expected default, linear, dynamic or llama3`,
    );
  return {
    ...rope,
    scaling: {
      kind,
      factor: number('factor') ?? 1,
      low: number('low_freq_factor'),
      high: number('high_freq_factor'),
      context: number('original_max_position_embeddings'),
    },
  };
}
