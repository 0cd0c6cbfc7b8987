/** A run while it runs: a bar and the loss curve, redrawn about once a second. */
import { host } from '../base/host.ts';
import { displaySymbol } from '../display/bundle.ts';
import { newDisplayId } from '../display/display.ts';
import { line, type Chart } from '../display/plot.ts';
import { progress, type Progress } from '../display/progress.ts';

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

/** The loss by step; on a logarithmic axis, where every loss is above zero. */
export function lossChart(title: string, losses: readonly number[]): Chart {
  const { steps, values } = thinned(losses);
  const log = values.length > 0 && values.every(value => value > 0) ? 'y' : undefined;
  return line(steps, values, { title, x: 'step', y: 'loss', log, height: 280 });
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
    host().display(lossChart(this.title, this.losses)[displaySymbol](), { id: this.id, update: this.shows });
    this.shows = true;
    this.drawnAt = performance.now();
  }
}

/** Mean of the last twenty: a single batch says little. */
export function recent(losses: readonly number[], count = 20): number {
  const last = losses.slice(-count);
  return last.reduce((sum, value) => sum + value, 0) / Math.max(1, last.length);
}
