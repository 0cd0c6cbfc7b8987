/**
 * A claim, its controls and what has to come out, in one value that a test, a notebook and the gallery read.
 *
 *   for each seed:  shared = prepare(seed)        such as a trained network and held-out data
 *     for each arm:   figures = run(arm, shared)  the same data and steps for the method and its controls
 *   marks: a bound on a figure, which the arm has to reach and its control has to miss
 */
import { NeuronbookError } from '../../base/errors.ts';
import { fingerprint } from '../../base/hash.ts';
import { host } from '../../base/host.ts';
import { newDisplayId } from '../../display/display.ts';
import { progress } from '../../display/progress.ts';
import { scaled } from '../../display/scaled.ts';
import { checkMarks, judge, type ByArm, type Figures, type Mark } from './marks.ts';
import { TrialFile } from './trial-file.ts';
import { Report } from './report.ts';

export interface Given {
  readonly seed: string | number;
  /** `full`, or `small` in a test: the same code and controls, fewer steps. */
  scaled(full: number, small: number): number;
}

export interface Plan<Arm extends string, Control extends string, Shared> {
  /** What is asked, in a sentence. */
  question: string;
  /** The seeds, or how many: 1, 2, 3 … */
  seeds?: number | readonly (string | number)[];
  /** What is compared: name → what it is. The first is the method. */
  arms: Readonly<Record<Arm, string>>;
  /** What has to fail: name → what it is. */
  controls: Readonly<Record<Control, string>>;
  /** What is claimed → the bound that it has to reach. Set before the final runs. */
  marks: Readonly<Record<string, Mark<NoInfer<Arm | Control>>>>;
  /** What the arms of one seed share. */
  prepare?(given: Given): Shared | Promise<Shared>;
  /** Measures one arm. */
  run(
    given: Given & { readonly arm: NoInfer<Arm | Control>; readonly shared: NoInfer<Shared> },
  ): Figures | Promise<Figures>;
}

/** One arm, run with one seed. */
export interface Trial {
  readonly arm: string;
  readonly seed: string | number;
  readonly figures: Figures;
  /** What the run of this arm took; what its seed's arms share is not counted. */
  readonly seconds: number;
  /** When it ended, ISO 8601. */
  readonly at: string;
  /** The commit it was run at, where that is known. */
  readonly commit?: string;
}

export interface RunExperimentOptions {
  /** More or other seeds than the plan's. */
  seeds?: number | readonly (string | number)[];
  /** `small` for a test; where left out, NEURONBOOK_SCALE decides, as for `scaled`. */
  scale?: 'full' | 'small';
  /** A JSON file: trials that it holds already are not run again, each new one is added. */
  to?: string;
  /** What else decides the figures, such as a hash of the source: trials of another key are run again. */
  key?: string;
  /** Kept with each trial. */
  commit?: string;
  /** Show progress and the tables as they fill. */
  live?: boolean;
}

/** A plan that can be carried out. */
export class Experiment<Arm extends string = string, Control extends string = string, Shared = unknown> {
  readonly question: string;
  readonly seeds: readonly (string | number)[];
  readonly arms: Readonly<Record<Arm, string>>;
  readonly controls: Readonly<Record<Control, string>>;
  readonly marks: Readonly<Record<string, Mark<Arm | Control>>>;

  constructor(private readonly plan: Plan<Arm, Control, Shared>) {
    const { question, seeds = 3, arms, controls, marks } = plan;
    checkMarks(marks, Object.keys(arms), Object.keys(controls));
    this.question = question;
    this.seeds = seedsOf(seeds);
    this.arms = arms;
    this.controls = controls;
    this.marks = marks;
  }

  /**
   * Runs every arm with every seed and judges the marks.
   * @returns the report; after Interrupt, of the runs so far
   * @throws FormatError where the file `to` is something else; whatever the plan's functions throw
   * @example (await coin.run({ seeds: 2, live: false })).met // → true
   */
  async run({
    seeds: asked,
    scale,
    to,
    key = '',
    commit,
    live = true,
  }: RunExperimentOptions = {}): Promise<Report> {
    const seeds = asked === undefined ? this.seeds : seedsOf(asked);
    const arms = [...Object.keys(this.arms), ...Object.keys(this.controls)] as (Arm | Control)[];
    const small = scale === undefined ? scaled(0, 1) === 1 : scale === 'small';
    const sizes = (full: number, less: number) => (small ? less : full);
    const size = small ? 'small' : 'full';
    const record = to === undefined ? undefined : new TrialFile(to, this.key(key, size), { scale: size });
    const trials = new Map((await record?.load())?.map(trial => [place(trial), trial]));
    const shown = live ? new Shown(this.question, arms.length * seeds.length) : undefined;
    const report = () => this.report(seeds, trials, shown?.shownIn);
    try {
      for (const seed of seeds) {
        let shared: { value: Shared } | undefined;
        for (const arm of arms) {
          if (host().interrupted) return report();
          if (!trials.has(place({ arm, seed }))) {
            shown?.tell(`${arm}, seed ${seed}`);
            const given = { seed, scaled: sizes };
            shared ??= { value: (await this.plan.prepare?.(given)) as Shared };
            const began = performance.now();
            const figures = await this.plan.run({ ...given, arm, shared: shared.value });
            // what was cut short has measured something else
            if (host().interrupted) return report();
            const seconds = +((performance.now() - began) / 1000).toFixed(3);
            const at = new Date().toISOString();
            trials.set(place({ arm, seed }), { arm, seed, figures, seconds, at, ...(commit && { commit }) });
            await record?.save(report());
          }
          shown?.step(report());
        }
      }
      return report();
    } finally {
      shown?.end();
    }
  }

