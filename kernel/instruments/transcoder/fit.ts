/**
 * `transcoder.fit`: the training of a sparse coder. What lies between steps is here; a step is `step.ts`, where rows
 * come from is `rows.ts`. It stands beside `train/fit`, whose optimizers, schedules and checkpoints it takes: a coder
 * carries more from step to step than weights (silence, thresholds), and holds its decoder to a sphere.
 */
import { NeuronbookError } from '../../base/errors.ts';
import { host } from '../../base/host.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { Activations } from '../../data/activations/activations.ts';
import type { Model } from '../../model/model.ts';
import { CheckpointFolder } from '../../train/checkpoint.ts';
import type { Data } from '../../train/data.ts';
import { adam, type Optimizer } from '../../train/optimizer.ts';
import type { Ended } from '../../train/run.ts';
import { constant, type Schedule } from '../../train/schedule.ts';
import type { Architecture } from './architecture.ts';
import { topK } from './architectures/index.ts';
import { rescaled, type Coder } from './coder.ts';
import { middleOf, normScale, type Middle } from './first.ts';
import { History, LiveHistory, type StepMetrics } from './history.ts';
import type { Revival } from './revive.ts';
import { auxiliary } from './revive.ts';
import { openRows, sameSites, type RowSource, type Rows } from './rows.ts';
import { Trainer } from './trainer.ts';
import { Transcoder } from './transcoder.ts';

export interface TranscoderReport extends StepMetrics {
  /** Steps done, from 1. */
  step: number;
  steps: number;
  rate: number;
}

export interface TranscoderOptions {
  /** The site that is read; several make a crosscoder. Entries of the data, where that holds the rows itself. */
  from: string | readonly string[];
  /** The site that is written; the one that is read where left out, which makes an autoencoder. */
  to?: string | readonly string[];
  /** What a model is run on: as `fit` takes it, tensors, a function of the step, or an iterable. */
  data?: Data;
  features: number;
  /** How features come about: `relu`, `topK`, `batchTopK`, `jumpRelu`, `gated`, `matryoshka`. */
  architecture?: Architecture;
  /** Add x·W_skip, for what is linear. */
  skip?: boolean;
  steps: number;
  /** Rows in a batch. */
  batch?: number;
  optimizer?: Optimizer;
  /** The rate's course, such as `schedule.cosine({ warmup: 100 })`. */
  schedule?: Schedule;
  /** Steps over which the sparsity coefficient rises from 0; a tenth of all where left out. */
  warmup?: number;
  /** Scale rows so that their norm is √d on average; the coder that comes back takes them as they are. */
  normalize?: boolean;
  /** Where the biases of the data begin. */
  middle?: Middle;
  /** Hold decoder rows at norm 1; not so for several sites, where norms say how much a feature belongs to each. */
  unit?: boolean;
  /** What is done about dead features; `false` for nothing. */
  revive?: Revival | false;
  /** Rows without activity after which a feature counts as dead. */
  deadAfter?: number;
  /** Largest norm of the whole gradient. */
  clip?: number;
  seed?: number | string;
  /** Rows that are held and shuffled together, where they come from a model. */
  buffer?: number;
  /** Examples that the model is given at a time, where the data is whole tensors. */
  examples?: number;
  /** The axis of the sites that counts positions, where it cannot be told. */
  axis?: number;
  /** Folder to save the run in, and to go on from where it has been saved. */
  checkpoint?: string;
  /** Steps between two saves. */
  every?: number;
  /** Called after each step; answer `false` to end there. */
  onStep?(report: TranscoderReport): boolean | void;
  /** Show a progress bar and the curves. */
  live?: boolean;
}

/**
 * Trains a sparse coder: an autoencoder of one site, a transcoder from one to another, a crosscoder of several.
 *
 * Loss: the mean over rows of Σ (y − ŷ)², the architecture's penalty times its coefficient, and what revives dead
 * features; of rows that are normalized first, so that coefficients mean the same at every site.
 *
 * @param source a model (run on `data`), harvested activations, or data that holds rows under the names of the sites
 * @returns the coder, for activations as they are; after Interrupt, what there is so far
 * @throws NameError on an unknown site; NeuronbookError where the loss becomes NaN or infinite
 * @see https://arxiv.org/abs/2406.11944 (transcoders), https://arxiv.org/abs/2501.18823 (skip transcoders),
 *   https://transformer-circuits.pub/2024/crosscoders
 * @example
 * const t = await transcoder.fit(gpt, { from: 'blocks.1.mlp.in', to: 'blocks.1.mlp.out', data: { tokens }, features: 64, steps: 5000 })
 */
