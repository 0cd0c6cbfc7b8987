/** Where features are most active: the rows of some data, in their context. What a feature is named by. */
import { host, type MimeBundle } from '../../base/host.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { Table } from '../../display/table.ts';
import type { Model } from '../../model/model.ts';
import type { Data } from '../../train/data.ts';
import { FeatureNames } from './feature-names.ts';
import {
  checked,
  finite,
  tokensOf,
  whole,
  type FeatureSource,
  type FindOptions,
  type FoundFeature,
  type KnownFeature,
  type TopExample,
} from './feature-source.ts';
import { FeatureStatistics } from './feature-statistics.ts';
import { onePass, passBar, sitesOf, type PassOptions, type PlacedRows } from './pass.ts';
import { speller, type Speller } from './spelling.ts';
import type { Transcoder } from './transcoder.ts';

export interface TopExamplesOptions extends PassOptions {
  /** How many for each feature. */
  top?: number;
  /** Tokens of context on each side. */
  context?: number;
  /** The text of each token by its id; where left out, as the model's tokenizer has it. */
  words?: readonly string[];
  /** Show a progress bar. */
  live?: boolean;
}

export class TopExamples implements FeatureSource {
  readonly names = new FeatureNames();

  constructor(
    /** For each feature its strongest rows, strongest first; none for one that is active nowhere. */
    private readonly examples: readonly (readonly TopExample[])[],
    /** L0, FVU, density and more, on the same data. */
    readonly statistics: FeatureStatistics,
    /** Tokens as text, where words are known. */
    readonly spell?: Speller,
  ) {}

  get features(): number {
    return this.examples.length;
  }

  /**
   * The strongest rows of one feature.
   * @throws ShapeError where there is no such feature
   * @example (await transcoder.topExamples(gpt, coder, { tokens }, { live: false })).of(3).length
   */
  of(feature: number): readonly TopExample[] {
    return this.examples[checked(feature, this.features)];
  }

  /**
   * Features that have what is asked for.
   * @returns the first `limit` of them
   * @throws ShapeError on a density that is no number, or a token that is none
   * @example (await transcoder.topExamples(gpt, coder, { tokens }, { live: false })).find({ order: 'density', limit: 3 })
   */
  find(options: FindOptions = {}): FoundFeature[] {
    const { label, either = false, order = 'largest', reverse = false, limit = 50 } = options;
    const { density, largest } = this.statistics;
    const [least, most] = (options.density ?? [0, 1]).map(finite);
    const wanted = tokensOf(options);
    const tokens = wanted && new Set(wanted);
    const named = label === undefined ? undefined : new Set(this.names.matching(label));
    const conditions = [
      tokens && ((feature: number) => this.examples[feature].some(one => tokens.has(tokenOf(one) ?? -1))),
      named && ((feature: number) => named.has(feature)),
    ].filter(condition => condition !== undefined);
    const fits = (feature: number) =>
      either && conditions.length
        ? conditions.some(holds => holds(feature))
        : conditions.every(holds => holds(feature));
    const found = Array.from(this.examples.keys()).filter(
      feature => density[feature] >= least && density[feature] <= most && fits(feature),
    );
    const key = { largest, density, feature: undefined }[order];
    const sign = reverse ? -1 : 1;
    found.sort((a, b) => sign * (key ? key[b] - key[a] : a - b) || a - b);
    return found.slice(0, whole(limit)).map(feature => this.glance(feature, density[feature]));
  }

  /**
   * All that is known of one feature.
   * @throws ShapeError where there is no such feature
   * @example (await transcoder.topExamples(gpt, coder, { tokens }, { live: false })).about(3).histogram.counts.length // → 32
   */
  about(feature: number): KnownFeature {
    const examples = this.of(feature);
    const { active, sum, histograms, count } = this.statistics;
    return {
      ...this.glance(feature, active[feature] / count),
      mean: active[feature] ? sum[feature] / active[feature] : 0,
      histogram: histograms.of(feature),
      examples,
    };
  }

  /**
   * Gives a feature a name, or takes it away with an empty one. `storeFeatures` keeps names with the features.
   * @throws ShapeError where there is no such feature
   * @example (await transcoder.topExamples(gpt, coder, { tokens }, { live: false })).label(3, 'ends of words')
   */
  label(feature: number, name: string): void {
    this.names.set(checked(feature, this.features), name);
  }

