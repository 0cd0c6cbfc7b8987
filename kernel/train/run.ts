/** What a training run leaves: the trained model and how it got there. Shows itself as a line and its loss curve. */
import { host, type MimeBundle } from '../base/host.ts';
import { displaySymbol } from '../display/bundle.ts';
import type { Model } from '../model/model.ts';
import type { Graph } from '../onnx/graph.ts';
import { lossChart, recent } from './live.ts';

export interface RunFields {
  model: Model;
  /** The loss of each step, before its update. */
  losses: readonly number[];
  /** Steps done, those of earlier sessions included. */
  steps: number;
  asked: number;
  seconds: number;
  /** Steps done in this session. */
  measured: number;
  /** The cell that has shown it live. */
  shownIn?: number;
}

export class Run {
  readonly model: Model;
  readonly losses: readonly number[];
  readonly steps: number;
  /** True where it ended before the last step. */
  readonly interrupted: boolean;
  readonly seconds: number;
  readonly stepsPerSecond: number;
  private readonly shownIn?: number;

  constructor({ model, losses, steps, asked, seconds, measured, shownIn }: RunFields) {
    this.model = model;
    this.losses = losses;
    this.steps = steps;
    this.interrupted = steps < asked;
    this.seconds = seconds;
    this.shownIn = shownIn;
    this.stepsPerSecond = measured / Math.max(seconds, 1e-9);
  }

  get graph(): Graph {
    return this.model.graph;
  }

  toString(): string {
    const end = this.interrupted ? ', interrupted' : '';
    return `${this.model.name}: ${this.steps} steps, ${this.stepsPerSecond.toPrecision(3)} a second; loss ${recent(this.losses).toPrecision(3)}${end}`;
  }

  /** Nothing in the cell that has shown its curve live; everywhere else, and later, the curve. */
  [displaySymbol](): MimeBundle {
    const { cell } = host();
    if (cell !== undefined && cell === this.shownIn) return {};
    return { ...lossChart(this.model.name, this.losses)[displaySymbol](), 'text/plain': this.toString() };
  }
}
