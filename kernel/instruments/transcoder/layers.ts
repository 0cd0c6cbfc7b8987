/** The layers of a model as their coders see them on one input: what is written, what of it the features say. */
import { NeuronbookError, ShapeError } from '../../base/errors.ts';
import { formatDims } from '../../base/shape.ts';
import { Tensor, tensor } from '../../base/tensor.ts';
import type { Inputs } from '../../model/feeds.ts';
import type { Model } from '../../model/model.ts';
import type { Transcoder } from './transcoder.ts';

/** One MLP. Without a coder everything that it writes is an error. */
export interface Layer {
  readonly to: string;
  readonly from?: string;
  readonly coder?: Transcoder;
  /** y − ŷ, T×width. */
  readonly error: Float32Array;
  /** T×F. */
  readonly z: Float32Array;
  readonly features: number;
  /** W_enc width×F, W_dec F×width. */
  readonly encoder?: Float32Array;
  readonly decoder?: Float32Array;
  /** b_dec; what is taken from x before it is projected; what is added behind. */
  readonly bias?: Float32Array;
  readonly centre?: Float32Array;
  readonly threshold?: Float32Array;
}

export interface Layers {
  readonly inputs: Inputs;
  readonly list: readonly Layer[];
  /** The sites that are written, in order. */
  readonly outs: readonly string[];
  readonly start: string;
  /** The residual stream at its beginning, T×width. */
  readonly stream: Float32Array;
  readonly positions: number;
  readonly width: number;
  readonly tokens?: readonly number[];
}

/** Reads what every MLP does on one example. */
export async function layersOf(
  model: Model,
  coders: readonly Transcoder[],
  inputs: Inputs,
  start: string,
): Promise<Layers> {
  const order = [...model.sites].map(({ name }) => name);
  const written = coders.map(({ to }) => model.sites.get(to[0]).name);
  coders.forEach((coder, i) => checked(coder, written.indexOf(written[i]) !== i));
  const mlps = order.filter(name => /(^|\.)mlp\.out$/.test(name));
  const outs = [...new Set([...mlps, ...written])].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const sources = coders.map(({ from }) => model.sites.get(from[0]).name);
  const { sites } = await model.run(inputs, {
    read: [...new Set([start, ...outs, ...sources])],
    outputs: [],
  });
  const stream = sites[model.sites.get(start).name];
  const [examples, positions, width] = stream.dims;
  if (examples !== 1 || stream.dims.length !== 3)
    throw new ShapeError(`${start} is ${formatDims(stream.dims)}; expected one example, 1×T×F`);
  const list = await Promise.all(
    outs.map(async (to): Promise<Layer> => {
      const y = sites[to].cast('float32').data as Float32Array;
      const which = written.indexOf(to);
      if (which < 0) return { to, error: y, z: new Float32Array(0), features: 0 };
      return coded(coders[which], to, sources[which], sites[sources[which]], y);
    }),
  );
  const tokens = Object.values(inputs)
    .map(value => tensor(value))
    .find(({ dtype, dims }) => /int/.test(dtype) && dims.length === 2);
  return {
    inputs,
    list,
    outs,
    start,
    stream: stream.cast('float32').data as Float32Array,
    positions,
    width,
    tokens: tokens?.toNumbers(),
  };
}

function checked({ from, to, coder }: Transcoder, again: boolean): void {
  const way = `${from.join(' + ')} → ${to.join(' + ')}`;
  if (from.length !== 1 || to.length !== 1 || coder.centre === 'b_dec')
    throw new NeuronbookError(`${way} is no transcoder; expected one from an MLP's input to its output`);
  if (again) throw new NeuronbookError(`two coders write ${to[0]}; expected one a site`);
}

async function coded(
  coder: Transcoder,
  to: string,
  from: string,
  x: Tensor,
  y: Float32Array,
): Promise<Layer> {
  const { features, weights } = coder;
  const z = await coder.encode(x);
  // the skip of a skip transcoder counts among what features do not say
  const explained = (await coder.decode(z)).data as Float32Array;
  const values = (name: string) => weights[name]?.data as Float32Array | undefined;
  return {
    to,
    from,
    coder,
    features,
    error: y.map((value, i) => value - explained[i]),
    z: z.data as Float32Array,
    encoder: values('W_enc'),
    decoder: values('W_dec'),
    bias: values('b_dec'),
    centre: values('b_in'),
    threshold: values('b_enc') ?? new Float32Array(features),
  };
}

/** One example, several times. */
export function repeated({ dtype, dims, data }: Tensor, times: number): Tensor {
  if (Array.isArray(data)) throw new ShapeError(`${dtype} inputs cannot be repeated; expected numbers`);
  const all = new (data.constructor as Float32ArrayConstructor)(times * data.length);
  for (let i = 0; i < times; i++) all.set(data as Float32Array, i * data.length);
  return new Tensor(dtype, [times, ...dims.slice(1)], all);
}
