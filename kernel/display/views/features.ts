/**
 * A dashboard of features, of a transcoder or an autoencoder: where each is most active, how strongly, what it reads and
 * writes, which others are like it, what it does to the output. A search box goes through them; with a kernel, through
 * all that there are, and names can be given.
 */
import { ShapeError } from '../../base/errors.ts';
import { answerTo, newLiveId } from '../live.ts';
import type { MimeBundle } from '../../base/host.ts';
import { displaySymbol, type DisplayOptions } from '../bundle.ts';
import { isRecord, isText, isTexts, type Problem, type ViewOptions, type ViewPayload } from '../payload.ts';
import { ViewValue, type Selecting } from '../view-value.ts';
import { html, svg, words } from './features-forms.ts';
import { answerFeatures, type FeaturesSource } from './features-live.ts';

/** What is known of a feature at a glance. */
export interface FeatureGlance {
  feature: number;
  /** The name that somebody gave it; empty where nobody did. */
  label: string;
  /** The share of rows at which it is active, 0 … 1, and the largest value there. */
  density: number;
  largest: number;
  /** The token at its strongest row; empty where rows have none. */
  token: string;
}

/** A row at which a feature is active, with what stands around it. */
export interface FeatureExample {
  /** Where it is from, e.g. `story 12, word 5`. */
  place: string;
  value: number;
  tokens: string[];
  /** The feature's value at each token. */
  values: number[];
  /** Which token it is; 0 where there are none. */
  at: number;
}

/** One of the largest entries of a list. */
export interface FeatureEntry {
  name: string;
  value: number;
}

export interface FeatureNeighbour {
  feature: number;
  label: string;
  cosine: number;
}

export interface Feature extends FeatureGlance {
  /** Of its values where it is active. */
  mean: number;
  /** How many values lie in each bin from 0 to `top`. */
  histogram: { top: number; counts: number[] };
  examples: FeatureExample[];
  /** Features whose decoder points the same way. */
  nearest: FeatureNeighbour[];
  /** The largest weights of its encoder and its decoder. */
  reads: FeatureEntry[];
  writes: FeatureEntry[];
  /** Outputs that it raises and lowers most. */
  raises: FeatureEntry[];
  lowers: FeatureEntry[];
}

export type FeaturesPayload = ViewPayload<
  'features',
  {
    title: string;
    /** What the features are of, in a few words. */
    about: string;
    /** How many features there are. */
    count: number;
    /** Those that are saved with the notebook. */
    features: Feature[];
    /** The display's name, by which the front end asks for others; empty where nobody answers. */
    live: string;
  },
  ViewOptions
>;
type Data = FeaturesPayload['data'];

/** What one view holds; more would stall a browser. */
const limits = { features: 500, examples: 100, tokens: 1000, entries: 100, bins: 1024 };

const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2 ** 31;
const isReal = (value: unknown): value is number => Number.isFinite(value);
const isShare = (value: unknown): boolean => isReal(value) && value >= 0 && value <= 1;
const isList = (value: unknown, most: number): value is unknown[] =>
  Array.isArray(value) && value.length <= most;

/** Why a value is no glance at a feature; undefined where it is one. */
export function glanceProblem(value: unknown): string | undefined {
  if (!isRecord(value) || !isCount(value.feature)) return 'has no number';
  if (!isText(value.label) || !isText(value.token)) return 'has a label or a token that is not text';
  if (!isShare(value.density)) return 'has a density that is not from 0 to 1';
  return isReal(value.largest) ? undefined : 'has a largest value that is not a number';
}

/** Why a value is no feature; undefined where it is one. */
export function featureProblem(value: unknown): string | undefined {
  const wrong = glanceProblem(value);
  if (wrong || !isRecord(value)) return wrong;
  const { mean, histogram, examples, nearest } = value;
  if (!isReal(mean)) return 'has a mean that is not a number';
  if (!isRecord(histogram) || !isReal(histogram.top) || histogram.top < 0)
    return 'has a histogram without its end';
  const { counts } = histogram;
  if (!isList(counts, limits.bins) || !counts.every(count => isReal(count) && count >= 0))
    return 'has a histogram whose counts are not numbers from 0';
  if (!isList(examples, limits.examples)) return `has not a list of at most ${limits.examples} examples`;
  for (const [i, one] of examples.entries()) {
    const said = exampleProblem(one);
    if (said) return `has an example ${i} ${said}`;
  }
  if (!isList(nearest, limits.entries) || !nearest.every(isNeighbour))
    return 'has neighbours that are not a number, a label and a cosine each';
  for (const key of ['reads', 'writes', 'raises', 'lowers']) {
    const list = value[key];
    if (!isList(list, limits.entries) || !list.every(isEntry))
      return `has ${key} that are not at most ${limits.entries} names with a number each`;
  }
  return undefined;
}

