/**
 * The training loop. Each step is one run of one graph (`step.ts`, run by `stepper.ts`); here is what lies between
 * steps: the schedule, the held-out measures, checkpoints, what is shown, and when to end.
 */
import { NeuronbookError } from '../base/errors.ts';
import { host } from '../base/host.ts';
import { widen } from '../engine/precision.ts';
import { upgrade } from '../engine/upgrade.ts';
import { Model } from '../model/model.ts';
import type { Graph } from '../onnx/graph.ts';
import { CheckpointFolder } from './checkpoint.ts';
import { drawing, isStream, type Data } from './data.ts';
import { RUNNING, THETA } from './forward.ts';
import { HeldOut, type HeldOutOptions } from './held-out.ts';
import { LiveRun } from './live.ts';
import type { Loss } from './loss.ts';
import { adamW, type Optimizer } from './optimizer.ts';
import {
  flatten,
  grouped,
  parametersOf,
  unflatten,
  type Choice,
  type Group,
  type Parameter,
} from './parameters.ts';
import { Run, type Ended } from './run.ts';
import { constant, type Schedule } from './schedule.ts';
import { AVERAGE } from './step.ts';
import { Stepper } from './stepper.ts';
import { prefetched } from './stream.ts';
import { statisticsOf } from './training-form.ts';

export interface StepReport {
  /** Steps done, from 1. */
  step: number;
  steps: number;
  loss: number;
  /** The learning rate of this step. */
  rate: number;
  /** The held-out loss, where it was measured after this step. */
  heldOut?: number;
  /** A copy of the network as it is after this step: to look at how something comes about. */
  model(): Model;
}

export interface FitOptions {
  loss: Loss;
  optimizer?: Optimizer;
  steps: number;
  /** The rate's course; constant where left out. */
  schedule?: Schedule;
  /** Seed of the data's order and draws, of masks and mixtures. */
  seed?: number | string;
  /** Examples per batch, where the data is whole tensors; at most 64 where left out. */
  batch?: number;
  /** Batches per step: its gradient is their mean. The data is asked for batch `step · accumulate + i`. */
  accumulate?: number;
  /**
   * Batches to ask for ahead of time: 1 where the data is iterated over, 0 for a function, which then needs new
   * tensors for each batch; whole tensors are at hand anyway.
   */
  prefetch?: number;
  /** What to train, by name; all weights where left out. The rest stays as it is. */
  parameters?: Choice;
  /** What not to train, by name. */
  freeze?: Choice;
  /** Parameters with a learning rate or a decay of their own. */
  groups?: readonly Group[];
  /** Largest norm of the whole gradient. */
  clip?: number;
  /** Keep an average of the weights as well, a′ = ema·a + (1 − ema)·θ, such as 0.999: `run.averaged`. */
  ema?: number;
  /** Train on means of two examples, in shares drawn from Beta(α, α), such as 0.2. */
  mixUp?: number;
  /**
   * Sites whose values are kept for the way back, such as [/resid.post$/]; all else that it reads is computed a second
   * time, just before: less memory for more time, and the same bits. Everything is kept where this is left out.
   */
  keep?: Choice;
  /** What to measure on other data, and whether to stop by it. */
  heldOut?: HeldOutOptions;
  /** Folder to save the run in, and to go on from where it has been saved. */
  checkpoint?: string;
  /** Steps between two saves. */
  every?: number;
  /** Called after each step; answer `false` to end the run there. */
  onStep?(report: StepReport): boolean | void;
  /** Show a progress bar and the loss curve. */
  live?: boolean;
}

/**
 * Trains a network. Dropout and batch normalization take their training form; the network that comes back has its
 * running statistics in it.
 *
 * @param net a graph or model; it is not changed
 * @param data a function from step to batch, whole tensors with examples along the first axis, or an iterable
 * @returns the trained network with its losses; after Interrupt, what there is so far; with `patience`, the best
 * @throws NameError where the loss reads a site or a batch entry that does not exist
 * @throws NeuronbookError where the loss becomes NaN or infinite
 * @example
 * const run = await fit(net, { x, label }, { loss: crossEntropy(), optimizer: adamW({ lr: 1e-3 }), steps: 500 })
 */