  /**
   * They as a table: value, place, and the words around, the one in question in ‹ ›.
   * @example (await transcoder.topExamples(gpt, coder, { tokens }, { live: false })).table(3)
   */
  table(feature: number): Table {
    const { density } = this.statistics;
    const rows = this.of(feature).map(({ value, example, position, tokens, at }) => ({
      value: +value.toPrecision(4),
      example,
      position,
      ...(tokens && { context: this.text(tokens, at!) }),
    }));
    const name = this.names.get(feature);
    return new Table(
      rows,
      `feature ${feature}${name ? `, ${name}` : ''}, active at ${+(100 * density[feature]).toPrecision(3)} % of rows`,
    );
  }

  toString(): string {
    const active = this.examples.filter(({ length }) => length > 0).length;
    return `top examples of ${this.examples.length} features, ${active} of them active, on ${this.statistics.count.toLocaleString('en')} rows`; // prettier-ignore
  }

  [displaySymbol](): MimeBundle {
    return { 'text/plain': this.toString() };
  }

  private glance(feature: number, density: number): FoundFeature {
    const [first] = this.examples[feature];
    const token = first && tokenOf(first);
    const label = this.names.get(feature);
    return {
      feature,
      density,
      largest: this.statistics.largest[feature],
      ...(token !== undefined && { token }),
      ...(label !== undefined && { label }),
    };
  }

  private text(tokens: readonly number[], at: number): string {
    const pieces = this.spell?.(tokens) ?? tokens.map(id => `${id} `);
    const parts = [pieces.slice(0, at), [pieces[at]], pieces.slice(at + 1)].map(list => list.join('').trim());
    return `${parts[0]} ‹${parts[1]}› ${parts[2]}`.trim();
  }
}

const tokenOf = ({ tokens, at }: TopExample): number | undefined => tokens?.[at!];

/**
 * The rows at which each feature is most active, in one pass over the data.
 *
 * @param data what the model reads
 * @returns for each feature its strongest rows; after Interrupt, of the data so far
 * @throws NeuronbookError where the data is a function and `batches` is missing
 * @example
 * const top = await transcoder.topExamples(gpt, coder, { tokens }, { top: 5, live: false })
 * top.table(3)
 */
export async function topExamples(
  model: Model,
  t: Transcoder,
  data: Data,
  { top = 10, context = 8, words, live = true, ...pass }: TopExamplesOptions = {},
): Promise<TopExamples> {
  const statistics = new FeatureStatistics(t);
  const strongest: TopExample[][] = Array.from({ length: t.features }, () => []);
  const bar = live ? passBar(data, pass, `Top examples of ${t.to.join(' + ')}`) : undefined;
  let seen = 0;
  try {
    for await (const batch of onePass(data, pass)) {
      const rows = await sitesOf(model, batch, t, pass.axis);
      const z = (await statistics.add(rows)).data as Float32Array;
      for (let i = 0; i < z.length; i++) {
        const [value, list] = [z[i], strongest[i % t.features]];
        if (!(value > 0) || (list.length === top && value <= list[top - 1].value)) continue;
        insert(list, top, placed(rows, z, i, t.features, seen, context));
      }
      seen += 1 + rows.example[rows.x.dims[0] - 1];
      bar?.step();
      if (host().interrupted) break;
    }
  } finally {
    bar?.end();
  }
  return new TopExamples(strongest, statistics, speller(model, words));
}

/** Keeps the list in order, strongest first; of equal ones the earlier stays ahead. */
function insert(list: TopExample[], most: number, made: TopExample): void {
  const at = list.findIndex(({ value }) => value < made.value);
  list.splice(at < 0 ? list.length : at, 0, made);
  if (list.length > most) list.pop();
}

/** The row that z[i] is of, with the tokens around it in the same example. */
function placed(
  { example, position, token, x }: PlacedRows,
  z: Float32Array,
  i: number,
  features: number,
  seen: number,
  context: number,
): TopExample {
  const [row, feature] = [Math.floor(i / features), i % features];
  const place = { value: z[i], example: seen + example[row], position: position[row] };
  if (!token) return place;
  let [from, to] = [row, row + 1];
  while (from > Math.max(0, row - context) && example[from - 1] === example[row]) from--;
  while (to < Math.min(x.dims[0], row + context + 1) && example[to] === example[row]) to++;
  const rows = Array.from({ length: to - from }, (_, k) => from + k);
  return {
    ...place,
    tokens: rows.map(at => token[at]),
    at: row - from,
    values: rows.map(at => z[at * features + feature]),
  };
}
