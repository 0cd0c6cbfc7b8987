/** What a coder of ours is called and made of in SAELens' files. */
import { total, transposed, type Coder } from './coder.ts';

export type Values = Readonly<Record<string, Float32Array>>;
export type Config = Record<string, unknown>;

/** What says which architecture of ours it is. */
export const described = ({ architecture, centre, skip }: Coder) => ({
  architecture: architecture.name,
  centre,
  skip,
});

interface Written {
  architecture: string;
  values: Values;
  fields: Config;
}

export function theirs(coder: Coder, own: Values, training: boolean): Written {
  const { architecture, features, centre, skip, inputs, outputs } = coder;
  const single = inputs.length === 1 && outputs.length === 1;
  const autoencodes = centre === 'b_dec';
  const { name } = architecture;
  const { k, prefixes } = architecture.settings;
  const { threshold, log_threshold, b_in: _, W_skip, ...rest } = centre === 'b_in' ? folded(coder, own) : own;
  const perFeature = log_threshold
    ? log_threshold.map(Math.exp)
    : threshold && new Float32Array(features).fill(threshold[0]);
  const suffix = skip ? 'skip_transcoder' : 'transcoder';
  const turned: Values = skip ? { W_skip: transposed(W_skip, total(inputs), total(outputs)) } : {};

  if (single && training && threshold && autoencodes)
    return {
      architecture: name === 'matryoshka' ? 'matryoshka_batchtopk' : 'batchtopk',
      values: { ...rest, topk_threshold: threshold },
      fields: {
        k,
        rescale_acts_by_decoder_norm: false,
        ...(name === 'matryoshka' && {
          matryoshka_widths: [...((prefixes as readonly number[] | undefined) ?? []), features],
        }),
      },
    };
  if (single && perFeature)
    return {
      architecture: autoencodes ? 'jumprelu' : `jumprelu_${suffix}`,
      values: { ...rest, ...turned, threshold: perFeature },
      fields: {},
    };
  if (single && (autoencodes || name === 'relu')) {
    const known = { relu: autoencodes ? 'standard' : suffix, topK: 'topk', gated: 'gated' }[name];
    const fields = name === 'topK' ? { k, rescale_acts_by_decoder_norm: false } : {};
    if (known) return { architecture: known, values: { ...rest, ...turned }, fields };
  }
  return { architecture: `neuronbook_${name}`, values: own, fields: { settings: architecture.settings } };
}

/** (x − b_in)·W_enc + b = x·W_enc + (b − b_in·W_enc); magnitudes of a gate are scaled by exp(r_mag) besides. */
function folded({ inputs, features }: Coder, own: Values): Values {
  const { b_in, W_enc, r_mag } = own;
  const shift = Float64Array.from({ length: features }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < total(inputs); j++) sum += b_in[j] * W_enc[j * features + i];
    return sum;
  });
  const moved = (bias: Float32Array, scale: (i: number) => number) =>
    bias.map((value, i) => value - shift[i] * scale(i));
  return {
    ...own,
    ...(own.b_enc && { b_enc: moved(own.b_enc, () => 1) }),
    ...(own.b_gate && { b_gate: moved(own.b_gate, () => 1) }),
    ...(own.b_mag && { b_mag: moved(own.b_mag, i => Math.exp(r_mag[i])) }),
  };
}

interface Widths {
  in: number;
  out: number;
  features: number;
}

export function dimsOf(name: string, data: Float32Array, sizes: Widths): readonly number[] {
  if (name === 'W_enc') return [sizes.in, sizes.features];
  if (name === 'W_dec') return [sizes.features, sizes.out];
  if (name === 'W_skip') return [data.length / sizes.in, sizes.in];
  return name === 'topk_threshold' ? [] : [data.length];
}
