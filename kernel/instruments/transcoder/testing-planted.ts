/**
 * Planted features: a ReLU teacher whose hidden units are known, so that what a coder finds can be matched with what
 * is there.
 *
 *   x ~ N(0, I),  h = relu(x·E − θ),  y = h·D      E, D: random directions; θ so that 5 % of the units are active
 */
import { rng } from '../../base/rng.ts';
import { Tensor } from '../../base/tensor.ts';
import type { Batch } from '../../train/data.ts';
import { normOf, unitRows } from './coder.ts';
import type { Transcoder } from './transcoder.ts';

export interface Planted {
  readonly width: number;
  readonly features: number;
}

/** Φ⁻¹(0.95): 5 % of the units are active. */
const THRESHOLD = 1.6449;

/** Features active at a row, on average. */
export const activeAt = ({ features }: Planted): number => 0.05 * features;

export interface Teacher extends Planted {
  /** D, features × width: norm 1 each. */
  readonly decoder: Float32Array;
  /** Rows x and y by name; the same step gives the same rows. */
  data(rows: number): (step: number) => Batch;
  /** The same, where each y is that of another row. */
  shuffled(rows: number): (step: number) => Batch;
}

export function teacher(seed: number | string, { width, features }: Planted): Teacher {
  const random = rng(`${seed}/teacher`);
  const directions = (label: string) => {
    const stream = random.split(label);
    return unitRows(
      Float32Array.from({ length: features * width }, () => stream.normal()),
      width,
    );
  };
  const [encoder, decoder] = [directions('encoder'), directions('decoder')];
  const draw = (rows: number, step: number): [Float32Array, Float32Array] => {
    const stream = rng(`${seed}/rows/${step}`);
    const x = Float32Array.from({ length: rows * width }, () => stream.normal());
    const y = new Float32Array(rows * width);
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < features; i++) {
        let pre = -THRESHOLD;
        for (let j = 0; j < width; j++) pre += x[row * width + j] * encoder[i * width + j];
        if (pre > 0) for (let j = 0; j < width; j++) y[row * width + j] += pre * decoder[i * width + j];
      }
    return [x, y];
  };
  const tensors = (rows: number, x: Float32Array, y: Float32Array): Batch => ({
    x: new Tensor('float32', [rows, width], x),
    y: new Tensor('float32', [rows, width], y),
  });
  return {
    width,
    features,
    decoder,
    data: rows => step => tensors(rows, ...draw(rows, step)),
    shuffled: rows => step => {
      const [x, y] = draw(rows, step);
      const order = rng(`${seed}/shuffle/${step}`).permutation(rows);
      const dealt = new Float32Array(y.length);
      order.forEach((from, to) => dealt.set(y.subarray(from * width, (from + 1) * width), to * width));
      return tensors(rows, x, dealt);
    },
  };
}

/** The share of planted features that some feature of the coder matches: cosine of decoder rows above `above`. */
export function matched({ weights, features }: Transcoder, planted: Teacher, above = 0.9): number {
  const { width, features: count, decoder } = planted;
  const found = weights.W_dec.data as Float32Array;
  const cosine = (i: number, j: number) => {
    const [a, b] = [decoder.subarray(i * width, (i + 1) * width), found.subarray(j * width, (j + 1) * width)];
    return a.reduce((sum, value, at) => sum + value * b[at], 0) / (normOf(a) * normOf(b) || 1);
  };
  const best = Array.from({ length: count }, (_, i) =>
    Math.max(...Array.from({ length: features }, (_, j) => cosine(i, j))),
  );
  return best.filter(value => value > above).length / count;
}

/** What the coder does on rows that it has not seen: FVU = Σ(y − ŷ)² / Σ(y − ȳ)², and features active at a row. */
export async function scored(coder: Transcoder, { x, y }: Batch): Promise<{ fvu: number; l0: number }> {
  const [rows, width] = y.dims;
  const z = (await coder.encode(x)).data as Float32Array;
  const [wanted, got] = [y.data as Float32Array, (await coder.reconstruct(x)).data as Float32Array];
  const mean = new Float64Array(width);
  wanted.forEach((value, i) => (mean[i % width] += value / rows));
  let [off, spread] = [0, 0];
  wanted.forEach((value, i) => {
    off += (value - got[i]) ** 2;
    spread += (value - mean[i % width]) ** 2;
  });
  return { fvu: off / spread, l0: z.reduce((count, value) => count + Number(value > 0), 0) / rows };
}
