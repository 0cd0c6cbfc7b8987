/** Values as the path of a line: smoothed where wanted, broken where there is no number, thinned to what a page shows. */

/** Points of a path; more fall on the same pixels. */
const MOST = 1500;

/** An exponential mean: each value is `by` of the one before and the rest of itself; 0 leaves them alone. */
export function smoothed(values: readonly (number | null)[], by: number): (number | null)[] {
  if (by <= 0) return [...values];
  let [mean, weight] = [0, 0];
  return values.map(value => {
    if (value === null) return null;
    mean = by * mean + (1 - by) * value;
    weight = by * weight + (1 - by);
    return mean / weight;
  });
}

/** Of many points the least and the greatest in each stretch stay, so that peaks are seen. */
function thinned(values: readonly number[]): number[] {
  if (values.length <= MOST) return values.map((_, i) => i);
  const stretch = Math.ceil((2 * values.length) / MOST);
  const kept: number[] = [];
  for (let from = 0; from < values.length; from += stretch) {
    let [low, high] = [from, from];
    for (let i = from; i < Math.min(values.length, from + stretch); i++) {
      if (values[i] < values[low]) low = i;
      if (values[i] > values[high]) high = i;
    }
    kept.push(...(low < high ? [low, high] : low > high ? [high, low] : [low]));
  }
  return kept;
}

export function linesOf(
  steps: readonly number[],
  values: readonly number[],
  x: (step: number) => number,
  y: (value: number) => number,
): string {
  const round = (value: number) => Math.round(value * 10) / 10;
  let path = '';
  let broken = true;
  for (const i of thinned(values)) {
    if (!Number.isFinite(values[i])) {
      broken = true;
      continue;
    }
    path += `${broken ? 'M' : 'L'}${round(x(steps[i]))} ${round(y(values[i]))}`;
    broken = false;
  }
  return path;
}
