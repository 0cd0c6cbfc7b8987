/** What a training run leaves: the trained model and how it got there. Shows itself as a line and its loss curve. */
import type { Model } from '../model/model.ts';
import type { Graph } from '../onnx/graph.ts';
import { lossFigure } from './live.ts';

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
}

export class Run {
  readonly model: Model;
  readonly losses: readonly number[];
  readonly steps: number;
  /** True where it ended before the last step. */
  readonly interrupted: boolean;
  readonly seconds: number;
  readonly stepsPerSecond: number;

  constructor({ model, losses, steps, asked, seconds, measured }: RunFields) {
    this.model = model;
    this.losses = losses;
    this.steps = steps;
    this.interrupted = steps < asked;
    this.seconds = seconds;
    this.stepsPerSecond = measured / Math.max(seconds, 1e-9);
  }

  get graph(): Graph {
    return this.model.graph;
  }

  toString(): string {
    const last = this.losses.slice(-50);
    const mean = last.reduce((sum, value) => sum + value, 0) / Math.max(1, last.length);
    const end = this.interrupted ? ', interrupted' : '';
    return `${this.model.name}: ${this.steps} steps, ${this.stepsPerSecond.toPrecision(3)} a second; loss ${mean.toPrecision(3)} (mean of the last ${last.length})${end}`;
  }

  [Symbol.for('Jupyter.display')](): Record<string, unknown> {
    return { ...lossFigure(this.model.name, this.losses), 'text/plain': this.toString() };
  }
}
