/** What thresholds are set from: quantiles and means of |x| on some data. */
import { NeuronbookError } from '../../base/errors.ts';
import { readings, type HarvestData } from '../../model/harvest.ts';
import type { Model } from '../../model/model.ts';

export interface MeasureOptions {
  /** Examples in a batch, where the data is whole tensors. */
  batch?: number;
  /** Batches in all; needed where the data is a function. */
  batches?: number;
  seed?: number | string;
}

/** All values of a site, a row a position. */
async function valuesAt(model: Model, data: HarvestData, site: string, options: MeasureOptions) {
  const parts: Float32Array[] = [];
  const { name } = model.sites.get(site);
  let width = 0;
  for await (const { columns } of readings(model, data, { ...options, read: [site] })) {
    const column = columns.find(each => each.name === name)!;
    width = column.width;
    parts.push(column.data as Float32Array);
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (!length) throw new NeuronbookError('the data is empty; expected at least one batch');
  const values = new Float32Array(length);
  parts.reduce((at, part) => (values.set(part, at), at + part.length), 0);
  return { values, width };
}

/**
 * The size that a share of a site's entries stays below: |x| < q for the share s, linearly between entries, as NumPy's
 * `quantile`.
 * @param share from 0 to 1
 * @param options `weights`: a number per channel, by which |x| is multiplied first
 * @returns in the site's units (times the weights')
 * @example await sparsity.quantile(gpt, { tokens }, 'blocks.1.mlp.post', 0.5)
 */
export async function quantile(
  model: Model,
  data: HarvestData,
  site: string,
  share: number,
  { weights, ...options }: MeasureOptions & { weights?: ArrayLike<number> } = {},
): Promise<number> {
  if (!(share >= 0 && share <= 1)) throw new NeuronbookError(`share ${share}; expected a number from 0 to 1`);
  const { values, width } = await valuesAt(model, data, site, options);
  for (let i = 0; i < values.length; i++)
    values[i] = Math.abs(values[i]) * (weights ? weights[i % width] : 1);
  values.sort();
  const at = share * (values.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, values.length - 1);
  return values[low] + (at - low) * (values[high] - values[low]);
}

/**
 * E|xᵢ| of each channel.
 * @returns one number per channel
 * @example (await sparsity.means(gpt, { tokens }, 'blocks.1.mlp.post')).length
 */
export async function means(
  model: Model,
  data: HarvestData,
  site: string,
  options: MeasureOptions = {},
): Promise<Float64Array> {
  const { values, width } = await valuesAt(model, data, site, options);
  const sums = new Float64Array(width);
  for (let i = 0; i < values.length; i++) sums[i % width] += Math.abs(values[i]);
  return sums.map(sum => (sum * width) / values.length);
}
