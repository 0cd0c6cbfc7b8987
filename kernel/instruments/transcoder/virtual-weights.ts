/**
 * What features give to features, to outputs, and take from tokens, on any input: read off the weights of coders and of
 * the network between them. Normalizations count as their mean scale on some data; a head of attention as what it
 * writes of a position that it attends to wholly.
 *
 *   f ──W_dec──▶ [× gain/σ] ──W_V·W_O of a head, or straight on──▶ [× gain/σ] ──W_enc──▶ f′
 *
 * The network itself is asked: with scales held, patterns set and MLPs silent, its derivative is that product.
 *
 * @see https://arxiv.org/abs/2406.11944 section 4.1 (input-invariant connections, de-embeddings, attention's OV)
 */
import { NeuronbookError, ShapeError } from '../../base/errors.ts';
import { Tensor, tensor } from '../../base/tensor.ts';
import { compile } from '../../engine/compile.ts';
import { fusedMatmul } from '../../engine/functions.ts';
import { Trace } from '../../engine/trace.ts';
import { ablate, patch } from '../../model/edits.ts';
import { frozen, lengthsOf } from '../../model/frozen.ts';
import type { Inputs } from '../../model/feeds.ts';
import type { Model } from '../../model/model.ts';
import { repeated } from './layers.ts';
import type { Transcoder } from './transcoder.ts';

export interface VirtualWeightsOptions {
  /** Examples to measure the mean scale of each normalization on. */
  inputs: Inputs;
  /** Go through one head: its pattern's site, and its number. Straight through the residual stream where left out. */
  head?: readonly [pattern: string, head: number];
}

/**
 * What one unit of each feature of `early` adds to the pre-activation of each feature of `late`, whatever the input.
 *
 * @returns F×F′; through a head, at a later position that attends to the feature's with a weight of 1
 * @throws NameError on an unknown site; ShapeError where there is no such head; NeuronbookError on coders of several sites
 * @example (await transcoder.virtualWeights(gpt, coder, coder, { inputs: { tokens } })).dims // → 16,16
 */
export async function virtualWeights(
  model: Model,
  early: Transcoder,
  late: Transcoder,
  { inputs, head }: VirtualWeightsOptions,
): Promise<Tensor> {
  const { W_enc } = late.weights;
  const at = single(early.to);
  const straight = await slopes(model, inputs, at, single(late.from), W_enc);
  if (!head) return product(early.weights.W_dec, straight);
  const both = await slopes(model, inputs, at, single(late.from), W_enc, head);
  const through = (both.data as Float32Array).map((value, i) => value - Number(straight.data[i]));
  return product(early.weights.W_dec, new Tensor('float32', both.dims, through));
}

/**
 * What each token adds to the pre-activation of each feature at its own position, straight through the residual stream:
 * a feature's de-embedding.
 *
 * @param options `inputs`: examples to measure the mean scale of each normalization on; `vocabulary`: how many tokens
 *   there are; `embed`: the site of embeddings
 * @returns V×F
 * @throws NameError on an unknown site
 * @example (await transcoder.deembeddings(gpt, coder, { inputs: { tokens }, vocabulary: 10 })).dims // → 10,16
 */
export async function deembeddings(
  model: Model,
  late: Transcoder,
  { inputs, vocabulary, embed = 'embed' }: { inputs: Inputs; vocabulary: number; embed?: string },
): Promise<Tensor> {
  const [name] = Object.keys(inputs);
  const every = BigInt64Array.from({ length: vocabulary }, (_, i) => BigInt(i));
  const read = await model.run(
    { ...inputs, [name]: tensor(every, [vocabulary, 1]) },
    { read: [embed], outputs: [] },
  );
  const rows = read.sites[model.sites.get(embed).name].cast('float32');
  const pulled = await slopes(model, inputs, embed, single(late.from), late.weights.W_enc);
  return product(rows.reshape([vocabulary, rows.dims.at(-1)!]), pulled);
}

/**
 * What one unit of each feature adds to each output at its own position, straight through the residual stream.
 *
 * @param options `inputs`: examples to measure the mean scale of each normalization on; `logits`: the output
 * @returns F×V
 * @throws NameError on an unknown site
 * @example (await transcoder.outputEffects(gpt, coder, { inputs: { tokens } })).dims[0] // → 16
 */
export async function outputEffects(
  model: Model,
  t: Transcoder,
  { inputs, logits }: { inputs: Inputs; logits?: string },
): Promise<Tensor> {
  const { of, dispose } = await effector(model, t, { inputs, logits });
  const effects = await of(Array.from({ length: t.features }, (_, feature) => feature));
  dispose();
  return effects;
}

/** The same for a few features at a time, while the network is made once. */
export interface Effector {
  /** features × V */
  of(features: readonly number[]): Promise<Tensor>;
  dispose(): void;
}

