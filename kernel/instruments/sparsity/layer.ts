/** What one site's activations are like, counted as batches come; nothing is kept but sums. */
import { eigenvalues } from '../../base/eigenvalues.ts';
import { Tensor } from '../../base/tensor.ts';
import { compile, type Program } from '../../engine/compile.ts';
import { abs, fusedMatmul, greater, indicator } from '../../engine/functions.ts';
import { Trace } from '../../engine/trace.ts';

/** Sums over the rows of one phase, position or token. */
export interface PhaseStats {
  readonly rows: number;
  /** Share of entries that are active. */
  readonly active: number;
}

/** Beyond this width pairs of units are not counted: the matrices would be larger than the weights. */
const WIDEST = 4096;

export class Counted {
  rows = 0;
  active = 0;

  /** @param active active entries of a row */
  add(active: number): void {
    this.rows++;
    this.active += active;
  }

  share(width: number): PhaseStats {
    return { rows: this.rows, active: this.active / (this.rows * width) };
  }
}

/** One layer, finished. */
export interface LayerStats {
  readonly site: string;
  /** Units. */
  readonly width: number;
  readonly rows: number;
  /** Share of entries with |x| above the threshold. */
  readonly active: number;
  /** Active units of a row: mean and standard deviation. */
  readonly l0: number;
  readonly l0Deviation: number;
  /** Mean over rows of −Σ p ln p with p = |x| / Σ|x|, in nats; e to its power counts units of equal size. */
  readonly entropy: number;
  /** Σ(x − μ)⁴/n ÷ σ⁴ − 3, of all entries: 0 for a normal distribution. */
  readonly kurtosis: number;
  /** e to the entropy of the singular values of the centred rows; undefined for very wide layers. */
  readonly effectiveRank: number | undefined;
  /** Share of rows at which each unit is active, its mean, and its largest |x|. */
  readonly unitActive: Float64Array;
  readonly unitMean: Float64Array;
  readonly unitLargest: Float64Array;
  /** Excess kurtosis of each unit over rows; NaN where it never changes. */
  readonly unitKurtosis: Float64Array;
  /** Units that are active at no row; at nearly every row. */
  readonly dead: readonly number[];
  readonly alwaysOn: readonly number[];
  readonly positions: readonly PhaseStats[];
  readonly phases: Readonly<Record<string, PhaseStats>>;
  readonly tokens: ReadonlyMap<number, PhaseStats>;
  /** Rows at which both units are active, width × width; undefined for very wide layers. */
  readonly together: Float64Array | undefined;
}

export class Layer {
  private readonly moments: Float64Array[];
  private readonly unitActive: Float64Array;
  private readonly unitLargest: Float64Array;
  private readonly gram: Float64Array | undefined;
  private readonly together: Float64Array | undefined;
  private readonly programs = new Map<number, Promise<Program>>();
  private readonly positions: Counted[] = [];
  private readonly phases = new Map<string, Counted>();
  private readonly tokens = new Map<number, Counted>();
  private rows = 0;
  private l0 = 0;
  private l0Squares = 0;
  private entropy = 0;

  constructor(
    private readonly site: string,
    private readonly width: number,
    private readonly threshold: number,
    pairs: boolean,
  ) {
    const blank = () => new Float64Array(width);
    // Σx, Σx², Σx³, Σx⁴ of each unit
    this.moments = [blank(), blank(), blank(), blank()];
    [this.unitActive, this.unitLargest] = [blank(), blank()];
    if (pairs && width <= WIDEST)
      [this.gram, this.together] = [new Float64Array(width ** 2), new Float64Array(width ** 2)];
  }

  /** Counts the rows of a batch. @param of where each row stands */
  async add(
    data: Float32Array,
    of: (row: number) => { position: number; token?: number; phase?: string },
  ): Promise<void> {
    const { width, threshold, moments, unitActive, unitLargest } = this;
    const rows = data.length / width;
    for (let row = 0; row < rows; row++) {
      let [active, sum, weighted] = [0, 0, 0];
      for (let i = 0; i < width; i++) {
        const x = data[row * width + i];
        const size = Math.abs(x);
        const square = x * x;
        moments[0][i] += x;
        moments[1][i] += square;
        moments[2][i] += square * x;
        moments[3][i] += square * square;
        if (size > unitLargest[i]) unitLargest[i] = size;
        if (size > threshold) {
          active++;
          unitActive[i]++;
        }
        if (size > 0) {
          sum += size;
          weighted += size * Math.log(size);
        }
      }
      // −Σ p ln p = ln Σ|x| − Σ |x| ln |x| / Σ|x|
      if (sum > 0) this.entropy += Math.log(sum) - weighted / sum;
      this.l0 += active;
      this.l0Squares += active * active;
      const { position, token, phase } = of(row);
      (this.positions[position] ??= new Counted()).add(active);
      if (phase !== undefined) counted(this.phases, phase).add(active);
      if (token !== undefined) counted(this.tokens, token).add(active);
    }
    this.rows += rows;
    if (this.gram && this.together) await this.pairs(data, rows, this.gram, this.together);
  }

