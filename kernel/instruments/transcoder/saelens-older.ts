/**
 * Files of SAELens before version 6, in its words of today.
 * @see https://github.com/decoderesearch/SAELens handle_pre_6_0_config
 */
import { NeuronbookError } from '../../base/errors.ts';
import type { Config, Values } from './saelens-write.ts';

/** What stands beside the settings today: where the coder was read and written. */
const BESIDE = [
  'model_name',
  'hook_name',
  'hook_name_out',
  'hook_head_index',
  'context_size',
  'dataset_path',
];

/** A description in today's words; one that is already is given back. */
export function modern(config: Config): Config {
  const beside = (config.metadata ?? {}) as Config;
  const version = String(config.sae_lens_version ?? beside.sae_lens_version ?? '0');
  if (Number.parseInt(version, 10) >= 6) return config;
  const { hook_point, activation_fn_str, activation_fn_kwargs, normalize_activations: scaled } = config;
  const named: Config = { hook_name: hook_point, ...dropped(config), ...beside };
  const { k = config.k } = (activation_fn_kwargs ?? {}) as Config;
  const topK = (config.activation_fn ?? activation_fn_str) === 'topk' && k !== undefined;
  return {
    ...named,
    architecture: topK ? 'topk' : (config.architecture ?? 'standard'),
    ...(k !== undefined && { k }),
    normalize_activations: scaled === true ? 'expected_average_only_in' : scaled || 'none',
    metadata: {
      ...beside,
      ...Object.fromEntries(BESIDE.filter(name => named[name] != null).map(name => [name, named[name]])),
    },
  };
}

/** Fields that say nothing are as good as none. */
const dropped = (config: Config): Config =>
  Object.fromEntries(Object.entries(config).filter(([, value]) => value != null));

/** For a while each feature had a factor of its own; where it is 1 all over, it says nothing. */
export function assertUnscaled({ scaling_factor: factors }: Values, path: string): void {
  const factor = factors?.find(value => Math.abs(value - 1) > 1e-5);
  if (factor !== undefined)
    throw new NeuronbookError(
      `${path} scales its features one by one (scaling_factor has ${factor}), as SAELens did before version 6; ` +
        'expected 1 all over: multiply the rows of W_dec by them and leave them out',
    );
}