export async function effector(
  model: Model,
  { weights, to }: Transcoder,
  { inputs, logits = 'logits' }: { inputs: Inputs; logits?: string },
): Promise<Effector> {
  const site = single(to);
  const direct = await bare(model, inputs, site);
  const [decoder, width] = [weights.W_dec.data as Float32Array, weights.W_dec.dims[1]];
  return {
    async of(features) {
      const chosen = new Float32Array(features.length * width);
      features.forEach((f, i) => chosen.set(decoder.subarray(f * width, (f + 1) * width), i * width));
      const { rows, given, length } = laid(inputs, chosen, features.length);
      const { [logits]: moved } = await direct.jvp(given, { of: [logits], at: { [site]: rows } });
      const outputs = moved.dims.at(-1)!;
      const values = (moved.data as Float32Array).slice(0, length * outputs);
      return new Tensor('float32', [features.length, outputs], values);
    },
    dispose: () => direct.dispose(),
  };
}

function single(sites: readonly string[]): string {
  if (sites.length > 1) throw new NeuronbookError(`a coder of ${sites.join(' + ')}; expected one site`);
  return sites[0];
}

/** The network without what depends on the input: scales at their mean, no attention but for one head, silent MLPs. */
async function bare(
  model: Model,
  inputs: Inputs,
  at: string,
  head?: VirtualWeightsOptions['head'],
): Promise<Model> {
  const names = [...model.sites].map(({ name }) => name);
  const silent = new Set([...names.filter(name => /(^|\.)mlp\.out$/.test(name)), model.sites.get(at).name]);
  const patterns = names.filter(name => /(^|\.)pattern$/.test(name));
  const sizes = lengthsOf(model, inputs);
  const scaled = (await frozen(model, inputs, { norms: 'mean', patterns: false })).sized(sizes);
  return scaled.edit(
    [...silent].map(site => ablate(site)),
    patterns.map(site =>
      head && model.sites.get(head[0]).name === site ? onlyHead(scaled, site, head[1]) : ablate(site),
    ),
  );
}

/** A pattern in which one head attends to its own position, and the others to nothing. */
function onlyHead(model: Model, site: string, head: number) {
  const [, heads, length] = (model.sites.get(site).shape ?? []) as number[];
  if (!(head >= 0 && head < heads))
    throw new ShapeError(`head ${head} of ${site}; expected 0 to ${heads - 1}`);
  const pattern = new Float32Array(heads * length * length);
  for (let t = 0; t < length; t++) pattern[(head * length + t) * length + t] = 1;
  return patch(site, new Tensor('float32', [1, heads, length, length], pattern));
}

/** ∂(x·W)/∂(value at a site), column by column of W at `to`: F′×width. */
async function slopes(
  model: Model,
  inputs: Inputs,
  at: string,
  to: string,
  W: Tensor,
  head?: VirtualWeightsOptions['head'],
): Promise<Tensor> {
  const [width, count] = W.dims;
  const columns = new Float32Array(W.size);
  for (let i = 0; i < width; i++)
    for (let j = 0; j < count; j++) columns[j * width + i] = Number(W.data[i * count + j]);
  const direct = await bare(model, inputs, at, head);
  const { rows, given, length } = laid(inputs, columns, count);
  const { [at]: pulled } = await direct.vjp(given, { of: { [to]: rows }, at: [at] });
  direct.dispose();
  const size = pulled.dims.at(-1)!;
  return new Tensor('float32', [count, size], (pulled.data as Float32Array).slice(0, length * size));
}

/** Rows side by side as positions of as many examples as they take. */
function laid(inputs: Inputs, values: Float32Array, count: number) {
  const examples = Object.entries(inputs).map(([name, value]) => [name, tensor(value)] as const);
  const [, { dims }] = examples[0];
  const [length, width] = [dims[1], values.length / count];
  const times = Math.ceil(count / length);
  const all = new Float32Array(times * length * width);
  all.set(values);
  const one = (value: Tensor) => value.at(0).reshape([1, ...value.dims.slice(1)]);
  return {
    rows: new Tensor('float32', [times, length, width], all),
    given: Object.fromEntries(examples.map(([name, value]) => [name, repeated(one(value), times)])),
    length: count,
  };
}

/** A·Bᵀ */
async function product(a: Tensor, b: Tensor): Promise<Tensor> {
  const trace = new Trace();
  const [left, right] = [trace.input('a', 'float32', a.dims), trace.input('b', 'float32', b.dims)];
  const program = await compile(
    trace.graph({ made: fusedMatmul(left, right, { transB: true }) }, 'virtual weights'),
  );
  const { made } = await program.run({ a, b });
  await program.release();
  return made;
}