  /** XᵀX, and AᵀA of what is active, as products of ONNX Runtime's. */
  private async pairs(data: Float32Array, rows: number, gram: Float64Array, together: Float64Array) {
    const { width, threshold, programs } = this;
    if (!programs.has(rows)) {
      const trace = new Trace();
      const x = trace.input('x', 'float32', [rows, width]);
      const a = indicator(greater(abs(x), threshold), x);
      const squared = (of: typeof x) => fusedMatmul(of, of, { transA: true });
      programs.set(
        rows,
        compile(trace.graph({ gram: squared(x), together: squared(a) }, `pairs of ${this.site}`)),
      );
    }
    const program = await programs.get(rows)!;
    const found = await program.run({ x: new Tensor('float32', [rows, width], data) });
    addTo(gram, found.gram.data as Float32Array);
    addTo(together, found.together.data as Float32Array);
  }

  async release(): Promise<void> {
    for (const program of this.programs.values()) await (await program).release();
  }

  /** @param alwaysOn share of rows from which a unit is always on */
  finished(alwaysOn: number): LayerStats {
    const { site, width, rows, moments } = this;
    const entries = rows * width;
    const unitActive = this.unitActive.map(count => count / rows);
    const which = (test: (share: number) => boolean) =>
      [...unitActive.keys()].filter(i => test(unitActive[i]));
    const totals = moments.map(each => each.reduce((sum, value) => sum + value, 0));
    const l0 = this.l0 / rows;
    const entriesOf = (map: ReadonlyMap<string | number, Counted>) =>
      [...map].map(([key, count]) => [key, count.share(width)] as const);
    return {
      site,
      width,
      rows,
      active: this.l0 / entries,
      l0,
      l0Deviation: Math.sqrt(Math.max(0, this.l0Squares / rows - l0 * l0)),
      entropy: this.entropy / rows,
      kurtosis: excessKurtosis(totals, entries),
      effectiveRank: this.gram && effectiveRank(this.gram, moments[0], rows),
      unitActive,
      unitMean: moments[0].map(sum => sum / rows),
      unitLargest: this.unitLargest,
      unitKurtosis: Float64Array.from({ length: width }, (_, i) =>
        excessKurtosis(
          moments.map(each => each[i]),
          rows,
        ),
      ),
      dead: which(share => share === 0),
      alwaysOn: which(share => share >= alwaysOn),
      positions: this.positions.map(count => count.share(width)),
      phases: Object.fromEntries(entriesOf(this.phases)) as Record<string, PhaseStats>,
      tokens: new Map(entriesOf(this.tokens)) as ReadonlyMap<number, PhaseStats>,
      together: this.together,
    };
  }
}

function counted<K>(map: Map<K, Counted>, key: K): Counted {
  const known = map.get(key) ?? new Counted();
  map.set(key, known);
  return known;
}

const addTo = (sum: Float64Array, more: Float32Array): void => {
  for (let i = 0; i < sum.length; i++) sum[i] += more[i];
};

/** From Σx, Σx², Σx³, Σx⁴: E(x − μ)⁴ = m₄ − 4μm₃ + 6μ²m₂ − 3μ⁴ */
function excessKurtosis(sums: readonly number[], count: number): number {
  const [mean, second, third, fourth] = sums.map(sum => sum / count);
  const variance = second - mean ** 2;
  if (!(variance > 1e-12 * second)) return Number.NaN;
  return (fourth - 4 * mean * third + 6 * mean ** 2 * second - 3 * mean ** 4) / variance ** 2 - 3;
}

/**
 * exp(−Σ p ln p) with p = σ / Σσ, σ the singular values of the centred rows: XᵀX − n·μμᵀ has their squares.
 * @see https://ieeexplore.ieee.org/document/7098875 (Roy and Vetterli, 2007)
 */
function effectiveRank(gram: Float64Array, sums: Float64Array, rows: number): number {
  const width = sums.length;
  const centred = gram.map((value, at) => value - (sums[Math.floor(at / width)] * sums[at % width]) / rows);
  const squares = eigenvalues(centred, width);
  // what float32 products leave where there is nothing
  const least = 1e-6 * squares[width - 1];
  const singular = squares.filter(square => square > least).map(Math.sqrt);
  const total = singular.reduce((sum, value) => sum + value, 0);
  if (!(total > 0)) return 0;
  return Math.exp(-singular.reduce((sum, value) => sum + (value / total) * Math.log(value / total), 0));
}
