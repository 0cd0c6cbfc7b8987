/** What an experiment found: verdicts, and each arm's figures over seeds. Shows itself as two tables. */
import { host, type MimeBundle } from '../../base/host.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { escapeHtml } from '../../display/html.ts';
import { Table } from '../../display/table.ts';
import type { Trial } from './experiment.ts';
import type { Verdict } from './marks.ts';

export interface ReportFields {
  question: string;
  /** Name → what it is, controls last. */
  arms: Readonly<Record<string, string>>;
  controls: readonly string[];
  seeds: readonly (string | number)[];
  trials: readonly Trial[];
  verdicts: readonly Verdict[];
  /** The cell that has shown it live. */
  shownIn?: number;
}

/** Two numbers of one seed, over the seeds that have both. */
export interface Paired {
  /** Of first − second. */
  mean: number;
  /** Standard error of that mean. */
  error: number;
  /** Seeds in which the first is smaller. */
  smaller: number;
  seeds: number;
}

export class Report {
  readonly question: string;
  readonly arms: Readonly<Record<string, string>>;
  readonly controls: readonly string[];
  readonly seeds: readonly (string | number)[];
  /** One entry an arm and seed, as they were run. */
  readonly trials: readonly Trial[];
  readonly verdicts: readonly Verdict[];
  private readonly shownIn?: number;

  constructor({ question, arms, controls, seeds, trials, verdicts, shownIn }: ReportFields) {
    this.question = question;
    this.arms = arms;
    this.controls = controls;
    this.seeds = seeds;
    this.trials = trials;
    this.verdicts = verdicts;
    this.shownIn = shownIn;
  }

  /** Whether every arm has been run with every seed. */
  get complete(): boolean {
    return this.trials.length === this.runs;
  }

  private get runs(): number {
    return Object.keys(this.arms).length * this.seeds.length;
  }

  /** Whether all marks are reached, and all controls fail theirs. */
  get met(): boolean {
    return this.complete && this.verdicts.every(({ met }) => met);
  }

  /**
   * One figure of one arm, a number a seed.
   * @example (await coin.run({ live: false })).of('loaded', 'heads').length // → 3
   */
  of(arm: string, figure: string): number[] {
    return this.trials.filter(trial => trial.arm === arm).map(({ figures }) => figures[figure]);
  }

  /**
   * The difference of a figure between two arms, seed by seed.
   * @example (await coin.run({ live: false })).paired('loaded', 'fair', 'heads').smaller
   */
  paired(first: string, second: string, figure: string): Paired {
    const at = (arm: string, seed: Trial['seed']) =>
      this.trials.find(trial => trial.arm === arm && trial.seed === seed)?.figures[figure];
    const differences = this.seeds.flatMap(seed => {
      const [a, b] = [at(first, seed), at(second, seed)];
      return a === undefined || b === undefined ? [] : [a - b];
    });
    const { mean, deviation } = spreadOf(differences);
    return {
      mean,
      error: deviation / Math.sqrt(differences.length),
      smaller: differences.filter(difference => difference < 0).length,
      seeds: differences.length,
    };
  }

  /**
   * The marks: what was claimed, what came out with each seed.
   * @example String((await coin.run({ live: false })).marks()).includes('at least')
   */
  marks(): Table {
    return new Table(
      this.verdicts.map(({ claim, bound, arm, values, met, control }) => ({
        claim,
        mark: bound,
        arm,
        'each seed': listed(values),
        'control that has to fail': control ? `${control.arm}: ${listed(control.values)}` : '',
        reached: met
          ? 'yes'
          : control && !control.fails && this.complete
            ? 'no: the control does not fail'
            : 'no',
      })),
      [
        `${this.verdicts.filter(({ met }) => met).length} of ${this.verdicts.length} marks, ${this.seeds.length} seeds`,
        ...(this.complete ? [] : [`${this.trials.length} of ${this.runs} runs so far`]),
      ].join('; '),
    );
  }

  /**
   * Each arm's figures: mean ± standard deviation over seeds.
   * @example String((await coin.run({ live: false })).table()).includes('±')
   */
  table(): Table {
    const names = [...new Set(this.trials.flatMap(({ figures }) => Object.keys(figures)))];
    return new Table(
      Object.keys(this.arms).map(arm => ({
        arm: this.controls.includes(arm) ? `${arm} (control)` : arm,
        ...Object.fromEntries(names.map(name => [name, meanText(this.of(arm, name))])),
      })),
      'mean ± standard deviation over seeds',
    );
  }

  /** As it is kept in a file; what a network cannot say in JSON, such as NaN, becomes null. */
  toJSON(): Record<string, unknown> {
    const { question, arms, controls, seeds, verdicts, trials, complete, met } = this;
    return { question, arms, controls, seeds, complete, met, verdicts, trials };
  }

  toString(): string {
    return [this.question, '', String(this.marks()), '', String(this.table())].join('\n');
  }

  /** Nothing in the cell that has shown it live. */
  [displaySymbol](): MimeBundle {
    const { cell } = host();
    if (cell !== undefined && cell === this.shownIn) return {};
    return this.bundle();
  }

  /** What is shown, wherever it stands. */
  bundle(): MimeBundle {
    const html = `<p><em>${escapeHtml(this.question)}</em></p>\n${this.marks().toHtml()}\n${this.table().toHtml()}`;
    return { 'text/plain': this.toString(), 'text/html': html };
  }
}

export const brief = (value: number): string =>
  Number.isNaN(value)
    ? 'NaN'
    : Number.isInteger(value) && Math.abs(value) < 1e6
      ? String(value)
      : Math.abs(value) >= 1000 || (Math.abs(value) < 1e-3 && value !== 0)
        ? value.toExponential(2)
        : String(+value.toPrecision(3));

const listed = (values: readonly number[]): string => values.map(brief).join(', ') || '–';

function spreadOf(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}

function meanText(values: readonly (number | undefined)[]): string {
  const known = values.filter(value => value !== undefined);
  if (!known.length) return '';
  const { mean, deviation } = spreadOf(known);
  return known.length > 1 ? `${brief(mean)} ± ${brief(deviation)}` : brief(mean);
}
