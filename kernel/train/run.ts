/** What a training run leaves: the trained model and how it got there. Shows itself as a line and its loss curve. */
import { host, type MimeBundle } from '../base/host.ts';
import { displaySymbol } from '../display/bundle.ts';
import type { Model } from '../model/model.ts';
import type { Graph } from '../onnx/graph.ts';
import type { Measure } from './checkpoint.ts';
import { bestOf } from './held-out.ts';
import { lossChart, recent } from './live.ts';

/** Why a run ended: all steps done, the user's Interrupt, `onStep`, no better measure for long, no more data. */
export type Ended = 'steps' | 'interrupt' | 'onStep' | 'patience' | 'data';

const endings: Readonly<Record<Ended, string>> = {
  steps: '',
  interrupt: ', interrupted',
  onStep: ', stopped by onStep',
  patience: ', stopped early',
  data: ', at the end of the data',
};

export interface RunFields {
  model: Model;
  averaged?: Model;
  losses: readonly number[];
  measures: readonly Measure[];
  steps: number;
  ended: Ended;
  seconds: number;
  /** Steps done in this session. */
  measured: number;
  /** The cell that has shown it live. */
  shownIn?: number;
}

export class Run {
  /** The network as it is now; where `patience` was set, as it was at the best measure. */
  readonly model: Model;
  /** The network with the average of its weights, where `ema` was set. */
  readonly averaged?: Model;
  /** The loss of each step, before its update. */
  readonly losses: readonly number[];
  /** The held-out losses, where other data was given. */
  readonly measures: readonly Measure[];
  /** Steps done, those of earlier sessions included. */
  readonly steps: number;
  readonly ended: Ended;
  readonly seconds: number;
  readonly stepsPerSecond: number;
  private readonly shownIn?: number;

  constructor({ model, averaged, losses, measures, steps, ended, seconds, measured, shownIn }: RunFields) {
    this.model = model;
    this.averaged = averaged;
    this.losses = losses;
    this.measures = measures;
    this.steps = steps;
    this.ended = ended;
    this.seconds = seconds;
    this.shownIn = shownIn;
    this.stepsPerSecond = measured / Math.max(seconds, 1e-9);
  }

  get graph(): Graph {
    return this.model.graph;
  }

  /** True where the user or `onStep` ended it before the last step. */
  get interrupted(): boolean {
    return this.ended === 'interrupt' || this.ended === 'onStep';
  }

  /** The least held-out loss, and after which step. */
  get best(): Measure | undefined {
    return bestOf(this.measures);
  }

  toString(): string {
    const { best } = this;
    const held = best ? `, held out ${best.loss.toPrecision(3)} at step ${best.step}` : '';
    return (
      `${this.model.name}: ${this.steps} steps, ${this.stepsPerSecond.toPrecision(3)} a second; ` +
      `loss ${recent(this.losses).toPrecision(3)}${held}${endings[this.ended]}`
    );
  }

  /** Nothing in the cell that has shown its curve live; everywhere else, and later, the curve. */
  [displaySymbol](): MimeBundle {
    const { cell } = host();
    if (cell !== undefined && cell === this.shownIn) return {};
    const chart = lossChart(this.model.name, this.losses, this.measures);
    return { ...chart[displaySymbol](), 'text/plain': this.toString() };
  }
}
