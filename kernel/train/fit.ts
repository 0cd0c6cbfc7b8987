/**
 * The training loop. Each step is one run of one graph (`step.ts`); parameters and optimizer state go in and come
 * out in two sets of tensors that swap, so a step allocates nothing. The loop holds the only state there is.
 */
import { NeuronbookError } from '../base/errors.ts';
import { host } from '../base/host.ts';
import { Tensor } from '../base/tensor.ts';
import { compile, type Program } from '../engine/compile.ts';
import { widen } from '../engine/precision.ts';
import { upgrade } from '../engine/upgrade.ts';
import { Model } from '../model/model.ts';
import type { Graph } from '../onnx/graph.ts';
import { CheckpointFolder } from './checkpoint.ts';
import { drawing, type Batch, type Data } from './data.ts';
import { LiveRun } from './live.ts';
import type { Loss } from './loss.ts';
import { adamW, type Optimizer } from './optimizer.ts';
import { flatten, parametersOf, unflatten, type Choice, type Parameter } from './parameters.ts';
import { Run } from './run.ts';
import { constant, type Schedule } from './schedule.ts';
import { HYPER, hyperNames, LOSS, nextName, slotName, stepGraph, THETA } from './step.ts';

export interface StepReport {
  /** Steps done, from 1. */
  step: number;
  steps: number;
  loss: number;
  /** The learning rate of this step. */
  rate: number;
}

export interface FitOptions {
  loss: Loss;
  optimizer?: Optimizer;
  steps: number;
  /** The rate's course; constant where left out. */
  schedule?: Schedule;
  /** Seed of the data's order and draws. */
  seed?: number | string;
  /** Examples per step, where the data is whole tensors; at most 64 where left out. */
  batch?: number;
  /** What to train, by name; all weights where left out. The rest stays as it is. */
  parameters?: Choice;
  /** Largest norm of the whole gradient. */
  clip?: number;
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
 * Trains a network.
 * @param net a graph or model; it is not changed
 * @param data a function from step to batch, or whole tensors with examples along the first axis
 * @returns the trained network with its losses; after Interrupt, what there is so far
 * @throws NameError where the loss reads a site or a batch entry that does not exist
 * @throws NeuronbookError where the loss becomes NaN or infinite
 */
export async function fit(net: Graph | Model, data: Data, options: FitOptions): Promise<Run> {
  const {
    loss,
    optimizer = adamW(),
    steps,
    schedule = constant(),
    seed = 0,
    every = 500,
    live = true,
  } = options;
  if (!Number.isInteger(steps) || steps < 1)
    throw new NeuronbookError(`steps: ${steps}; expected a whole number from 1`);
  const graph = upgrade(widen('graph' in net ? net.graph : net));
  const parameters = parametersOf(graph, options.parameters);
  const draw = drawing(data, seed, options.batch);
  const folder =
    options.checkpoint === undefined
      ? undefined
      : new CheckpointFolder(options.checkpoint, signature(options, optimizer, schedule, parameters));

  // 1. where it begins
  const saved = await folder?.load();
  const total = parameters.reduce((sum, { size }) => sum + size, 0);
  let current = stateTensors(optimizer, total);
  let next = stateTensors(optimizer, total);
  const start = saved?.state ?? [flatten(graph, parameters)];
  Object.values(current).forEach((tensor, i) => start[i] && (tensor.data as Float32Array).set(start[i]));
  const losses = [...(saved?.losses ?? [])];
  let step = saved?.step ?? 0;
  const first = step;

  // 2. one program per batch shape; as a rule there is one
  const programs = new Map<string, Program>();
  const programFor = async (batch: Batch): Promise<Program> => {
    const key = Object.entries(batch)
      .map(([name, { dtype, dims }]) => `${name}:${dtype}:${dims.join('×')}`)
      .join();
    const known = programs.get(key);
    if (known) return known;
    const made = await compile(stepGraph({ graph, parameters, batch, loss, optimizer, clip: options.clip }));
    programs.set(key, made);
    return made;
  };
  const save = () =>
    folder?.save({ step, losses, state: Object.values(current).map(({ data }) => data as Float32Array) });

  // 3. the steps
  const count = hyperNames(optimizer).length;
  const hyper = new Tensor('float32', [count], new Float32Array(count));
  const lossTensor = new Tensor('float32', [1], new Float32Array(1));
  const shown = live ? new LiveRun(`Training ${graph.name}`, steps, losses) : undefined;
  const began = performance.now();
  try {
    while (step < steps && !host().interrupted) {
      const batch = await draw(step);
      const program = await programFor(batch);
      const rate = optimizer.lr * schedule(step, steps);
      (hyper.data as Float32Array).set([rate, ...Object.values(optimizer.scalars(step + 1))]);
      await program.run(feedsOf(program, { ...batch, ...current, [HYPER]: hyper }), {
        fetch: {
          [LOSS]: lossTensor,
          ...Object.fromEntries(Object.entries(next).map(([name, tensor]) => [nextName(name), tensor])),
        },
      });
      const value = (lossTensor.data as Float32Array)[0];
      if (!Number.isFinite(value))
        throw new NeuronbookError(
          `loss is ${value} at step ${step + 1}, with a learning rate of ${rate}; lower the rate, or set \`clip\``,
        );
      [current, next] = [next, current];
      losses.push(value);
      step++;
      const wanted = options.onStep?.({ step, steps, loss: value, rate });
      shown?.step();
      if (folder && step % every === 0) await save();
      if (wanted === false) break;
    }
    if (folder && step > first && step % every !== 0) await save();
  } finally {
    shown?.finish();
    for (const program of programs.values()) await program.release();
  }
  const trained = unflatten(graph, parameters, current[THETA].data as Float32Array);
  return new Run({
    model: new Model(net.name, trained),
    losses,
    steps: step,
    asked: steps,
    seconds: (performance.now() - began) / 1000,
    measured: step - first,
    shownIn: shown?.shownIn,
  });
}

/** θ and the slots, zero, in the order in which checkpoints hold them. */
function stateTensors(optimizer: Optimizer, total: number): Record<string, Tensor> {
  const names = [THETA, ...optimizer.slots.map(slotName)];
  return Object.fromEntries(
    names.map(name => [name, new Tensor('float32', [total], new Float32Array(total))]),
  );
}

/** What the program reads; the batch may hold more. */
const feedsOf = (program: Program, feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]]));

/** Everything that decides what the next step computes. */
function signature(
  { loss, seed = 0, batch, clip, steps }: FitOptions,
  optimizer: Optimizer,
  schedule: Schedule,
  parameters: readonly Parameter[],
): Record<string, string> {
  return {
    parameters: parameters.map(({ name, dims }) => `${name}:${dims.join('×')}`).join(' '),
    optimizer: String(optimizer),
    loss: String(loss),
    // a constant rate does not depend on how many steps there will be, so such a run can be lengthened
    schedule: schedule.text.startsWith('constant') ? schedule.text : `${schedule.text} over ${steps} steps`,
    seed: String(seed),
    batch: String(batch ?? 'default'),
    clip: String(clip ?? 'none'),
  };
}