function exampleProblem(value: unknown): string | undefined {
  if (!isRecord(value) || !isText(value.place) || !isReal(value.value)) return 'without place or value';
  const { tokens, values, at } = value;
  if (!isTexts(tokens) || tokens.length > limits.tokens)
    return `whose tokens are not at most ${limits.tokens} texts`;
  if (!isList(values, limits.tokens) || values.length !== tokens.length || !values.every(isReal))
    return 'whose values are not one number a token';
  return isCount(at) && at < Math.max(1, tokens.length) ? undefined : 'that stands at none of its tokens';
}

const isNeighbour = (value: unknown): boolean =>
  isRecord(value) && isCount(value.feature) && isText(value.label) && isReal(value.cosine);
const isEntry = (value: unknown): boolean => isRecord(value) && isText(value.name) && isReal(value.value);

export const problem: Problem = data => {
  if (!isRecord(data) || !isText(data.title) || !isText(data.about))
    return 'data.title or data.about is not text';
  if (!isText(data.live)) return 'data.live is not text';
  if (!isCount(data.count)) return 'data.count is not a number from 0';
  const { features } = data;
  if (!isList(features, limits.features)) return `data.features is not a list of at most ${limits.features}`;
  for (const [i, feature] of features.entries()) {
    const wrong = featureProblem(feature);
    if (wrong) return `data.features[${i}] ${wrong}`;
  }
  return undefined;
};

export interface FeaturesOptions extends Selecting<number> {
  title?: string;
  /** What the features are of, in a few words. */
  about?: string;
  /** How many features there are, where more than are given. */
  count?: number;
  /** Finds others and gives names; without it the view shows what it was given. */
  source?: FeaturesSource;
}

/** Answers the search box and the field for names, beside what every view answers. */
export class FeaturesView extends ViewValue<'features', Data, number> {
  constructor(
    data: Data,
    private readonly source: FeaturesSource | undefined,
    selected: (at: readonly number[]) => number | undefined,
    onSelect: FeaturesOptions['onSelect'],
  ) {
    const forms = { svg: () => svg(data), html: () => html(data), words: () => words(data) };
    super('features', data, forms, selected, onSelect);
  }

  override [displaySymbol](options?: DisplayOptions): MimeBundle {
    const { source } = this;
    if (source) answerTo(this.data.live, async asked => ({ ...(await answerFeatures(source, asked)) }));
    return super[displaySymbol](options);
  }
}

/**
 * A dashboard of features. `transcoder.dashboard` makes one of a transcoder. `onSelect` gets the number of the feature
 * that is looked at.
 * @throws ShapeError where there are over 500, or one is not whole
 * @example
 * view.features([
 *   {
 *     feature: 7, label: 'animals', density: 0.02, largest: 3.5, mean: 1.2, token: 'cat',
 *     histogram: { top: 4, counts: [5, 3, 1, 1] },
 *     examples: [{ place: 'story 0', value: 3.5, tokens: ['the ', 'cat ', 'sat'], values: [0, 3.5, 0.2], at: 1 }],
 *     nearest: [{ feature: 9, label: '', cosine: 0.4 }],
 *     reads: [{ name: 'channel 3', value: 0.6 }],
 *     writes: [{ name: 'channel 5', value: -0.7 }],
 *     raises: [{ name: 'purred', value: 1.1 }],
 *     lowers: [{ name: 'car', value: -0.8 }],
 *   },
 * ])
 */
export function features(
  shown: readonly Feature[],
  { title = '', about = '', count = shown.length, source, onSelect }: FeaturesOptions = {},
): FeaturesView {
  const live = source ? newLiveId('features') : '';
  const data: Data = { title, about, count, features: [...shown], live };
  const wrong = problem(data);
  if (wrong) throw new ShapeError(`a dashboard of features: ${wrong.replaceAll('data.', '')}`);
  const select = ([feature]: readonly number[]) => (feature >= 0 && feature < count ? feature : undefined);
  return new FeaturesView(data, source, select, onSelect);
}
