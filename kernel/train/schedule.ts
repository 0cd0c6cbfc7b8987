/** Learning-rate schedules: a factor on the optimizer's rate, from the step and how many there will be. */
import { NeuronbookError } from '../base/errors.ts';

export interface Schedule {
  /** @param step from 0 */
  (step: number, steps: number): number;
  /** How it reads in a run's description. */
  text: string;
  /** Whether it is the same however many steps there will be: such a run can be lengthened. */
  endless: boolean;
}

/**
 * A schedule of one's own.
 * @param text says all that decides the factor: a run is resumed only under the same text
 * @example schedule.custom('square root', step => 1 / Math.sqrt(step + 1))
 */
export const custom = (
  text: string,
  factor: (step: number, steps: number) => number,
  { endless = false } = {},
): Schedule => Object.assign((step: number, steps: number) => factor(step, steps), { text, endless });

/**
 * 1, or with a warm-up 1/w, 2/w, … 1 over the first `warmup` steps, then 1.
 * @example await fit(net, data, { loss: crossEntropy(), steps: 500, schedule: schedule.constant({ warmup: 50 }) })
 */
export const constant = ({ warmup: rising = 0 } = {}): Schedule =>
  rising
    ? warmup(rising)
    : custom('constant(warmup 0)', () => 1, {
        endless: true,
      });

/**
 * 1/w, 2/w, … 1 over the first `steps` steps, then another schedule over those that are left.
 * @see https://arxiv.org/abs/1706.02677 section 2.2
 * @example schedule.warmup(100, schedule.halving({ every: 1000 }))
 */
export const warmup = (length: number, then: Schedule = constant()): Schedule =>
  sequence(
    [
      length,
      custom(`warmup ${length}`, step => Math.min(1, (step + 1) / Math.max(1, length)), { endless: true }),
    ],
    then,
  );

/**
 * After the warm-up, half a cosine from 1 down to `floor`: floor + (1 − floor)·½(1 + cos(π·step/steps)).
 * @see https://arxiv.org/abs/1608.03983 equation 5
 * @example schedule.cosine({ warmup: 100, floor: 0.1 })
 */
export const cosine = ({ warmup: rising = 0, floor = 0 } = {}): Schedule =>
  risen(
    rising,
    custom(`cosine(floor ${floor})`, (step, steps) => {
      const share = Math.min(1, step / Math.max(1, steps));
      return floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * share));
    }),
  );

/**
 * After the warm-up, straight down to `floor`.
 * @example schedule.linear({ warmup: 100 })
 */
export const linear = ({ warmup: rising = 0, floor = 0 } = {}): Schedule =>
  risen(
    rising,
    custom(
      `linear(floor ${floor})`,
      (step, steps) => 1 - (1 - floor) * Math.min(1, step / Math.max(1, steps)),
    ),
  );

/**
 * After the warm-up, times `by` after every `every` steps: by^⌊step/every⌋.
 * @example schedule.halving({ every: 1000 })
 */
export function halving({
  every,
  by = 0.5,
  warmup: rising = 0,
}: {
  every: number;
  by?: number;
  warmup?: number;
}) {
  if (!(every >= 1)) throw new NeuronbookError(`halving every ${every} steps; expected 1 or more`);
  const falling = custom(`halving(every ${every}, by ${by})`, step => by ** Math.floor(step / every), {
    endless: true,
  });
  return risen(rising, falling);
}

/**
 * One schedule after the other: each but the last for so many steps; each counts its steps from 0.
 * @example schedule.sequence([200, schedule.constant()], [800, schedule.cosine()], schedule.constant())
 */
export function sequence(...parts: readonly (readonly [number, Schedule] | Schedule)[]): Schedule {
  const last = parts[parts.length - 1];
  const stages = parts.slice(0, -1);
  if (typeof last !== 'function' || stages.some(stage => typeof stage === 'function'))
    throw new NeuronbookError('a sequence ends in a schedule; expected [steps, schedule] for all before it');
  const timed = stages as readonly (readonly [number, Schedule])[];
  return custom(
    [...timed.map(([length, { text }]) => `${text} for ${length}`), last.text].join(', then '),
    (step, steps) => {
      let begun = 0;
      for (const [length, stage] of timed) {
        if (step < begun + length) return stage(step - begun, length);
        begun += length;
      }
      return last(step - begun, steps - begun);
    },
    { endless: last.endless },
  );
}

const risen = (rising: number, then: Schedule): Schedule => (rising ? warmup(rising, then) : then);
