/**
 * What makes one kind of sparse coder differ from another: how features come of what the encoder projects, and what
 * it is trained on beside the error. An architecture is a value, like an optimizer or a loss; it prints itself, and
 * to add one is to write one file in `architectures/`.
 *
 *   x ─(− centre)·W_enc─▶ projected ─[architecture]─▶ z ─·W_dec + b_dec (+ x·W_skip)─▶ ŷ
 */
import type { Dims } from '../../base/shape.ts';
import type { Var } from '../../engine/var.ts';
import type { Few } from './gates.ts';

/** Weights, or the state that comes with them, by name. */
export type Weights = Readonly<Record<string, Var>>;

/** What an architecture needs beside W_enc, W_dec and b_dec. */
export interface OwnWeight {
  readonly dims: Dims;
  /** Its first value, everywhere. */
  readonly init: number;
  /** What becomes of it where all features are to be c times as large: w·c, w + ln c, or w. */
  readonly scales: 'times' | 'log' | 'not';
  /** Moved by `Trained.state` from step to step instead of by gradients. */
  readonly measured?: boolean;
}

/** What an architecture may use while it trains. All rows are of one batch: N×d. */
export interface Training {
  /** y, N×outputs. */
  readonly target: Var;
  readonly weights: Weights;
  /** ‖W_dec‖ of each feature, F: the sum over sites; undefined where all are held at 1. */
  readonly norms?: Var;
  /** ŷ of features N×F; `weights` may be detached ones. */
  decode(z: Var, weights?: Weights): Var;
  /** The mean over rows of Σ (y − ŷ)². */
  error(reconstructed: Var): Var;
  /** The same values, through which no gradient flows. */
  detach<T extends Var | Weights>(value: T): T;
}

export interface Trained {
  /** z, N×F. */
  readonly features: Var;
  /** The same as values and places, where each row has a fixed few. */
  readonly few?: Few;
  /** What revival looks at: the pre-activations, N×F. */
  readonly pre: Var;
  /** What the sparsity coefficient multiplies: one number. */
  readonly penalty?: Var;
  /** Added to the loss as it is: one number. */
  readonly auxiliary?: Var;
  /** Takes the place of the plain error: one number. */
  readonly error?: Var;
  /** The next values of what is `measured`. */
  readonly state?: Weights;
}

export interface Architecture {
  readonly name: string;
  /** What it was made with. */
  readonly settings: Settings;
  /** λ, the coefficient of the penalty; 0 where sparsity is built in. */
  readonly sparsity: number;
  own(features: number): Readonly<Record<string, OwnWeight>>;
  /** Features in use: …×F → …×F. Holds at any size. */
  features(projected: Var, weights: Weights): Var;
  training(projected: Var, context: Training): Trained;
  /** Says all that it depends on: a run is resumed only under the same text. */
  toString(): string;
}

export type Settings = Readonly<Record<string, number | readonly number[] | undefined>>;

/** An architecture that prints itself: `topK(k 32)`. */
export const architecture = (parts: Omit<Architecture, 'toString'>): Architecture => ({
  ...parts,
  toString: () => described(parts.name, parts.settings),
});

/** `topK(k 32)` */
export const described = (name: string, options: Settings): string =>
  `${name}(${Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} ${typeof value === 'number' ? value : value!.join('+')}`)
    .join(', ')})`;
