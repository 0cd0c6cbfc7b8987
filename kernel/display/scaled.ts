/** One notebook, two sizes: what a person runs, and what a check runs. */
import { environment } from '#platform/environment';

/**
 * `full`, or `small` where the environment variable NEURONBOOK_SCALE is `test`. The code and the controls are the
 * same at both sizes; only counts differ.
 * @example await viz.feature(model, 'conv3', { channel: 5, steps: scaled(512, 8) })
 */
export const scaled = (full: number, small: number): number =>
  environment('NEURONBOOK_SCALE') === 'test' ? small : full;
