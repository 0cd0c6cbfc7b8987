/**
 * Features in a folder, to be searched however many they are: two Parquet tables, asked by DuckDB, and the names that
 * people give to features in a file of their own.
 *
 *   features.parquet  feature  density  largest  mean  top  counts[32]  tokens[…]   a row each; tokens of its rows, −1 for none
 *   examples.parquet  feature  rank  value  example  position  at  tokens[…]  values[…]   its strongest rows
 *   labels.json       {"7": "ends of sentences"}
 */
import { exists, readFile, writeFile } from '#platform/files';
import { query, writeParquet } from '#platform/store';
import type { Column } from '../../base/columns.ts';
import { NeuronbookError } from '../../base/errors.ts';
import type { Table } from '../../display/table.ts';
import { BINS } from './feature-histograms.ts';
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
import type { TopExamples } from './top-examples.ts';

const files = { features: 'features.parquet', examples: 'examples.parquet', labels: 'labels.json' };

type Row = Readonly<Record<string, unknown>>;

export class FeatureStore implements FeatureSource {
  private constructor(
    readonly path: string,
    /** How many features there are. */
    readonly features: number,
    readonly names: FeatureNames,
  ) {}

  /** @throws NeuronbookError where the folder holds no features; FormatError where its labels are broken */
  static async open(folder: string): Promise<FeatureStore> {
    const path = trimmed(folder);
    for (const file of [files.features, files.examples])
      if (!(await exists(`${path}/${file}`)))
        throw new NeuronbookError(`${folder} holds no features; storeFeatures(top, folder) writes some`);
    const [{ count }] = await ask(path, 'features', 'select count(*) as count from features');
    const labels = `${path}/${files.labels}`;
    const names = (await exists(labels))
      ? FeatureNames.parse(new TextDecoder().decode(await readFile(labels)), labels)
      : new FeatureNames();
    return new FeatureStore(path, Number(count), names);
  }

  /**
   * Features that have what is asked for.
   * @returns the first `limit` of them
   * @throws ShapeError on a density that is no number, or a token that is none
   * @example await store.find({ density: [0.001, 0.1], order: 'largest', limit: 5 })
   */
  async find(options: FindOptions = {}): Promise<FoundFeature[]> {
    const { label, either = false, density, order = 'largest', reverse = false, limit = 50 } = options;
    const tokens = tokensOf(options);
    const named = label === undefined ? undefined : this.names.matching(label);
    const alternatives = [
      tokens && (tokens.length ? `list_has_any(tokens::integer[], [${tokens.join(', ')}])` : 'false'),
      named && (named.length ? `feature in (${named.join(', ')})` : 'false'),
    ].filter(condition => condition !== undefined);
    const conditions = [
      ...(alternatives.length ? [`(${alternatives.join(either ? ' or ' : ' and ')})`] : []),
      ...(density ? [`density between ${finite(density[0])} and ${finite(density[1])}`] : []),
    ];
    const falling = (order === 'feature') === reverse ? 'desc' : 'asc';
    const rows = await ask(
      this.path,
      'features',
      `select feature, density, largest, tokens[1] as token from features
       where ${conditions.join(' and ') || 'true'} order by ${order} ${falling}, feature limit ${whole(limit)}`,
    );
    return rows.map(row => this.glance(row));
  }

  /**
   * The strongest rows of one feature.
   * @throws ShapeError where there is no such feature
   * @example (await store.of(3)).length
   */
  async of(feature: number): Promise<TopExample[]> {
    checked(feature, this.features);
    const rows = await ask(
      this.path,
      'examples',
      `select * from examples where feature = ${feature} order by rank`,
    );
    return rows.map(({ value, example, position, tokens, values, at }) => {
      const place = { value: Number(value), example: Number(example), position: Number(position) };
      if (Number(at) < 0) return place;
      const around = list(tokens).filter(token => token >= 0);
      return { ...place, tokens: around, at: Number(at), values: list(values).slice(0, around.length) };
    });
  }

  /**
   * All that is known of one feature.
   * @throws ShapeError where there is no such feature
   * @example (await store.about(3)).histogram.counts.length // → 32
   */
  async about(feature: number): Promise<KnownFeature> {
    const examples = await this.of(feature);
    const [row] = await ask(
      this.path,
      'features',
      `select *, tokens[1] as token from features where feature = ${feature}`,
    );
    const histogram = { top: Number(row.top), counts: list(row.counts) };
    return { ...this.glance(row), mean: Number(row.mean), histogram, examples };
  }

  /**
   * Gives a feature a name, or takes it away with an empty one. It is written at once.
   * @throws ShapeError where there is no such feature
   * @example await store.label(3, 'ends of sentences')
   */
  async label(feature: number, name: string): Promise<void> {
    this.names.set(checked(feature, this.features), name);
    await writeFile(`${this.path}/${files.labels}`, this.names.toJson());
  }

  /**
   * All names that were given, a table.
   * @example store.labels().rows
   */
  labels(): Table<{ feature: number; label: string }> {
    return this.names.table();
  }

