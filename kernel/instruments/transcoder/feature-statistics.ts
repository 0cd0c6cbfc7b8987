/** What features are like on some data: how often they are active, how strongly, and how much they explain together. */
import type { Tensor } from '../../base/tensor.ts';
import { FeatureHistograms } from './feature-histograms.ts';
import type { Rows } from './rows.ts';
import type { Transcoder } from './transcoder.ts';

/** A feature that is active at a larger share of rows is dense. */
const DENSE = 0.1;

export class FeatureStatistics {
  /** Rows so far. */
  count = 0;
  /** For each feature: rows at which it is active, the sum of its values, and the largest. */
  readonly active: Float64Array;
  readonly sum: Float64Array;
  readonly largest: Float64Array;
  /** How their values are spread. */
  readonly histograms: FeatureHistograms;
  private off = 0;
  private readonly total: Float64Array;
  private readonly squares: Float64Array;

  constructor(private readonly t: Transcoder) {
    const { features, outputs } = t.coder;
    const width = outputs.reduce((sum, value) => sum + value, 0);
    [this.active, this.sum, this.largest] = [0, 0, 0].map(() => new Float64Array(features));
    this.histograms = new FeatureHistograms(features);
    [this.total, this.squares] = [0, 0].map(() => new Float64Array(width));
  }

  /** Counts rows. @returns their features */
  async add({ x, y }: Rows): Promise<Tensor> {
    const z = await this.t.encode(x);
    const reconstructed = (await this.t.decode(z, x)).data as Float32Array;
    const [values, wanted] = [z.data as Float32Array, y.data as Float32Array];
    const { features } = this.t.coder;
    const width = this.total.length;
    this.count += y.dims[0];
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (!(value > 0)) continue;
      const feature = i % features;
      this.active[feature]++;
      this.sum[feature] += value;
      if (value > this.largest[feature]) this.largest[feature] = value;
      this.histograms.add(feature, value);
    }
    for (let i = 0; i < wanted.length; i++) {
      this.off += (wanted[i] - reconstructed[i]) ** 2;
      this.total[i % width] += wanted[i];
      this.squares[i % width] += wanted[i] ** 2;
    }
    return z;
  }

  /** Features active at a row, on average. */
  get l0(): number {
    return this.active.reduce((sum, value) => sum + value, 0) / this.count;
  }

  /** The fraction of variance unexplained: Σ(y − ŷ)² / Σ(y − ȳ)². */
  get fvu(): number {
    const spread = this.squares.reduce((sum, square, j) => sum + square - this.total[j] ** 2 / this.count, 0);
    return this.off / spread;
  }

  /** 1 − FVU. */
  get explainedVariance(): number {
    return 1 - this.fvu;
  }

  /** The share of rows at which each feature is active. */
  get density(): Float64Array {
    return this.active.map(value => value / this.count);
  }

  /** The share of features that are active nowhere. */
  get dead(): number {
    return this.shareOf(density => density === 0);
  }

  /** The share of features that are active at more than a tenth of the rows. */
  get dense(): number {
    return this.shareOf(density => density > DENSE);
  }

  rows(): { measure: string; value: number }[] {
    const { l0, fvu, explainedVariance, dead, dense } = this;
    return [
      { measure: 'L0', value: l0 },
      { measure: 'FVU', value: fvu },
      { measure: 'explained variance', value: explainedVariance },
      { measure: 'dead', value: dead },
      { measure: 'dense', value: dense },
    ];
  }

  private shareOf(test: (density: number) => boolean): number {
    return this.density.filter(test).length / this.active.length;
  }
}
