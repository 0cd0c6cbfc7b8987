/** What a dashboard of features asks the kernel, and how that is answered: a search, one feature, names. */
import { isRecord, isText } from '../payload.ts';
import type { Feature, FeatureGlance } from './features.ts';

/** In which order features are listed. */
export const orders = ['largest', 'density', 'rare', 'number'] as const;
/** How often features are active: dead ones never, rare ones at under a thousandth of rows, dense ones at over a tenth. */
export const bands = {
  any: [0, 1],
  dead: [0, 0],
  rare: [Number.MIN_VALUE, 0.001],
  usual: [0.001, 0.1],
  dense: [0.1, 1],
} as const;

export type FeatureOrder = (typeof orders)[number];
export type FeatureBand = keyof typeof bands;

export interface FeatureQuery {
  /** A number, words of a label, or a token. */
  text: string;
  order: FeatureOrder;
  band: FeatureBand;
}

/** Who knows all features. */
export interface FeaturesSource {
  /** The first of those that are asked for; `more` where there are others. */
  find(query: FeatureQuery): Promise<{ rows: FeatureGlance[]; more: boolean }>;
  feature(feature: number): Promise<Feature>;
  label(feature: number, name: string): Promise<void>;
}

/** All that the page wants to know at the time: what has not been answered yet is asked again with what is new. */
export interface FeaturesRequest {
  seq: number;
  find?: FeatureQuery;
  feature?: number;
  labels?: [feature: number, name: string][];
}

export interface FeaturesReply {
  seq: number;
  rows?: FeatureGlance[];
  more?: boolean;
  feature?: Feature;
  /** Names that are kept. */
  named?: [feature: number, name: string][];
  error?: string;
}

const isQuery = (value: unknown): value is FeatureQuery =>
  isRecord(value) &&
  isText(value.text) &&
  value.text.length <= 500 &&
  orders.includes(value.order as FeatureOrder) &&
  isText(value.band) &&
  Object.hasOwn(bands, value.band);
const isLabel = (value: unknown): value is [number, string] =>
  Array.isArray(value) && value.length === 2 && Number.isInteger(value[0]) && isText(value[1]);

/** What comes over the wire is checked like what is saved. */
export async function answerFeatures(
  source: FeaturesSource,
  asked: Readonly<Record<string, unknown>>,
): Promise<FeaturesReply> {
  const reply: FeaturesReply = { seq: Number(asked.seq) };
  try {
    const { find, feature, labels = [] } = asked;
    if (!Array.isArray(labels) || !labels.every(isLabel))
      throw new RangeError('labels are not numbers with a text each; show the view again');
    // names first, so that a search finds them
    for (const [at, name] of labels) {
      await source.label(at, name);
      (reply.named ??= []).push([at, name]);
    }
    if (find !== undefined) {
      if (!isQuery(find))
        throw new RangeError(`cannot look for ${JSON.stringify(find)}; show the view again`);
      Object.assign(reply, await source.find(find));
    }
    if (feature !== undefined) reply.feature = await source.feature(Number(feature));
  } catch (error) {
    reply.error = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  return reply;
}

/** The same search among features that are at hand. */
export function sifted(features: readonly Feature[], { text, order, band }: FeatureQuery): Feature[] {
  const wanted = text.trim().toLowerCase();
  const number = /^#?(\d+)$/.exec(wanted)?.[1];
  const [least, most] = bands[band];
  const has = ({ feature, label, examples }: Feature) =>
    !wanted ||
    (number !== undefined && feature === Number(number)) ||
    label.toLowerCase().includes(wanted) ||
    examples.some(({ tokens, at }) => tokens[at]?.toLowerCase().includes(wanted));
  const key = {
    largest: (one: Feature) => -one.largest,
    density: (one: Feature) => -one.density,
    rare: (one: Feature) => one.density,
    number: (one: Feature) => one.feature,
  }[order];
  return features
    .filter(one => one.density >= least && one.density <= most && has(one))
    .sort((a, b) => key(a) - key(b) || a.feature - b.feature);
}
