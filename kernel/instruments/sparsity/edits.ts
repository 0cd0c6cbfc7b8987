/**
 * Sparsity as an edit: some entries stay as they are, bit for bit, the others become zero.
 *
 *   top-k      the k largest |x| of each row            y = x where rank(|x|) < k
 *   threshold  what is at least t, or tᵢ per channel     y = x where |xᵢ| ≥ tᵢ
 *   keep       channels that are chosen once             y = x where i ∈ core
 */
import { NeuronbookError, ShapeError } from '../../base/errors.ts';
import { wrapAxis } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import { int } from '../../engine/attributes.ts';
import { gatherElements, scatterElements } from '../../engine/functions-indexing.ts';
import { abs, constant, gather, int64s, less, mul, where } from '../../engine/functions.ts';
import type { Var } from '../../engine/var.ts';
import { ablate, type Edit } from '../../model/edits.ts';
import type { Site } from '../../model/sites.ts';

export interface TopKOptions {
  /** Entries of each row that stay. */
  k: number;
  /** `abs`: the largest by size, either sign; `value`: the largest above all. */
  by?: 'abs' | 'value';
  /**
   * Rank entry i by what entry order[i] has: a permutation of the channels. A control, which keeps as many entries, of
   * other units.
   */
  order?: readonly number[];
}

/**
 * The k largest entries of each row, the others zero: exactly k places, of equal entries the earlier ones. With k as large as the
 * row is wide, nothing changes. Gradients flow through the entries that stay.
 * @throws ShapeError where k is no number of channels
 * @see https://arxiv.org/abs/2210.06313
 * @example const sparse = gpt.edit(sparsity.topK('blocks.1.mlp.post', { k: 8 }))
 */
export function topK(site: string, { k, by = 'abs', order }: TopKOptions): Edit {
  return {
    site,
    text: `topK('${site}', ${k}${order ? ', other entries' : ''})`,
    build(value, at) {
      const axis = axisOf(value, at);
      const width = value.dims[axis];
      if (!Number.isInteger(k) || k < 1 || k > width)
        throw new ShapeError(`top ${k} of ${width} channels at ${at.name}; expected 1 to ${width}`);
      if (order && order.length !== width)
        throw new ShapeError(`order of ${order.length} channels at ${at.name}; expected ${width}, each once`);
      const size = by === 'abs' ? abs(value) : value;
      const ranked = order ? gather(size, int64s(value.trace, order), axis) : size;
      const count = int64s(value.trace, [k]);
      const [, places] = value.trace.apply('TopK', [ranked, count], { axis: int(axis) }, { outputs: 2 });
      return scatterElements(mul(value, 0), places, gatherElements(value, places, axis), axis);
    },
  };
}

/**
 * Entries smaller than a threshold become zero: one threshold, or one for each channel. At 0 nothing changes.
 * @param least what |x| has to reach; an infinite one silences its channel
 * @throws NeuronbookError where a threshold is negative or no number; ShapeError where they are not one per channel
 * @see https://arxiv.org/abs/2404.08763 and https://arxiv.org/abs/2409.01366
 * @example
 * const least = await sparsity.quantile(gpt, { tokens }, 'blocks.1.mlp.post', 0.5)
 * const sparse = gpt.edit(sparsity.threshold('blocks.1.mlp.post', least))
 */
export function threshold(site: string, least: number | ArrayLike<number>): Edit {
  const list = typeof least === 'number' ? [least] : Array.from(least);
  const wrong = list.find(value => !(value >= 0));
  if (wrong !== undefined)
    throw new NeuronbookError(`threshold ${wrong} at ${site}; expected numbers from 0`);
  const text = typeof least === 'number' ? `${+least.toPrecision(4)}` : `${list.length} thresholds`;
  return {
    site,
    text: `threshold('${site}', ${text})`,
    build(value, at) {
      const axis = axisOf(value, at);
      const width = value.dims[axis];
      if (typeof least !== 'number' && list.length !== width)
        throw new ShapeError(`${list.length} thresholds at ${at.name}; expected ${width}, one per channel`);
      const dims = typeof least === 'number' ? [] : value.dims.map((_, i) => (i === axis ? width : 1));
      const bound = constant(value.trace, tensor(Float32Array.from(list), dims).cast(value.dtype));
      return where(less(abs(value), bound), 0, value);
    },
  };
}

/**
 * Some channels stay, all others become zero at every position.
 * @example const core = gpt.edit(sparsity.keep('blocks.1.mlp.post', [0, 5, 6]))
 */
export function keep(site: string, channels: readonly number[]): Edit {
  return {
    site,
    text: `keep('${site}', ${channels.length} channels)`,
    build(value, at, read) {
      const width = value.dims[axisOf(value, at)];
      const stray = channels.find(channel => !Number.isInteger(channel) || channel < 0 || channel >= width);
      if (stray !== undefined)
        throw new ShapeError(`channel out of range: ${stray} at ${at.name}; expected 0 to ${width - 1}`);
      const kept = new Set(channels);
      const gone = Array.from({ length: width }, (_, i) => i).filter(i => !kept.has(i));
      return gone.length ? ablate(site, { channels: gone }).build(value, at, read) : value;
    },
  };
}

const axisOf = (value: Var, site: Site): number => wrapAxis(site.channelAxis, value.dims.length);
