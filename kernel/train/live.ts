/** A run while it runs: a bar and the loss curve, redrawn about once a second. */
import { host } from '../base/host.ts';
import { displaySymbol } from '../display/bundle.ts';
import { newDisplayId } from '../display/display.ts';
import { line, lines, type Chart } from '../display/plot.ts';
import { progress, type Progress } from '../display/progress.ts';
import type { Measure } from './checkpoint.ts';

/** At most `most` points: the curve's means over equal stretches. */
export function thinned(losses: readonly number[], most = 400): { steps: number[]; values: number[] } {
  const stretch = Math.max(1, Math.ceil(losses.length / most));
  const steps: number[] = [];
  const values: number[] = [];
  for (let from = 0; from < losses.length; from += stretch) {
    const part = losses.slice(from, from + stretch);
    steps.push(from + part.length);
    values.push(part.reduce((sum, value) => sum + value, 0) / part.length);
  }
  return { steps, values };
}

/** The loss by step, and that on held-out data; on a logarithmic axis, where every loss is above zero. */
export function lossChart(
  title: string,
  losses: readonly number[],
  measures: readonly Measure[] = [],
): Chart {
  const { steps, values } = thinned(losses);
  const held = measures.map(({ loss }) => loss);
  const log = values.length > 0 && [...values, ...held].every(value => value > 0) ? 'y' : undefined;
  const options = { title, x: 'step', y: 'loss', log, height: 280 } as const;
  if (!measures.length) return line(steps, values, options);
  return lines(
    [
      { name: 'training', x: steps, y: values },
      { name: 'held out', x: measures.map(({ step }) => step), y: held },
    ],
    options,
  );
}

/** How a run shows itself while it runs: nothing but the bar's last line in a terminal. */
export class LiveRun {
  /** The cell it was shown in, where the host has cells. */
  readonly shownIn = host().cell;
  private readonly bar: Progress<number>;
  private readonly id = newDisplayId();
  private readonly drawn = Symbol.for('neuronbook.host') in globalThis;
  private drawnAt = performance.now();
  private shows = false;

  constructor(
    private readonly title: string,
    steps: number,
    private readonly losses: readonly number[],
    private readonly measures: readonly Measure[] = [],
  ) {
    this.bar = progress(steps, title);
    if (losses.length) this.bar.to(losses.length);
  }

  step(): void {
    const { losses } = this;
    this.bar.to(losses.length, `loss ${recent(losses).toPrecision(3)}`);
    if (this.drawn && performance.now() - this.drawnAt > 1000) this.draw();
  }

  finish(): void {
    this.bar.end();
    if (this.drawn && this.losses.length) this.draw();
  }

  private draw(): void {
    const chart = lossChart(this.title, this.losses, this.measures);
    host().display(chart[displaySymbol](), { id: this.id, update: this.shows });
    this.shows = true;
    this.drawnAt = performance.now();
  }
}

/** Mean of the last twenty: a single batch says little. */
export function recent(losses: readonly number[], count = 20): number {
  const last = losses.slice(-count);
  return last.reduce((sum, value) => sum + value, 0) / Math.max(1, last.length);
}
