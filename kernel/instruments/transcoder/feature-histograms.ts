/** How strongly features are active: a histogram of each, counted in one pass, whatever the values turn out to be. */

/** Bins of each histogram. */
export const BINS = 32;

/** Counts of values from 0 to below `top`, in bins of one width. */
export interface FeatureHistogram {
  readonly top: number;
  readonly counts: readonly number[];
}

export class FeatureHistograms {
  private readonly counts: Uint32Array;
  /** A power of two above every value so far; 0 where there was none. */
  private readonly tops: Float64Array;

  constructor(features: number) {
    this.counts = new Uint32Array(features * BINS);
    this.tops = new Float64Array(features);
  }

  /** Counts a value above 0. */
  add(feature: number, value: number): void {
    if (!(value > 0 && value < Infinity)) return;
    if (this.tops[feature] === 0) this.tops[feature] = 2 ** (Math.floor(Math.log2(value)) + 1);
    while (value >= this.tops[feature]) this.widen(feature);
    this.counts[feature * BINS + Math.floor((value / this.tops[feature]) * BINS)]++;
  }

  of(feature: number): FeatureHistogram {
    const counts = Array.from(this.counts.subarray(feature * BINS, (feature + 1) * BINS));
    return { top: this.tops[feature], counts };
  }

  /** Twice the range: neighbours become one bin, so that no count moves to a wrong one. */
  private widen(feature: number): void {
    const counts = this.counts.subarray(feature * BINS, (feature + 1) * BINS);
    for (let i = 0; i < BINS; i++) counts[i] = i < BINS / 2 ? counts[2 * i] + counts[2 * i + 1] : 0;
    this.tops[feature] *= 2;
  }
}