  private report(
    seeds: Report['seeds'],
    trials: ReadonlyMap<string, Trial>,
    shownIn: number | undefined,
  ): Report {
    const all = { ...this.arms, ...this.controls } as Record<string, string>;
    const names = Object.keys(all);
    const done = seeds.flatMap(seed =>
      names.flatMap(arm => {
        const trial = trials.get(place({ arm, seed }));
        return trial ? [trial] : [];
      }),
    );
    // a seed counts when all of its arms have been run
    const whole = seeds.filter(seed => names.every(arm => trials.has(place({ arm, seed }))));
    const byArm = whole.map(
      seed =>
        Object.fromEntries(
          names.map(arm => [arm, trials.get(place({ arm, seed }))!.figures]),
        ) as ByArm<string>,
    );
    const verdicts = Object.entries<Mark<Arm | Control>>(this.marks).map(([claim, mark]) =>
      judge(claim, mark as Mark, names[0], byArm, seeds.length),
    );
    const { question } = this;
    const controls = Object.keys(this.controls);
    return new Report({ question, arms: all, controls, seeds, trials: done, verdicts, shownIn });
  }

  /** Trials of another plan are other trials. */
  private key(more: string, size: string): string {
    const { prepare, run, question } = this.plan;
    const parts = [question, String(prepare), String(run), size, more];
    return String(parts.reduce((print, part) => print.add(part), fingerprint()));
  }

  toString(): string {
    const list = (of: Readonly<Record<string, string>>) =>
      Object.entries(of).map(([name, what]) => `  ${name}: ${what}`);
    return [this.question, 'arms', ...list(this.arms), 'controls', ...list(this.controls)].join('\n');
  }
}

const place = ({ arm, seed }: Pick<Trial, 'arm' | 'seed'>): string => JSON.stringify([arm, seed]);

function seedsOf(seeds: number | readonly (string | number)[]): readonly (string | number)[] {
  if (typeof seeds !== 'number') return seeds;
  if (!Number.isInteger(seeds) || seeds < 1)
    throw new NeuronbookError(`seeds: ${seeds}; expected a whole number from 1, or a list`);
  return Array.from({ length: seeds }, (_, i) => i + 1);
}

/** How an experiment shows itself while it runs: a bar, and the tables as they fill. */
class Shown {
  readonly shownIn = host().cell;
  private readonly bar;
  private readonly id = newDisplayId();
  private readonly drawn = Symbol.for('neuronbook.host') in globalThis;
  private shows = false;

  constructor(question: string, count: number) {
    this.bar = progress(count, question);
  }

  tell(what: string): void {
    this.bar.step(0, what);
  }

  step(report: Report): void {
    this.bar.step(1);
    if (!this.drawn) return;
    host().display(report.bundle(), { id: this.id, update: this.shows });
    this.shows = true;
  }

  end(): void {
    this.bar.end();
  }
}

/**
 * Declares an experiment: what is asked, the arms and controls that are compared over seeds, and the marks that decide.
 * @param plan `run` measures one arm with one seed; `prepare` makes what the arms of a seed share
 * @throws NeuronbookError where a mark has no bound or names no arm, or a control is named by no mark
 * @example
 * const heads = (share: number, seed: string | number) => {
 *   const draw = rng(seed)
 *   return Array.from({ length: 400 }, () => Number(draw.uniform() < share)).reduce((sum, one) => sum + one) / 400
 * }
 * const coin = experiment({
 *   question: 'Does the loaded coin fall on its head more often?',
 *   arms: { loaded: 'a head in 7 of 10 throws' },
 *   controls: { fair: 'a head in 5 of 10 throws' },
 *   marks: { 'share of heads': { of: own => own.heads, atLeast: 0.6, control: 'fair' } },
 *   run: ({ arm, seed }) => ({ heads: heads(arm === 'loaded' ? 0.7 : 0.5, seed) }),
 * })
 * const report = await coin.run({ live: false })
 * report.met // → true
 */
export const experiment = <Arm extends string, Control extends string, Shared = undefined>(
  plan: Plan<Arm, Control, Shared>,
): Experiment<Arm, Control, Shared> => new Experiment(plan);
