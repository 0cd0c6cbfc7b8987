/** One pass over data, batch by batch, and what a model says there at the sites of a coder. */
import { NeuronbookError } from '../../base/errors.ts';
import { Tensor } from '../../base/tensor.ts';
import { progress, type Progress } from '../../display/progress.ts';
import { readings } from '../../model/harvest.ts';
import type { Model } from '../../model/model.ts';
import { drawing, isStream, lengthOf, type Batch, type Data } from '../../train/data.ts';
import { joined, type Rows } from './rows.ts';
import type { Transcoder } from './transcoder.ts';

export interface PassOptions {
  /** Examples in a batch, where the data is whole tensors. */
  batch?: number;
  /** Batches in all; needed where the data is a function. */
  batches?: number;
  /** Seed of the data's draws, where it is a function. */
  seed?: number | string;
  /** The axis of the sites that counts positions, where it cannot be told. */
  axis?: number;
}

/** Every example once; of whole tensors in order, the last batch being what is left. */
export async function* onePass(
  data: Data,
  { batch = 32, batches, seed = 0 }: PassOptions,
): AsyncGenerator<Batch> {
  let done = 0;
  const full = () => batches !== undefined && done++ >= batches;
  if (typeof data === 'function') {
    if (batches === undefined)
      throw new NeuronbookError('the data is a function, which never ends; say how many `batches`');
    const { draw } = drawing(data, seed);
    for (let i = 0; i < batches; i++) yield (await draw(i))!;
  } else if (isStream(data)) {
    for await (const each of data) {
      if (full()) return;
      yield each;
    }
  } else {
    const count = lengthOf(data);
    for (let from = 0; from < count && !full(); from += batch)
      yield rowsOf(data, from, Math.min(count, from + batch));
  }
}

/** A bar over the batches of one pass; without an end where only the data knows it. */
export function passBar(data: Data, { batch = 32, batches }: PassOptions, label: string): Progress<unknown> {
  const endless = typeof data === 'function' || isStream(data);
  const all = endless ? Infinity : Math.ceil(lengthOf(data) / batch);
  const total = Math.min(all, batches ?? Infinity);
  return progress([].values(), label, total < Infinity ? { total } : {});
}

function rowsOf(data: Batch, from: number, to: number): Batch {
  return Object.fromEntries(
    Object.entries(data).map(
      ([
        name,
        {
          dtype,
          dims: [count, ...rest],
          data: values,
        },
      ]) => {
        const width = values.length / count;
        const part = Array.isArray(values)
          ? values.slice(from * width, to * width)
          : values.subarray(from * width, to * width);
        return [name, new Tensor(dtype, [to - from, ...rest], part)];
      },
    ),
  );
}

/** Rows of the coder's sites, with the places that they are from. */
export interface PlacedRows extends Rows {
  readonly example: ArrayLike<number>;
  readonly position: ArrayLike<number>;
  /** The token at each row, where the model reads tokens. */
  readonly token?: ArrayLike<number>;
}

/** What the model says at the sites of the coder: a row for every position of the batch. */
export async function sitesOf(
  model: Model,
  batch: Batch,
  { from, to }: Pick<Transcoder, 'from' | 'to'>,
  axis?: number,
): Promise<PlacedRows> {
  const names = (sites: readonly string[]) => sites.map(site => model.sites.get(site).name);
  for await (const { rows, columns } of readings(model, [batch], {
    read: [...new Set([...names(from), ...names(to)])],
    axis,
  })) {
    const column = (name: string) => columns.find(each => each.name === name)?.data;
    const sites = Object.fromEntries(
      columns
        .filter(({ data }) => data instanceof Float32Array)
        .map(({ name, width, data }) => [name, new Tensor('float32', [rows, width], data as Float32Array)]),
    );
    const x = joined(sites, names(from));
    const y = joined(sites, names(to));
    return { x, y, example: column('example')!, position: column('position')!, token: column('token') };
  }
  throw new NeuronbookError('the batch is empty; expected at least one example');
}
