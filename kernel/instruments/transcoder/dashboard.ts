/** Features to look through: what `topExamples` found or a folder keeps, beside what the weights tell. */
import type { Tensor } from '../../base/tensor.ts';
import { bands, type FeatureQuery, type FeaturesSource } from '../../display/views/features-live.ts';
import {
  features,
  type Feature,
  type FeatureEntry,
  type FeatureGlance,
  type FeatureNeighbour,
  type FeaturesView,
} from '../../display/views/features.ts';
import type { Inputs } from '../../model/feeds.ts';
import type { Model } from '../../model/model.ts';
import { normOf } from './coder.ts';
import { checked, type FeatureSource, type FindOptions, type FoundFeature } from './feature-source.ts';
import { speller, type Speller } from './spelling.ts';
import type { Transcoder } from './transcoder.ts';
import { effector } from './virtual-weights.ts';

export interface DashboardOptions {
  title?: string;
  /** Features that are saved with the notebook: their numbers, or what they have. The 24 strongest where left out. */
  show?: readonly number[] | FindOptions;
  /** Examples to measure normalizations on. Where given, what each feature does to the output is shown as well. */
  inputs?: Inputs;
  /** The output that it acts on. */
  logits?: string;
  /** The text of each token by its id; where left out, as the model's tokenizer has it. */
  words?: readonly string[];
  /** Called with the number of the feature that is looked at; what it returns is shown below. */
  onSelect?: (feature: number) => unknown;
}

/** Neighbours, weights and outputs listed of a feature; features that a search lists. */
const room = { nearest: 8, weights: 6, outputs: 8, rows: 100 };

/**
 * A dashboard of a coder's features: for each its strongest rows in their context, how often and how strongly it is active,
 * features whose decoder points the same way, its largest weights and, with `inputs`, the outputs that it raises and lowers
 * most. In a running notebook the search box goes through all features, and names that are given are kept by `source`.
 *
 * @param source of `topExamples`, or a folder opened by `openFeatures`
 * @throws ShapeError where `show` names a feature that there is not; NameError where there is no such output
 * @example
 * const top = await transcoder.topExamples(gpt, coder, { tokens }, { live: false })
 * await transcoder.dashboard(gpt, coder, top, { inputs: { tokens } })
 */
export async function dashboard(
  model: Model,
  t: Transcoder,
  source: FeatureSource,
  { title, show = { limit: 24 }, inputs, logits, words, onSelect }: DashboardOptions = {},
): Promise<FeaturesView> {
  const look = await looker(model, t, source, { inputs, logits, words });
  const numbers = isList(show) ? show : (await source.find(show)).map(({ feature }) => feature);
  const shown = await look.features(numbers);
  const way = t.from.join() === t.to.join() ? t.to.join(' + ') : `${t.from.join(' + ')} → ${t.to.join(' + ')}`; // prettier-ignore
  return features(shown, {
    title: title ?? way,
    about: String(t.coder.architecture),
    count: t.features,
    source: look.source,
    onSelect,
  });
}

const isList = (show: readonly number[] | FindOptions): show is readonly number[] => Array.isArray(show);

async function looker(
  model: Model,
  t: Transcoder,
  source: FeatureSource,
  { inputs, logits, words }: Pick<DashboardOptions, 'inputs' | 'logits' | 'words'>,
) {
  const spell = speller(model, words) ?? (tokens => tokens.map(id => `${id} `));
  const effects = inputs && (await effector(model, t, { inputs, logits }));
  const vocabulary = vocabularyOf(model, words);
  const near = neighbours(t, source);
  const glance = (found: FoundFeature): FeatureGlance => glanceOf(found, spell);

  async function look(numbers: readonly number[]): Promise<Feature[]> {
    for (const feature of numbers) checked(feature, t.features);
    const moved = effects && numbers.length ? await effects.of(numbers) : undefined;
    const made: Feature[] = [];
    for (const [i, feature] of numbers.entries()) {
      const { mean, histogram, examples, ...found } = await source.about(feature);
      const outputs = moved ? Array.from(moved.at(i).data as Float32Array) : [];
      const named = (id: number) => vocabulary?.(id) ?? String(id);
      made.push({
        ...glance(found),
        mean,
        histogram: { top: histogram.top, counts: [...histogram.counts] },
        examples: examples.map(({ value, example, position, tokens = [], values = [], at = 0 }) => ({
          place: `example ${example}, position ${position}`,
          value,
          tokens: spell(tokens),
          values: [...values],
          at,
        })),
        nearest: near(feature),
        reads: largest(column(t.weights.W_enc, feature), t.from, t.coder.inputs),
        writes: largest(row(t.weights.W_dec, feature), t.to, t.coder.outputs),
        raises: most(outputs, room.outputs, 1).map(([id, value]) => ({ name: named(id), value })),
        lowers: most(outputs, room.outputs, -1).map(([id, value]) => ({ name: named(id), value })),
      });
    }
    return made;
  }

  const asked: FeaturesSource = {
    async find(query) {
      const found = await search(source, query, vocabulary);
      return { rows: found.slice(0, room.rows).map(glance), more: found.length > room.rows };
    },
    feature: async feature => (await look([feature]))[0],
    label: async (feature, name) => source.label(feature, name),
  };
  return { features: look, source: asked };
}

