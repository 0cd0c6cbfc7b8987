/** Where features are looked up, whether they are in memory or in a folder: what they do, which do what, their names. */
import { ShapeError } from '../../base/errors.ts';
import type { FeatureHistogram } from './feature-histograms.ts';
import type { FeatureNames } from './feature-names.ts';

/** A row at which a feature is active. */
export interface TopExample {
  /** z there. */
  value: number;
  /** The number of the example in the data, and of the position in it, from 0. */
  example: number;
  position: number;
  /** The tokens around it, where the model reads tokens, which of them it is, and z at each. */
  tokens?: readonly number[];
  at?: number;
  values?: readonly number[];
}

export interface FindOptions {
  /** Features that have this token, or one of these, at one of their strongest rows. */
  token?: number | readonly number[];
  /** Words of a label, in any case. */
  label?: string;
  /** Where a token and a label are given, those that have either. */
  either?: boolean;
  /** Share of rows at which they are active: from and to. */
  density?: readonly [least: number, most: number];
  /** What comes first: the strongest, the most often active, or the lowest number. */
  order?: 'largest' | 'density' | 'feature';
  /** The other way round. */
  reverse?: boolean;
  limit?: number;
}

/** What is known of a feature at a glance. */
export interface FoundFeature {
  readonly feature: number;
  readonly density: number;
  readonly largest: number;
  /** The token at its strongest row, where the model reads tokens. */
  readonly token?: number;
  readonly label?: string;
}

/** All that is known of a feature. */
export interface KnownFeature extends FoundFeature {
  /** Of z where it is active. */
  readonly mean: number;
  readonly histogram: FeatureHistogram;
  /** Its strongest rows, strongest first. */
  readonly examples: readonly TopExample[];
}

type Soon<T> = T | Promise<T>;

export interface FeatureSource {
  /** Features in all. */
  readonly features: number;
  readonly names: FeatureNames;
  find(options?: FindOptions): Soon<FoundFeature[]>;
  about(feature: number): Soon<KnownFeature>;
  label(feature: number, name: string): Soon<void>;
}

export const tokensOf = ({ token }: FindOptions): readonly number[] | undefined =>
  token === undefined ? undefined : (typeof token === 'number' ? [token] : token).map(whole);

export function whole(value: number): number {
  if (!Number.isInteger(value) || value < 0) throw new ShapeError(`${value}; expected a whole number from 0`);
  return value;
}

export function finite(value: number): number {
  if (!Number.isFinite(value)) throw new ShapeError(`${value}; expected a finite number`);
  return value;
}

/** @throws ShapeError where there is no such feature */
export function checked(feature: number, features: number): number {
  if (!Number.isInteger(feature) || feature < 0 || feature >= features)
    throw new ShapeError(`feature ${feature}; expected 0 to ${features - 1}`);
  return feature;
}
