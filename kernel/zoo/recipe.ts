/** What every bundled network's `recipe.ts` says, and how it is trained: whole by `npm run zoo`, or its first steps by the test. */
import {
  adamW,
  fit,
  schedule,
  type Batch,
  type FitOptions,
  type Loss,
  type Model,
  type nn,
  type Rng,
  type Run,
} from '../index.ts';

/** What was measured on one draw, by the name that the card gives it. A name that begins with `reached` is a mark. */
export type Figures = Readonly<Record<string, number>>;

export interface ScoreOptions {
  /** Score against targets that are dealt out anew: the control. */
  shuffle?: boolean;
  /** How much to draw, relative to what the card does. */
  share?: number;
}

export interface Plan {
  /** The folder's name: `zoo:<name>`. */
  name: string;
  /** The model card's text: what it is, what it reads and writes, what it cannot do. */
  about: string;
  seed: string;
  steps: number;
  /** Examples a step. */
  batch: number;
  /** The graph with its first weights. */
  network(): ReturnType<typeof nn.network>;
  /** A batch of the training data. */
  data(stream: Rng, count: number): Batch;
  loss: Loss;
  /** The rate and the weight decay of AdamW. */
  lr: number;
  decay: number;
  clip?: FitOptions['clip'];
  /** What the model is worth on data drawn from this seed, which training never used. */
  score(model: Model, drawn: string, options?: ScoreOptions): Promise<Figures>;
}

export interface TrainOptions {
  /** Steps to take; the schedule is that of the whole run. */
  until?: number;
  report?: (step: number, loss: number) => void;
}

export interface Recipe extends Plan {
  train(options?: TrainOptions): Promise<Run>;
}

/** A plan that can be carried out: AdamW, a warm-up and half a cosine down to nothing. */
export const recipe = (plan: Plan): Recipe => ({
  ...plan,
  train({ until = plan.steps, report = () => {} } = {}) {
    const { seed, steps, batch, loss, lr, decay, clip } = plan;
    return fit(plan.network(), (_step, stream) => plan.data(stream, batch), {
      loss,
      optimizer: adamW({ lr, decay }),
      schedule: schedule.cosine({ warmup: 50 }),
      clip,
      steps,
      seed,
      live: false,
      onStep({ step, loss }) {
        report(step, loss);
        return step < until;
      },
    });
  },
});

/** The least of a draw's marks. */
export const leastMark = (figures: Figures): number =>
  Math.min(...Object.keys(figures).flatMap(name => (name.startsWith('reached') ? [figures[name]] : [])));
