/**
 * The skeleton that all sparse coders share, and where their weights lie.
 *
 *   x ─(− b)─·W_enc─▶ [architecture] ─▶ z ─·W_dec─▶ (+ b_dec) (+ x·W_skip) ─▶ ŷ
 *
 * An autoencoder is a transcoder whose target is its input, and takes b = b_dec; a transcoder has a b of its own,
 * b_in. A crosscoder reads several sites side by side, and writes several.
 */
import { sizeOf } from '../../base/shape.ts';
import { rng, type Rng } from '../../base/rng.ts';
import { Tensor } from '../../base/tensor.ts';
import { add, full, gather, gemm, matmul, reshape, sub } from '../../engine/functions.ts';
import type { Var } from '../../engine/var.ts';
import type { Parameter } from '../../train/parameters.ts';
import type { Architecture, OwnWeight, Weights } from './architecture.ts';
import type { Few } from './gates.ts';

/** What is taken from x before it is projected: b_dec, a weight of its own, or nothing. */
export type Centre = 'b_dec' | 'b_in' | 'none';

export interface Coder {
  readonly architecture: Architecture;
  /** Channels of each site that is read, and of each that is written. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly features: number;
  readonly centre: Centre;
  /** Whether x·W_skip is added. */
  readonly skip: boolean;
}

export const total = (widths: readonly number[]): number => widths.reduce((sum, width) => sum + width, 0);

/** A weight, how it begins, and what becomes of it where units change: inputs × a, outputs × b, features × c. */
interface Entry extends Pick<OwnWeight, 'dims' | 'measured'> {
  begin(random: Rng): Float32Array;
  rescale(value: Float32Array, a: number, b: number, c: number): Float32Array;
}

function entriesOf({ architecture, inputs, outputs, features, centre, skip }: Coder): Record<string, Entry> {
  const [dIn, dOut] = [total(inputs), total(outputs)];
  const filled = (dims: readonly number[], value = 0) => ({
    dims,
    begin: () => new Float32Array(sizeOf(dims)).fill(value),
  });
  const own = Object.entries(architecture.own(features)).map(([name, { dims, init, scales, measured }]) => {
    const rescale: Entry['rescale'] = (value, _a, _b, c) =>
      scales === 'times' ? times(value, c) : scales === 'log' ? value.map(x => x + Math.log(c)) : value;
    return [name, { ...filled(dims, init), measured, rescale }] as const;
  });
  return {
    W_enc: {
      dims: [dIn, features],
      begin: random => transposed(directions(random, features, dIn), features, dIn),
      rescale: (value, a, _b, c) => times(value, c / a),
    },
    W_dec: {
      dims: [features, dOut],
      begin: random => directions(random, features, dOut),
      rescale: (value, _a, b, c) => times(value, b / c),
    },
    b_dec: { ...filled([dOut]), rescale: (value, _a, b) => times(value, b) },
    ...(centre === 'b_in' && { b_in: { ...filled([dIn]), rescale: (value, a) => times(value, a) } }),
    ...(skip && { W_skip: { ...filled([dIn, dOut]), rescale: (value, a, b) => times(value, b / a) } }),
    ...Object.fromEntries(own),
  };
}

const times = (value: Float32Array, factor: number): Float32Array => value.map(x => x * factor);

/** Random directions: rows of norm 1. */
function directions(random: Rng, rows: number, width: number): Float32Array {
  return unitRows(
    Float32Array.from({ length: rows * width }, () => random.normal()),
    width,
  );
}

/** Each row over its norm. */
export function unitRows(values: Float32Array, width: number): Float32Array {
  const unit = new Float32Array(values.length);
  for (let from = 0; from < values.length; from += width) {
    const norm = normOf(values.subarray(from, from + width));
    for (let i = from; i < from + width; i++) unit[i] = values[i] / (norm || 1);
  }
  return unit;
}

export function normOf(vector: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] ** 2;
  return Math.sqrt(sum);
}

/** R×C → C×R. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) turned[j * rows + i] = values[i * columns + j];
  return turned;
}

/** The weights end to end: those that gradients move, and those that are measured. */
export function layoutOf(coder: Coder): { trained: Parameter[]; measured: Parameter[] } {
  const entries = Object.entries(entriesOf(coder));
  const laid = (which: boolean) => {
    let offset = 0;
    return entries
      .filter(([, { measured = false }]) => measured === which)
      .map(([name, { dims }]): Parameter => {
        const size = sizeOf(dims);
        offset += size;
        return { name, dims, offset: offset - size, size, decayed: dims.length >= 2 };
      });
  };
  return { trained: laid(false), measured: laid(true) };
}