export async function fit(
  source: Model | Activations | Data,
  options: TranscoderOptions,
): Promise<Transcoder> {
  const settings = settle(options);
  const { coder: partial, from, to, steps, batch, seed, optimizer, schedule, warmup, every } = settings;
  const rows = await openRows(source, { ...settings, data: options.data });
  const coder = { ...partial, inputs: widths(rows, from), outputs: widths(rows, to) };
  const folder =
    options.checkpoint === undefined
      ? undefined
      : new CheckpointFolder(options.checkpoint, signature(settings, coder));

  // 1. where it begins
  const saved = await folder?.load();
  const first = await rows.sample();
  const scales = saved
    ? { inputs: saved.vectors.scales[0], outputs: saved.vectors.scales[1] }
    : scalesOf(first, settings.normalize);
  const trainer = new Trainer({ ...settings, coder, rows: batch, scales });
  if (saved) trainer.restore(saved.vectors);
  else trainer.begin(seed, middles(first, coder, scales, settings.middle));
  const history = new History(saved?.vectors.history);
  const save = async () => {
    if (!folder) return;
    const vectors = {
      ...trainer.vectors(),
      scales: Float32Array.of(scales.inputs, scales.outputs),
      history: history.flat(),
    };
    await folder.save({ step: history.steps, measures: [], vectors });
  };

  // 2. the steps
  const shown = settings.live ? new LiveHistory(`Training ${from.join(' + ')}`, steps, history) : undefined;
  const began = performance.now();
  const begun = history.steps;
  let ended: Ended | undefined;
  try {
    for (;;) {
      const step = history.steps;
      if (step >= steps) ended = 'steps';
      else if (host().interrupted) ended = 'interrupt';
      if (ended) break;
      const drawn = await rows.draw(step);
      if (!drawn) {
        ended = 'data';
        break;
      }
      const rate = optimizer.lr * schedule(step, steps);
      const share = warmup ? Math.min(1, (step + 1) / warmup) : 1;
      const metrics = await trainer.step(step, rate, share, drawn);
      history.add(metrics);
      const report = { step: step + 1, steps, rate, ...metrics };
      if (options.onStep?.(report) === false) ended = 'onStep';
      await trainer.between(step + 1, drawn);
      shown?.step();
      if ((step + 1) % every === 0) await save();
    }
    if (history.steps > begun && history.steps % every !== 0) await save();
  } finally {
    history.ended = ended ?? 'onStep';
    history.seconds = (performance.now() - began) / 1000;
    shown?.finish();
    rows.close();
    await trainer.release();
  }

  // 3. units of the data: x·a in, ŷ/b out
  const weights = rescaled(coder, trainer.weights(), {
    inputs: 1 / scales.inputs,
    outputs: 1 / scales.outputs,
    features: 1 / scales.outputs,
  });
  return new Transcoder({ coder, weights, from, to, history });
}

const list = (sites: string | readonly string[]): readonly string[] =>
  typeof sites === 'string' ? [sites] : sites;

const widths = ({ widths }: RowSource, sites: readonly string[]): number[] => sites.map(site => widths[site]);

/** The options with their defaults, checked. */
function settle(options: TranscoderOptions) {
  const { features, steps, batch = 1024, skip = false, seed = 0, every = 500, live = true } = options;
  const from = list(options.from);
  const to = list(options.to ?? options.from);
  const whole = { features, steps, batch, every };
  for (const [name, value] of Object.entries(whole))
    if (!(Number.isInteger(value) && value >= 1))
      throw new NeuronbookError(`${name}: ${value}; expected a whole number from 1`);
  if (!from.length || !to.length)
    throw new NeuronbookError('no site to read; expected at least one in `from`');
  const autoencodes = sameSites(from, to);
  if (skip && autoencodes)
    throw new NeuronbookError(
      'skip: true for an autoencoder, which could copy its input; expected other sites in `to`',
    );
  const coder: Omit<Coder, 'inputs' | 'outputs'> = {
    architecture: options.architecture ?? topK({ k: Math.max(1, Math.min(32, Math.round(features / 16))) }),
    features,
    centre: autoencodes ? 'b_dec' : 'b_in',
    skip,
  };
  const unit = options.unit ?? (from.length === 1 && to.length === 1);
  const { revive = auxiliary(), deadAfter = 100_000 } = options;
  return {
    coder,
    from,
    to,
    steps,
    batch,
    seed,
    every,
    live,
    unit,
    deadAfter,
    revival: revive || undefined,
    optimizer: options.optimizer ?? adam({ lr: 1e-3 }),
    schedule: options.schedule ?? constant(),
    warmup: options.warmup ?? Math.round(steps / 10),
    normalize: options.normalize ?? true,
    middle: options.middle ?? ('mean' as const),
    buffer: options.buffer ?? 32 * batch,
    clip: options.clip,
    examples: options.examples,
    axis: options.axis,
  };
}

type Settings = ReturnType<typeof settle>;

const scalesOf = ({ x, y }: Rows, normalize: boolean) => ({
  inputs: normalize ? Math.fround(normScale(x)) : 1,
  outputs: normalize ? Math.fround(normScale(y)) : 1,
});

/** First values of the biases of the data, in its normalized units. */
function middles(
  { x, y }: Rows,
  { centre }: Coder,
  scales: { inputs: number; outputs: number },
  which: Middle,
): Record<string, Float32Array> {
  const scaled = (rows: Tensor, scale: number) => middleOf(rows, which).map(value => value * scale);
  return {
    b_dec: scaled(y, scales.outputs),
    ...(centre === 'b_in' && { b_in: scaled(x, scales.inputs) }),
  };
}

/** Everything that decides what the next step computes. */
function signature(
  settings: Settings,
  { architecture, inputs, outputs, features, skip }: Coder,
): Record<string, string> {
  const { from, to, optimizer, schedule, steps, warmup, revival, clip } = settings;
  return {
    sites: `${from.join(' + ')} → ${to.join(' + ')}, ${inputs.join('+')} → ${outputs.join('+')}`,
    architecture: `${architecture}, ${features} features${skip ? ', skip' : ''}`,
    optimizer: String(optimizer),
    // where the rate does not depend on how many steps there will be, a run can be lengthened
    schedule: schedule.endless ? schedule.text : `${schedule.text} over ${steps} steps`,
    warmup: String(warmup),
    revival: String(revival ?? 'none'),
    rows: `batch ${settings.batch}, buffer ${settings.buffer}, seed ${settings.seed}`,
    clip: String(clip ?? 'none'),
    kept: `normalize ${settings.normalize}, middle ${settings.middle}, unit ${settings.unit}, dead after ${settings.deadAfter}`,
  };
}
