/** What is measured before the first step: how large the data is, and where its middle lies. */
import { NeuronbookError } from '../../base/errors.ts';
import type { Tensor } from '../../base/tensor.ts';
import { normOf } from './coder.ts';

/** Where biases of the data begin. */
export type Middle = 'mean' | 'median' | 'zero';

/**
 * What to multiply rows of width d by, so that their norm is √d on average.
 * @throws NeuronbookError where all rows are zero
 * @see https://transformer-circuits.pub/2024/april-update (training)
 */
export function normScale({ dims: [rows, width], data }: Tensor): number {
  const values = data as Float32Array;
  let sum = 0;
  for (let row = 0; row < rows; row++) sum += normOf(values.subarray(row * width, (row + 1) * width));
  if (!(sum > 0) || !Number.isFinite(sum))
    throw new NeuronbookError(
      `the rows cannot be normalized: their norms add up to ${sum}; look at the site, or set \`normalize: false\``,
    );
  return (Math.sqrt(width) * rows) / sum;
}

/** The mean of the rows, their geometric median, or zero. */
export function middleOf(rows: Tensor, which: Middle): Float32Array {
  const width = rows.dims[1];
  if (which === 'zero') return new Float32Array(width);
  const mean = weightedMean(rows, () => 1);
  return which === 'mean' ? Float32Array.from(mean) : geometricMedian(rows, mean);
}

/**
 * The point with the least sum of distances to the rows, by Weiszfeld's iteration m′ = Σ xᵢ/‖xᵢ − m‖ / Σ 1/‖xᵢ − m‖;
 * distances below 10⁻⁶ count as that (E. Weiszfeld, 1937).
 */
function geometricMedian(rows: Tensor, start: Float64Array): Float32Array {
  let median = start;
  for (let i = 0; i < 100; i++) {
    const next = weightedMean(rows, row => 1 / Math.max(1e-6, normOf(row.map((x, j) => x - median[j]))));
    const moved = normOf(next.map((x, j) => x - median[j]));
    median = next;
    if (moved <= 1e-6 * normOf(median)) break;
  }
  return Float32Array.from(median);
}

function weightedMean(
  { dims: [rows, width], data }: Tensor,
  weigh: (row: Float32Array) => number,
): Float64Array {
  const mean = new Float64Array(width);
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const row = (data as Float32Array).subarray(i * width, (i + 1) * width);
    const weight = weigh(row);
    total += weight;
    for (let j = 0; j < width; j++) mean[j] += weight * row[j];
  }
  return mean.map(x => x / total);
}
