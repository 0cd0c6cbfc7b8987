/** How a training went, step by step, and how it shows itself while it runs. */
import { host } from '../../base/host.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { newDisplayId } from '../../display/display.ts';
import { lines, type Chart } from '../../display/plot.ts';
import { progress, type Progress } from '../../display/progress.ts';
import { recent, thinned } from '../../train/live.ts';
import type { Ended } from '../../train/run.ts';
import { REPORTED } from './step.ts';

/**
 * What is known of each step, before its update: the loss and its terms (`error` is the mean over rows of Σ (y − ŷ)², of
 * normalized rows; `penalty` without its coefficient), features active at a row, the fraction of variance unexplained,
 * and of all features the share that is dead and the share that is active at more than a tenth of the rows.
 */
export const METRICS = [...REPORTED, 'dead', 'dense'] as const;
export type Metric = (typeof METRICS)[number];
export type StepMetrics = Readonly<Record<Metric, number>>;

export class History {
  /** By metric, one number a step. */
  readonly metrics: Readonly<Record<Metric, number[]>>;
  ended: Ended = 'steps';
  /** Time of the steps of this session. */
  seconds = 0;
  private readonly begun: number;

  /** @param saved all numbers step by step, of earlier sessions */
  constructor(saved: ArrayLike<number> = []) {
    this.metrics = Object.fromEntries(METRICS.map(metric => [metric, [] as number[]])) as Record<
      Metric,
      number[]
    >;
    for (let i = 0; i < saved.length; i++) this.metrics[METRICS[i % METRICS.length]].push(saved[i]);
    this.begun = this.steps;
  }

  get steps(): number {
    return this.metrics.loss.length;
  }

  get stepsPerSecond(): number {
    return (this.steps - this.begun) / Math.max(this.seconds, 1e-9);
  }

  add(step: StepMetrics): void {
    for (const metric of METRICS) this.metrics[metric].push(step[metric]);
  }

  /** The mean of the last steps. */
  recent(metric: Metric): number {
    return recent(this.metrics[metric]);
  }

  /** All numbers, step by step. */
  flat(): Float32Array {
    return Float32Array.from({ length: this.steps * METRICS.length }, (_, i) => {
      return this.metrics[METRICS[i % METRICS.length]][Math.floor(i / METRICS.length)];
    });
  }

  toString(): string {
    const ended = this.ended === 'steps' ? '' : `, ended by ${this.ended}`;
    return `${this.steps} steps, ${this.stepsPerSecond.toPrecision(3)} a second${ended}; ${summary(this)}`;
  }
}

const percent = (share: number): string => `${+(100 * share).toPrecision(3)} %`;

function summary(history: History): string {
  const [l0, fvu] = (['l0', 'fvu'] as const).map(metric => +history.recent(metric).toPrecision(3));
  const [dead, dense] = (['dead', 'dense'] as const).map(metric =>
    percent(history.metrics[metric].at(-1) ?? 0),
  );
  return `L0 ${l0}, FVU ${fvu}, dead ${dead}, dense ${dense}`;
}

/** FVU, and what is dead and dense, by step; L0 above 1 shares the axis, which is logarithmic. */
export function historyChart({ metrics }: History): Chart {
  const series = (['fvu', 'l0', 'dead', 'dense'] as const).map(metric => {
    const { steps, values } = thinned(metrics[metric]);
    return { name: metric, x: steps, y: values };
  });
  const drawn = series.filter(({ y }) => y.some(value => value > 0));
  // a logarithmic axis has no place for 0
  const above = drawn.map(({ name, x, y }) => ({ name, x, y: y.map(value => Math.max(value, 1e-4)) }));
  return lines(above, { x: 'step', y: 'FVU, L0, shares', log: 'y', height: 280 });
}

/** A bar, and the chart, redrawn about once a second; in a terminal the bar's last line alone. */
export class LiveHistory {
  private readonly bar: Progress<number>;
  private readonly id = newDisplayId();
  private readonly drawn = Symbol.for('neuronbook.host') in globalThis;
  private drawnAt = performance.now();
  private shows = false;

  constructor(
    title: string,
    steps: number,
    private readonly history: History,
  ) {
    this.bar = progress(steps, title);
    if (history.steps) this.bar.to(history.steps);
  }

  step(): void {
    this.bar.to(this.history.steps, summary(this.history));
    if (this.drawn && performance.now() - this.drawnAt > 1000) this.draw();
  }

  finish(): void {
    this.bar.end();
    if (this.drawn && this.history.steps) this.draw();
  }

  private draw(): void {
    host().display(historyChart(this.history)[displaySymbol](), { id: this.id, update: this.shows });
    this.shows = true;
    this.drawnAt = performance.now();
  }
}
