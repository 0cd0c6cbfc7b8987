/** A coder from what SAELens' files say, those that it has written as well as ours. */
import { FormatError, NeuronbookError } from '../../base/errors.ts';
import { Tensor } from '../../base/tensor.ts';
import type { Architecture } from './architecture.ts';
import { batchTopK, gated, jumpRelu, matryoshka, relu, topK } from './architectures/index.ts';
import { layoutOf, normOf, transposed, type Centre, type Coder } from './coder.ts';
import type { Config, Values } from './saelens-write.ts';
import { Transcoder } from './transcoder.ts';

export interface LoadTranscoderOptions {
  /** The sites, where the file does not say, or says it in another model's words. */
  from?: string | readonly string[];
  to?: string | readonly string[];
}

/** Their architecture → ours, and the weights that it has beside the shared ones. */
const readers: Readonly<Record<string, (config: Config, values: Values) => [Architecture, Values]>> = {
  standard: (_, { b_enc }) => [relu(), { b_enc }],
  transcoder: (_, { b_enc }) => [relu(), { b_enc }],
  skip_transcoder: (_, { b_enc }) => [relu(), { b_enc }],
  topk: ({ k }, { b_enc }) => [topK({ k: k as number }), { b_enc }],
  jumprelu: readJump,
  jumprelu_transcoder: readJump,
  jumprelu_skip_transcoder: readJump,
  gated: (_, { b_gate, r_mag, b_mag }) => [gated(), { b_gate, r_mag, b_mag }],
  batchtopk: ({ k }, { b_enc, topk_threshold }) => [
    batchTopK({ k: k as number }),
    { b_enc, threshold: topk_threshold },
  ],
  matryoshka_batchtopk: ({ k, matryoshka_widths: widths, d_sae }, { b_enc, topk_threshold }) => [
    matryoshka({
      k: k as number,
      prefixes: (widths as number[] | undefined)?.filter(width => width < (d_sae as number)),
    }),
    { b_enc, threshold: topk_threshold },
  ],
};

/** There, relu comes before the threshold: one below zero acts as zero. */
function readJump(_config: Config, { b_enc, threshold, log_threshold }: Values): [Architecture, Values] {
  return [
    jumpRelu(),
    { b_enc, log_threshold: log_threshold ?? threshold.map(value => Math.log(Math.max(0, value))) },
  ];
}

export function ours(config: Config, read: Values, options: LoadTranscoderOptions, path: string): Transcoder {
  const metadata = (config.metadata ?? {}) as Config;
  const note = metadata.neuronbook as
    Partial<Coder & Transcoder & { architecture: string; text: string }> | undefined;
  const named = String(config.architecture);
  const plain = named.startsWith('neuronbook_');
  const reader = plain ? undefined : readers[named];
  if (!plain && !reader)
    throw new NeuronbookError(
      `unknown architecture in ${path}: ${named}; expected one of ${Object.keys(readers).join(', ')}`,
    );
  for (const [field, value] of Object.entries({
    normalize_activations: ['none', 'expected_average_only_in'],
  }))
    if (!value.includes(String(config[field] ?? 'none')))
      throw new NeuronbookError(`${field} in ${path} is ${config[field]}; expected ${value.join(' or ')}`);
  const values = config.rescale_acts_by_decoder_norm ? normsFolded(read) : read;
  const [dIn, features] = [config.d_in as number, config.d_sae as number];
  const dOut = (config.d_out as number | undefined) ?? dIn;
  const [architecture, own] = reader ? reader(config, values) : [remembered(config, note), values];
  const { apply_b_dec_to_input: centred = !named.includes('transcoder') } = config;
  const centre: Centre = plain ? note!.centre! : centred ? 'b_dec' : 'none';
  const { W_enc, W_dec, b_dec, W_skip } = values;
  const coder: Coder = {
    architecture,
    inputs: note?.inputs ?? [dIn],
    outputs: note?.outputs ?? [dOut],
    features,
    centre,
    skip: W_skip !== undefined,
  };
  const all: Values = {
    ...own,
    W_enc,
    W_dec,
    b_dec,
    ...(W_skip && { W_skip: plain ? W_skip : transposed(W_skip, dOut, dIn) }),
  };
  const hook = metadata.hook_name as string | undefined;
  const from = sitesOf(options.from ?? note?.from ?? hook ?? 'x');
  const to = sitesOf(options.to ?? note?.to ?? (metadata.hook_name_out as string | undefined) ?? from);
  return new Transcoder({ coder, weights: shaped(coder, all, path), from, to });
}

const sitesOf = (sites: string | readonly string[]): readonly string[] =>
  typeof sites === 'string' ? [sites] : sites;

/** One that SAELens does not have, by the name and settings that `save` noted. */
function remembered({ settings }: Config, { architecture }: { architecture?: string } = {}): Architecture {
  const known: Readonly<Record<string, (settings: object) => Architecture>> = {
    relu,
    topK,
    batchTopK,
    matryoshka,
    jumpRelu,
    gated,
  };
  const make = known[architecture ?? ''];
  if (!make)
    throw new NeuronbookError(
      `unknown architecture: ${architecture}; expected one of ${Object.keys(known).join(', ')}`,
    );
  return make(settings ?? {});
}

/** Pre-activations that are multiplied by the norm of their decoder row: W_enc·n, b_enc·n, W_dec/n is the same. */
function normsFolded(values: Values): Values {
  const { W_enc, W_dec, b_enc } = values;
  const features = b_enc.length;
  const width = W_dec.length / features;
  const norms = Float32Array.from({ length: features }, (_, i) =>
    Math.max(1e-8, normOf(W_dec.subarray(i * width, (i + 1) * width))),
  );
  return {
    ...values,
    W_enc: W_enc.map((value, i) => value * norms[i % features]),
    W_dec: W_dec.map((value, i) => value / norms[Math.floor(i / width)]),
    b_enc: b_enc.map((value, i) => value * norms[i]),
  };
}

function shaped(coder: Coder, values: Values, path: string): Record<string, Tensor> {
  const { trained, measured } = layoutOf(coder);
  return Object.fromEntries(
    [...trained, ...measured].map(({ name, dims, size }) => {
      if (values[name]?.length !== size)
        throw new FormatError(
          `${path}: ${name} has ${values[name]?.length ?? 'no'} values; expected ${size} for ${dims.join('×')}`,
          path,
        );
      return [name, new Tensor('float32', dims, values[name])];
    }),
  );
}
