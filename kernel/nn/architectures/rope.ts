/** What a config.json says of rotary positions, in the spellings of several years. */
import { NeuronbookError } from '../../base/errors.ts';
import type { RotaryScaling } from '../rotary.ts';
import type { HuggingFaceConfig } from './architecture.ts';
import { entry, numbers, optional } from './config.ts';

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
  if (kind === 'default') return rope;
  if (!isKind(kind))
    throw new NeuronbookError(`unsupported rotary scaling: ${kind}; expected default, ${kinds.join(', ')}`);
  const context = entry(json, 'max_position_embeddings', 2048);
  const trained =
    optional(json, 'original_max_position_embeddings') ?? number('original_max_position_embeddings');
  const factor = number('factor');
  return {
    ...rope,
    scaling: {
      kind,
      // what was stretched and does not say how far, says how far it reaches
      factor: factor ?? (trained === undefined ? 1 : context / trained),
      context: kind === 'dynamic' ? context : (trained ?? context),
      ...(kind === 'llama3' && { low: number('low_freq_factor'), high: number('high_freq_factor') }),
      ...(kind === 'yarn' && {
        fast: number('beta_fast') || undefined,
        slow: number('beta_slow') || undefined,
        whole: entry(said, 'truncate', true),
        magnitude: number('attention_factor') ?? ratio(number, factor ?? 1),
      }),
      ...(kind === 'longrope' && {
        magnitude: number('attention_factor'),
        divisors: numbers(said, 'short_factor', []),
        longDivisors: numbers(said, 'long_factor', []),
      }),
    },
  };
}

const kinds = [
  'linear',
  'dynamic',
  'llama3',
  'yarn',
  'longrope',
] as const satisfies readonly RotaryScaling['kind'][];
const isKind = (kind: string): kind is RotaryScaling['kind'] => (kinds as readonly string[]).includes(kind);

/** (0.1·mscale·ln factor + 1) / (0.1·mscale_all_dim·ln factor + 1), where both are said. */
function ratio(number: (name: string) => number | undefined, factor: number): number | undefined {
  const [own, all] = [number('mscale'), number('mscale_all_dim')];
  if (!own || !all) return undefined;
  const grown = (scale: number) => (factor > 1 ? 0.1 * scale * Math.log(factor) + 1 : 1);
  return grown(own) / grown(all);
}