export async function fit(net: Graph | Model, data: Data, options: FitOptions): Promise<Run> {
  check(options);
  const { loss, optimizer = adamW(), steps, seed = 0, every = 500, live = true } = options;
  const { schedule = constant(), accumulate = 1, prefetch = isStream(data) ? 1 : 0 } = options;
  // batches of whole tensors are dealt into the same memory each time
  const ahead = typeof data === 'function' || isStream(data) ? prefetch : 0;
  const graph = upgrade(widen('graph' in net ? net.graph : net));
  const parameters = grouped(parametersOf(graph, options.parameters, options.freeze), options.groups ?? []);
  const statistics = statisticsOf(graph, parameters);
  const network = { graph, parameters, statistics, loss };
  const stepper = new Stepper({ ...options, network, optimizer, seed, accumulate, average: options.ema });
  const { state } = stepper;
  const folder =
    options.checkpoint === undefined
      ? undefined
      : new CheckpointFolder(options.checkpoint, signature(options, optimizer, schedule, parameters));

  // 1. where it begins
  const saved = await folder?.load();
  const flat = flatten(graph, parameters);
  const first = { [THETA]: flat, [RUNNING]: flatten(graph, statistics), [AVERAGE]: flat };
  state.set(pick(saved?.vectors ?? first, Object.keys(state.current)));
  const heldOut = new HeldOut(options.heldOut, network, `${seed}/held out`, saved);
  const { measures } = heldOut;
  const losses = Array.from(saved?.vectors.losses ?? []);
  const begun = saved?.step ?? 0;
  let step = begun;
  const save = async () => {
    if (!folder) return;
    const vectors = { ...state.vectors(), ...heldOut.vectors, losses: Float32Array.from(losses) };
    await folder.save({ step, measures, vectors });
  };

  const modelOf = (vectors: Readonly<Record<string, Float32Array>>, weights: string) => {
    const moved = statistics.length ? unflatten(graph, statistics, vectors[RUNNING]) : graph;
    return new Model(net.name, unflatten(moved, parameters, vectors[weights]));
  };

  // 2. the steps
  const source = prefetched(drawing(data, seed, options.batch), ahead, steps * accumulate);
  const shown = live ? new LiveRun(`Training ${graph.name}`, steps, losses, measures) : undefined;
  const began = performance.now();
  let ended: Ended | undefined;
  try {
    for (;;) {
      if (step >= steps) ended = 'steps';
      else if (host().interrupted) ended = 'interrupt';
      else if (heldOut.exhausted) ended = 'patience';
      if (ended) break;
      const rate = optimizer.lr * schedule(step, steps);
      const value = await stepper.step(step, rate, source);
      if (value === undefined) {
        if (step === 0) throw new NeuronbookError('the data ended before the first step; expected a batch');
        ended = 'data';
        break;
      }
      losses.push(value);
      step++;
      const other = await heldOut.after(step, steps, state);
      const report = {
        step,
        steps,
        loss: value,
        rate,
        ...(other !== undefined && { heldOut: other }),
        model: () => modelOf(state.copies(Object.keys(state.current)), THETA),
      };
      if (options.onStep?.(report) === false) ended = 'onStep';
      shown?.step();
      if (step % every === 0) await save();
    }
    if (step > begun && step % every !== 0) await save();
  } finally {
    shown?.finish();
    source.close?.();
    await stepper.release();
    await heldOut.release();
  }

  // 3. what there is now
  const end = { ...state.vectors(), ...heldOut.best };
  return new Run({
    model: modelOf(end, THETA),
    averaged: end[AVERAGE] && modelOf(end, AVERAGE),
    losses,
    measures,
    steps: step,
    ended,
    seconds: (performance.now() - began) / 1000,
    measured: step - begun,
    shownIn: shown?.shownIn,
  });
}

const pick = <T>(from: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
  Object.fromEntries(names.filter(name => name in from).map(name => [name, from[name]]));

function check({ loss, optimizer, steps, accumulate = 1, ema = 0, mixUp = 1 }: FitOptions): void {
  if (typeof loss?.build !== 'function')
    throw new NeuronbookError(
      `no loss: ${String(loss)}; expected one: { loss: crossEntropy({ label: 'label' }) }, mse(…), mae(…) or loss(…)`,
    );
  if (optimizer !== undefined && typeof optimizer?.update !== 'function')
    throw new NeuronbookError(
      `no optimizer: ${String(optimizer)}; expected adamW({ lr: 1e-3 }), sgd(…), lion(…)`,
    );
  if (optimizer && !Number.isFinite(optimizer.lr))
    throw new NeuronbookError(`lr: ${JSON.stringify(optimizer.lr)}; expected a number, such as 1e-3`);
  if (!Number.isInteger(steps) || steps < 1)
    throw new NeuronbookError(`steps: ${steps}; expected a whole number from 1`);
  if (!Number.isInteger(accumulate) || accumulate < 1)
    throw new NeuronbookError(`accumulate: ${accumulate}; expected a whole number from 1`);
  if (!(ema >= 0 && ema < 1))
    throw new NeuronbookError(`ema: ${ema}; expected a share from 0 to below 1, such as 0.999`);
  if (!(mixUp > 0)) throw new NeuronbookError(`mixUp: ${mixUp}; expected a number above 0, such as 0.2`);
}

/** Everything that decides what the next step computes. */
function signature(
  { loss, seed = 0, batch, clip, steps, ema, mixUp, accumulate = 1 }: FitOptions,
  optimizer: Optimizer,
  schedule: Schedule,
  parameters: readonly Parameter[],
): Record<string, string> {
  const own = ({ lr, decay }: Parameter) =>
    `${lr === undefined ? '' : ` lr ${lr}`}${decay === undefined ? '' : ` decay ${decay}`}`;
  return {
    parameters: parameters.map(each => `${each.name}:${each.dims.join('×')}${own(each)}`).join(', '),
    optimizer: String(optimizer),
    loss: String(loss),
    // where the rate does not depend on how many steps there will be, a run can be lengthened
    schedule: schedule.endless ? schedule.text : `${schedule.text} over ${steps} steps`,
    seed: String(seed),
    batch: String(batch ?? 'default'),
    accumulate: String(accumulate),
    clip: String(clip ?? 'none'),
    ema: String(ema ?? 'none'),
    mixUp: String(mixUp ?? 'none'),
  };
}
