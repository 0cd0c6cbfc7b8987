/**
 * Coders as files, in the format of SAELens 6: a folder with `cfg.json` and `sae_weights.safetensors`.
 *
 *   ours                                 architecture there
 *   relu, topK, gated of one site        standard, topk, gated
 *   jumpRelu; batchTopK, matryoshka      jumprelu, with the threshold of each feature
 *   relu, jumpRelu between two sites     transcoder, jumprelu_transcoder; skip_…, jumprelu_skip_… with x·W_skip
 *   the others                           none: SAELens cannot read them, `load` can
 *
 * What SAELens keeps of training, `batchtopk` and `matryoshka_batchtopk`, is read, and written on demand.
 */
import { FormatError } from '../../base/errors.ts';
import { openSafetensors, saveSafetensors } from '../../base/safetensors/index.ts';
import { Tensor } from '../../base/tensor.ts';
import { readFile, writeFile } from '#platform/files';
import { total } from './coder.ts';
import { sameSites } from './rows.ts';
import { assertUnscaled, modern } from './saelens-older.ts';
import { ours, type LoadTranscoderOptions } from './saelens-read.ts';
import { described, dimsOf, theirs, type Config } from './saelens-write.ts';
import type { Transcoder } from './transcoder.ts';

export type { LoadTranscoderOptions } from './saelens-read.ts';

export interface SaveTranscoderOptions {
  /** Write batchTopK and matryoshka as SAELens keeps them while it trains, instead of in their form for use. */
  training?: boolean;
  /** More of the file's metadata, such as `model_name`. */
  metadata?: Readonly<Record<string, unknown>>;
}

const VERSION = '6.54.12';

/**
 * Writes a coder as a folder that SAELens 6 reads, where it has such an architecture, and `load` in any case.
 * @example await transcoder.save(coder, 'coders/layer1')
 */
export async function save(
  t: Transcoder,
  folder: string,
  { training = false, metadata = {} }: SaveTranscoderOptions = {},
): Promise<void> {
  const { coder, from, to } = t;
  const own = Object.fromEntries(
    Object.entries(t.weights).map(([name, { data }]) => [name, data as Float32Array]),
  );
  const { architecture, values, fields } = theirs(coder, own, training);
  const autoencodes = coder.centre !== 'b_in' && sameSites(from, to);
  const config = {
    architecture,
    d_in: total(coder.inputs),
    d_sae: coder.features,
    ...(!autoencodes && { d_out: total(coder.outputs) }),
    dtype: 'float32',
    device: 'cpu',
    apply_b_dec_to_input: coder.centre === 'b_dec',
    normalize_activations: 'none',
    reshape_activations: 'none',
    ...fields,
    metadata: {
      sae_lens_version: VERSION,
      sae_lens_training_version: null,
      hook_name: from[0],
      ...(!autoencodes && { hook_name_out: to[0] }),
      ...metadata,
      neuronbook: { from, to, inputs: coder.inputs, outputs: coder.outputs, ...described(coder) },
    },
  };
  const sizes = { in: total(coder.inputs), out: total(coder.outputs), features: coder.features };
  const tensors = new Map(
    Object.entries(values).map(([name, data]) => [
      name,
      new Tensor('float32', dimsOf(name, data, sizes), data),
    ]),
  );
  const path = folder.replace(/[\\/]$/, '');
  await saveSafetensors(`${path}/sae_weights.safetensors`, tensors);
  await writeFile(`${path}/cfg.json`, [new TextEncoder().encode(JSON.stringify(config, null, 1))]);
}

/**
 * Reads a coder that `save` or SAELens has written, before its version 6 too.
 * @throws FormatError where the files are not such a folder; NeuronbookError on an architecture that is not known
 * @example
 * await transcoder.save(coder, 'coders/layer1')
 * const again = await transcoder.load('coders/layer1')
 */
export async function load(folder: string, options: LoadTranscoderOptions = {}): Promise<Transcoder> {
  const path = folder.replace(/[\\/]$/, '');
  const config = parsed(await readFile(`${path}/cfg.json`), `${path}/cfg.json`);
  const file = await openSafetensors(`${path}/sae_weights.safetensors`);
  try {
    const values = Object.fromEntries(
      file.names.map(name => [name, Float32Array.from(file.read(name).toFloat32OrWider())]),
    );
    assertUnscaled(values, path);
    return ours(config, values, options, path);
  } finally {
    file.close();
  }
}

function parsed(bytes: Uint8Array, path: string): Config {
  try {
    const read: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const config = modern((read ?? {}) as Config);
    const { architecture, d_in, d_sae } = config;
    if (typeof architecture === 'string' && typeof d_in === 'number' && typeof d_sae === 'number')
      return config;
  } catch (error) {
    throw new FormatError(`${path} is no JSON: ${(error as Error).message}`, path);
  }
  throw new FormatError(`${path} describes no coder; expected d_in and d_sae, as SAELens writes them`, path);
}