  /**
   * Writes the names as a file for others: JSON, or CSV where its name ends so.
   * @example await store.exportLabels('labels.csv')
   */
  async exportLabels(path: string): Promise<void> {
    await writeFile(path, /\.csv$/i.test(path) ? this.names.toCsv() : this.names.toJson());
  }

  toString(): string {
    return `${this.features.toLocaleString('en')} features in ${this.path}, ${this.names.size} of them with a name`;
  }

  private glance(row: Row): FoundFeature {
    const feature = Number(row.feature);
    const label = this.names.get(feature);
    return {
      feature,
      density: Number(row.density),
      largest: Number(row.largest),
      ...(Number(row.token) >= 0 && { token: Number(row.token) }),
      ...(label !== undefined && { label }),
    };
  }
}

/**
 * Writes what features do on some data, with their strongest rows, into a folder.
 *
 * @param top of `topExamples`
 * @returns the store; labels that the folder had stay, and those of `top` are added
 * @throws NeuronbookError where the folder cannot be written
 * @example
 * const top = await transcoder.topExamples(gpt, coder, { tokens }, { live: false })
 * const stored = await transcoder.storeFeatures(top, 'features')
 */
export async function storeFeatures(top: TopExamples, folder: string): Promise<FeatureStore> {
  const path = trimmed(folder);
  const labels = `${path}/${files.labels}`;
  const names = (await exists(labels))
    ? FeatureNames.parse(new TextDecoder().decode(await readFile(labels)), labels)
    : new FeatureNames();
  for (const { feature, label } of top.names.table()) names.set(feature, label);
  // the names first: they make the folder
  await writeFile(labels, names.toJson());
  await writeParquet(`${path}/${files.features}`, featuresTable(top));
  await writeParquet(`${path}/${files.examples}`, examplesTable(top));
  return FeatureStore.open(path);
}

/**
 * The features that a folder holds.
 * @throws NeuronbookError where it holds none; FormatError where its labels are broken
 * @example
 * const again = await transcoder.openFeatures(store.path)
 */
export const openFeatures = (folder: string): Promise<FeatureStore> => FeatureStore.open(folder);

const floats = (name: string, data: Float32Array, width = 1): Column => ({ name, width, data });
const integers = (name: string, data: Int32Array, width = 1): Column => ({ name, width, data });

function featuresTable(top: TopExamples) {
  const { features, statistics } = top;
  const { density, largest, active, sum, histograms } = statistics;
  const numbers = Int32Array.from({ length: features }, (_, feature) => feature);
  // DuckDB takes a list of one for a number
  const most = numbers.reduce((most, feature) => Math.max(most, top.of(feature).length), 2);
  const tokens = new Int32Array(features * most).fill(-1);
  const counts = new Int32Array(features * BINS);
  const tops = new Float32Array(features);
  numbers.forEach(feature => {
    top.of(feature).forEach((one, rank) => (tokens[feature * most + rank] = one.tokens?.[one.at!] ?? -1));
    const histogram = histograms.of(feature);
    counts.set(histogram.counts, feature * BINS);
    tops[feature] = histogram.top;
  });
  return {
    rows: features,
    columns: [
      integers('feature', numbers),
      floats('density', Float32Array.from(density)),
      floats('largest', Float32Array.from(largest)),
      floats(
        'mean',
        Float32Array.from(active, (count, feature) => (count ? sum[feature] / count : 0)),
      ),
      floats('top', tops),
      integers('counts', counts, BINS),
      integers('tokens', tokens, most),
    ],
  };
}

function examplesTable(top: TopExamples) {
  let [rows, width] = [0, 2];
  for (let feature = 0; feature < top.features; feature++)
    for (const { tokens } of top.of(feature)) {
      rows++;
      width = Math.max(width, tokens?.length ?? 0);
    }
  const [feature, rank, example, position, at] = [0, 0, 0, 0, 0].map(() => new Int32Array(rows));
  const value = new Float32Array(rows);
  const tokens = new Int32Array(rows * width).fill(-1);
  const values = new Float32Array(rows * width);
  let row = 0;
  for (let i = 0; i < top.features; i++)
    for (const [r, one] of top.of(i).entries()) {
      [feature[row], rank[row], value[row]] = [i, r, one.value];
      [example[row], position[row], at[row]] = [one.example, one.position, one.at ?? -1];
      tokens.set(one.tokens ?? [], row * width);
      values.set(one.values ?? [], row * width);
      row++;
    }
  return {
    rows,
    columns: [
      integers('feature', feature),
      integers('rank', rank),
      floats('value', value),
      integers('example', example),
      integers('position', position),
      integers('at', at),
      integers('tokens', tokens, width),
      floats('values', values, width),
    ],
  };
}

const trimmed = (folder: string): string => folder.replace(/[/\\]+$/, '');

const ask = (path: string, table: 'features' | 'examples', sql: string): Promise<Row[]> =>
  query(sql, table, { files: [`${path}/${files[table]}`] });

/** A vector as DuckDB hands it over. */
const list = (value: unknown): number[] =>
  Array.from((value as { items?: ArrayLike<number> }).items ?? (value as ArrayLike<number>), Number);
