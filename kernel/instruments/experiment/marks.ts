/** What a claim has to reach, and what its control must not: figures in, verdicts out. */
import { NeuronbookError } from '../../base/errors.ts';

/** What was measured in one arm with one seed, by name. */
export type Figures = Readonly<Record<string, number>>;

/** The figures of one seed, arm by arm. */
export type ByArm<Arm extends string> = Readonly<Record<Arm, Figures>>;

export interface Mark<Arm extends string = string> {
  /**
   * The number that is judged, of one seed.
   * @param own figures of the arm that is judged, or of the control that stands in for it
   * @param all figures of every arm, for ratios and differences within a seed
   */
  of(own: Figures, all: ByArm<Arm>): number;
  atLeast?: number;
  atMost?: number;
  /** Which arm is judged; the first where left out. */
  arm?: Arm;
  /** The control that has to fail this mark: judged in the arm's place, it must not reach it with any seed. */
  control?: Arm;
  /** By how much the control has to miss. */
  margin?: number;
  /** Share of the seeds in which the mark has to be reached; all where left out. */
  seeds?: number;
}

/** How a mark came out. */
export interface Verdict {
  /** What is claimed: the mark's name. */
  readonly claim: string;
  /** `at least 0.8`, `at most 0.05 in 4 of 5 seeds`. */
  readonly bound: string;
  readonly arm: string;
  /** The number that is judged, seed by seed. */
  readonly values: readonly number[];
  readonly met: boolean;
  /** The control's numbers, and whether it failed as it has to. */
  readonly control?: { readonly arm: string; readonly values: readonly number[]; readonly fails: boolean };
}

/** Bounds in words. */
export function boundOf({ atLeast, atMost, seeds = 1 }: Mark, count: number): string {
  const bounds = [
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
  ];
  return `${bounds.join(' and ')}${seeds < 1 ? ` in ${Math.ceil(seeds * count)} of ${count} seeds` : ''}`;
}

/** What a number that is no number says: nothing, so neither is a mark reached by it nor missed. */
const reaches = (value: number, { atLeast = -Infinity, atMost = Infinity }: Mark): boolean =>
  value >= atLeast && value <= atMost;

/** Whether the control stays outside the bounds by the margin. */
const misses = (value: number, { atLeast, atMost, margin = 0 }: Mark): boolean =>
  (atLeast !== undefined && value <= atLeast - margin && value < atLeast) ||
  (atMost !== undefined && value >= atMost + margin && value > atMost);

/**
 * Judges one mark.
 * @param seeds the figures of each seed, by arm
 */
export function judge(
  claim: string,
  mark: Mark,
  first: string,
  seeds: readonly ByArm<string>[],
  expected: number,
): Verdict {
  const { arm = first, control } = mark;
  const number = (all: ByArm<string>, name: string): number => {
    const value = mark.of(all[name], all) as number | undefined;
    if (typeof value === 'number') return value;
    throw new NeuronbookError(
      `the mark "${claim}" gives ${value}; expected a number: the figures of ${name} are ${Object.keys(all[name]).join(', ')}`,
    );
  };
  const values = seeds.map(all => number(all, arm));
  const reached = values.filter(value => reaches(value, mark)).length;
  const stood = control === undefined ? undefined : seeds.map(all => number(all, control));
  const complete = seeds.length > 0;
  const fails = complete && (stood ?? []).every(value => misses(value, mark));
  return {
    claim,
    bound: boundOf(mark, expected),
    arm,
    values,
    met: complete && reached >= Math.ceil((mark.seeds ?? 1) * seeds.length) && (stood === undefined || fails),
    ...(stood && { control: { arm: control!, values: stood, fails } }),
  };
}

/** Marks that could not be missed, or that name what is not there, are mistakes. */
export function checkMarks(
  marks: Readonly<Record<string, Mark>>,
  arms: readonly string[],
  controls: readonly string[],
): void {
  const entries = Object.entries(marks);
  if (!entries.length) throw new NeuronbookError('an experiment without marks; expected at least one');
  for (const [claim, { atLeast, atMost, arm, control, seeds = 1 }] of entries) {
    if (atLeast === undefined && atMost === undefined)
      throw new NeuronbookError(`the mark "${claim}" has no bound; give atLeast or atMost`);
    if (!(seeds > 0 && seeds <= 1))
      throw new NeuronbookError(`seeds of the mark "${claim}": ${seeds}; expected a share above 0, up to 1`);
    const known = [...arms, ...controls];
    const unknown = [arm, control].find(name => name !== undefined && !known.includes(name));
    if (unknown !== undefined)
      throw new NeuronbookError(`the mark "${claim}" names ${unknown}; the arms are ${known.join(', ')}`);
  }
  const idle = controls.find(name => !entries.some(([, mark]) => mark.control === name || mark.arm === name));
  if (idle !== undefined)
    throw new NeuronbookError(`the control ${idle} is named by no mark; expected one that it has to fail`);
}