function glanceOf({ feature, density, largest, token, label = '' }: FoundFeature, spell: Speller) {
  const text = token === undefined ? '' : (spell([token])[0] ?? '').trim();
  return { feature, label, density, largest, token: text };
}

type Vocabulary = ((id: number) => string | undefined) & { size: number };

/** Tokens one by one; undefined where neither words nor a tokenizer are known. */
function vocabularyOf(model: Model, words?: readonly string[]): Vocabulary | undefined {
  const named = (of: (id: number) => string | undefined, size: number) => Object.assign(of, { size });
  if (words) return named(id => words[id], words.length);
  try {
    const { tokenizer } = model;
    return named(id => tokenizer.token(id).replace(/[Ġ▁]/g, ' '), tokenizer.size);
  } catch {
    return undefined;
  }
}

const orders = {
  largest: { order: 'largest' },
  density: { order: 'density' },
  rare: { order: 'density', reverse: true },
  number: { order: 'feature' },
} as const;

/** A number, a word that a feature is active at, or words of its name: whatever fits. */
async function search(
  source: FeatureSource,
  { text, order, band }: FeatureQuery,
  vocabulary: Vocabulary | undefined,
): Promise<FoundFeature[]> {
  const wanted = text.trim().toLowerCase();
  const options: FindOptions = { ...orders[order], density: bands[band], limit: room.rows + 1 };
  if (!wanted) return source.find(options);
  const number = Number(/^#?(\d+)$/.exec(wanted)?.[1] ?? NaN);
  const first = number < source.features ? [await source.about(number)] : [];
  const found = await source.find({
    ...options,
    label: wanted,
    token: tokensLike(wanted, vocabulary),
    either: true,
  });
  return [...first, ...found.filter(({ feature }) => feature !== number)];
}

/** Tokens that are the word; where there is none, tokens that hold it. */
function tokensLike(wanted: string, vocabulary: Vocabulary | undefined): number[] {
  const [same, holding]: number[][] = [[], []];
  for (let id = 0; id < (vocabulary?.size ?? 0); id++) {
    const text = vocabulary?.(id)?.trim().toLowerCase() ?? '';
    if (text === wanted) same.push(id);
    else if (text.includes(wanted)) holding.push(id);
  }
  return same.length ? same : holding;
}

/** Features by the cosine of their decoder rows with one of them. */
function neighbours(t: Transcoder, source: FeatureSource): (feature: number) => FeatureNeighbour[] {
  const { W_dec } = t.weights;
  const rows = Array.from({ length: t.features }, (_, feature) => row(W_dec, feature));
  const norms = rows.map(normOf);
  return feature => {
    const own = rows[feature];
    // cos(a, b) = a·b / (|a| |b|)
    const cosines = rows.map((other, i) => {
      let sum = 0;
      for (let c = 0; c < own.length; c++) sum += own[c] * other[c];
      return i === feature ? -Infinity : sum / (norms[i] * norms[feature] || 1);
    });
    return most(cosines, Math.min(room.nearest, t.features - 1), 1).map(([other, cosine]) => ({
      feature: other,
      label: source.names.get(other) ?? '',
      cosine,
    }));
  };
}

const row = (matrix: Tensor, i: number): Float32Array =>
  (matrix.data as Float32Array).subarray(i * matrix.dims[1], (i + 1) * matrix.dims[1]);

const column = ({ data, dims: [rows, columns] }: Tensor, j: number): Float32Array =>
  Float32Array.from({ length: rows }, (_, i) => Number(data[i * columns + j]));

/** The entries of largest magnitude; channels of several sites are told by their site. */
function largest(values: Float32Array, sites: readonly string[], widths: readonly number[]): FeatureEntry[] {
  const places = widths.flatMap((width, site) =>
    Array.from({ length: width }, (_, channel) =>
      sites.length > 1 ? `${sites[site]} channel ${channel}` : `channel ${channel}`,
    ),
  );
  return most(Array.from(values, Math.abs), room.weights, 1).map(([i]) => ({
    name: places[i],
    value: values[i],
  }));
}

/** The `count` greatest numbers (least, where `sign` is −1), with where they stand. */
function most(values: readonly number[], count: number, sign: 1 | -1): [index: number, value: number][] {
  const kept: [number, number][] = [];
  if (count < 1) return kept;
  values.forEach((value, i) => {
    if (kept.length === count && sign * value <= sign * kept[count - 1][1]) return;
    const at = kept.findIndex(([, other]) => sign * other < sign * value);
    kept.splice(at < 0 ? kept.length : at, 0, [i, value]);
    if (kept.length > count) kept.pop();
  });
  return kept;
}