/**
 * First weights, each drawn from a stream of its own: decoder rows of norm 1 and, where input and output are one
 * space, the encoder their transpose.
 */
export function firstWeights(coder: Coder, seed: number | string): Record<string, Tensor> {
  const random = rng(seed);
  const made = Object.fromEntries(
    Object.entries(entriesOf(coder)).map(([name, { dims, begin }]) => [
      name,
      new Tensor('float32', dims, begin(random.split(name))),
    ]),
  );
  if (coder.centre !== 'b_dec') return made;
  const { W_dec, W_enc } = made;
  const turned = transposed(W_dec.data as Float32Array, ...(W_dec.dims as [number, number]));
  return { ...made, W_enc: new Tensor('float32', W_enc.dims, turned) };
}

/**
 * The same coder for inputs a times, outputs b times and features c times as large. Exact: every architecture is
 * homogeneous, f(c·p, c·bias, c·θ) = c·f(p, bias, θ).
 */
export function rescaled(
  coder: Coder,
  weights: Readonly<Record<string, Tensor>>,
  { inputs: a, outputs: b, features: c }: { inputs: number; outputs: number; features: number },
): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(entriesOf(coder)).map(([name, { dims, rescale }]) => [
      name,
      new Tensor('float32', dims, rescale(weights[name].data as Float32Array, a, b, c)),
    ]),
  );
}

/** (x − b)·W_enc: …×inputs → …×F. */
export function project(x: Var, weights: Weights, { centre }: Pick<Coder, 'centre'>): Var {
  return matmul(centre === 'none' ? x : sub(x, weights[centre]), weights.W_enc);
}

/**
 * The same of a batch that itself wants no gradient. That of b needs no product of the batch's size then:
 *
 *     ∂b = −W_enc·Σ over rows ∂p,  ∂W_enc = (x − b)ᵀ·∂p
 */
export function projectBatch(x: Var, weights: Weights, coder: Pick<Coder, 'centre'>): Var {
  const { centre } = coder;
  if (centre === 'none') return project(x, weights, coder);
  const [b, w] = [weights[centre], weights.W_enc];
  const centred = sub(x, b);
  const ones = full(x.trace, [1, x.dims[0]], -1);
  return x.trace.custom(
    [b, w],
    () => matmul(centred, w),
    dp => [
      reshape(gemm(matmul(ones, dp), w, undefined, { transB: true }), b.dims),
      gemm(centred, dp, undefined, { transA: true }),
    ],
  );
}

/** z of x in use, at any size: …×inputs → …×F. */
export const featuresOf = (x: Var, weights: Weights, coder: Coder): Var =>
  coder.architecture.features(project(x, weights, coder), weights);

/** With so many features for each that is active, gathered rows are faster than the whole product. */
const GATHERED_FROM = 128;

/**
 * z·W_dec of few features: Σ of v times their rows of W_dec, N×k → N×outputs.
 *
 *     ∂v = ⟨row, dy⟩,  ∂W_dec = zᵀ·dy
 */
function written(z: Var, { values, places }: Few, w: Var): Var {
  const [count, k] = values.dims;
  const [features, outputs] = w.dims;
  if (features < GATHERED_FROM * k) return matmul(z, w);
  const rows = gather(w, places);
  return z.trace.custom(
    [values, w],
    () => reshape(matmul(reshape(values, [count, 1, k]), rows), [count, outputs]),
    dy => [
      reshape(matmul(rows, reshape(dy, [count, outputs, 1])), [count, k]),
      gemm(z, dy, undefined, { transA: true }),
    ],
  );
}

/**
 * z·W_dec + b_dec, and x·W_skip where there is one: …×F → …×outputs.
 * @param few the same features as z, of a batch N×F
 */
export function decode(z: Var, x: Var, weights: Weights, { skip }: Pick<Coder, 'skip'>, few?: Few): Var {
  const product = few ? written(z, few, weights.W_dec) : matmul(z, weights.W_dec);
  const plain = add(product, weights.b_dec);
  return skip ? add(plain, matmul(x, weights.W_skip)) : plain;
}
