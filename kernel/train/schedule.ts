/** Learning-rate schedules: a factor on the optimizer's rate, from the step and how many there will be. */

export interface Schedule {
  (step: number, steps: number): number;
  /** How it reads in a run's description. */
  text: string;
}

const schedule = (text: string, factor: (step: number, steps: number) => number): Schedule =>
  Object.assign((step: number, steps: number) => factor(step, steps), { text });

/** 1/w, 2/w, … 1 over the first `warmup` steps, then 1. */
const rising = (step: number, warmup: number): number => Math.min(1, (step + 1) / Math.max(1, warmup));

export const constant = ({ warmup = 0 } = {}): Schedule =>
  schedule(`constant(warmup ${warmup})`, step => rising(step, warmup));

/** After the warm-up, half a cosine from 1 down to `floor`. @see https://arxiv.org/abs/1608.03983 */
export const cosine = ({ warmup = 0, floor = 0 } = {}): Schedule =>
  schedule(`cosine(warmup ${warmup}, floor ${floor})`, (step, steps) => {
    if (step < warmup) return rising(step, warmup);
    const share = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
    return floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * share));
  });

/** After the warm-up, straight down to `floor`. */
export const linear = ({ warmup = 0, floor = 0 } = {}): Schedule =>
  schedule(`linear(warmup ${warmup}, floor ${floor})`, (step, steps) => {
    if (step < warmup) return rising(step, warmup);
    return 1 - (1 - floor) * Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  });
