/**
 * `harvest`: a network's activations on a body of data, written to disk as they come. The model's side is
 * `model/harvest.ts`, the store's is `data/activations`; here they meet.
 */
import { host } from '../../base/host.ts';
import type { Activations } from '../../data/activations/activations.ts';
import { Recorder } from '../../data/activations/recorder.ts';
import { progress } from '../../display/progress.ts';
import {
  countBatches,
  harvestFingerprint,
  readings,
  type HarvestData,
  type ReadingOptions,
} from '../../model/harvest.ts';
import type { Model } from '../../model/model.ts';

export interface HarvestOptions extends Omit<ReadingOptions, 'skip' | 'beside'> {
  /** The folder to write to; activations stay in memory where left out. */
  to?: string;
  /** `float16` rounds values to half precision, which takes half the room on disk. */
  dtype?: 'float32' | 'float16';
  /** Stop behind the batch that brings this many rows. */
  rows?: number;
  /** Replace what the folder holds. */
  overwrite?: boolean;
  /** Bytes of values that are held back before they are written as a part. */
  partBytes?: number;
  /** Show a progress bar. */
  live?: boolean;
}

/**
 * Reads sites of a network on all of the data. The network is cut behind the last of them; memory does not grow.
 *
 * With `to`, what has been written stays when the harvest is interrupted or killed, and the same call goes on from
 * there; where all is written already, it is opened. The model with its weights, the data (a function by its source
 * text and `seed`) and the options decide what is the same.
 * @returns the activations; after Interrupt, those so far
 * @throws NameError on an unknown site; ShapeError where sites differ in their rows
 * @throws NeuronbookError where the folder holds something else
 * @example
 * const acts = await harvest(gpt, { tokens }, { read: ['blocks.1.mlp.post'], to: 'acts/' })
 * await acts.query('select token, max("blocks.1.mlp.post"[1]) as most from acts group by token order by most desc limit 5')
 */
export async function harvest(
  model: Model,
  data: HarvestData,
  options: HarvestOptions,
): Promise<Activations> {
  const { read, batch = 32, batches, seed = 0, axis, to, dtype = 'float32' } = options;
  const { rows = Infinity, live = true } = options;
  const sites = model.sites.select(read).map(site => site.name);
  const recorder = await Recorder.open({
    to,
    dtype,
    overwrite: options.overwrite,
    partBytes: options.partBytes,
    fingerprint: to === undefined ? '' : harvestFingerprint(model, data, { sites, batch, seed, axis, dtype }),
  });
  const total = countBatches(data, batch, batches);
  const finished = () => recorder.rows >= rows || recorder.batches >= (total ?? Infinity);
  if (finished() || (recorder.complete && total === undefined)) return recorder.close(recorder.complete);

  const bar = live ? progress([], `Harvesting ${sites.join(', ')}`, { total }) : undefined;
  bar?.to(recorder.batches);
  let ended = false;
  try {
    for await (const table of readings(model, data, { ...options, skip: recorder.batches })) {
      await recorder.append(table);
      bar?.step(1, `${recorder.rows.toLocaleString('en')} rows`);
      if (host().interrupted || recorder.rows >= rows) break;
    }
    ended = !host().interrupted && recorder.rows < rows;
  } finally {
    // also after an error: what has been read is kept
    bar?.end(ended ? 'done' : 'stopped');
    if (!ended) await recorder.close(false);
  }
  return recorder.close(ended);
}
