/**
 * One training step as one graph: forward, loss, backward and the optimizer's update.
 *
 *   θ ──split──▶ weights ─▶ network ─▶ loss ─▶ gradients ──concat──▶ ∂L/∂θ ─▶ optimizer ─▶ θ′, slots′
 */
import { tensor } from '../base/tensor.ts';
import {
  add,
  concat,
  div,
  greater,
  mul,
  reduceSum,
  reshape,
  split,
  sqrt,
  sub,
  where,
} from '../engine/functions.ts';
import type { Operand } from '../engine/functions.ts';
import { gradients } from '../engine/grad.ts';
import { recomputed } from '../engine/recompute.ts';
import { valuesOf } from '../engine/saved.ts';
import { scheduled } from '../engine/schedule.ts';
import type { Trace } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import { Sites } from '../model/sites.ts';
import type { Graph } from '../onnx/graph.ts';
import { forward, LOSS, RUNNING, THETA, type ForwardOptions } from './forward.ts';
import { mixing } from './mix-up.ts';
import type { Optimizer } from './optimizer.ts';
import { totalOf, type Choice, type Parameter } from './parameters.ts';
import { statisticsOf, TrainingTrace } from './training-form.ts';

export const HYPER = 'train/hyper';
/** The sum of the gradients of a step's batches so far. */
export const GRADIENT = 'train/gradient';
/** The exponential moving average of θ. */
export const AVERAGE = 'train/average';
export const slotName = (slot: string): string => `train/${slot}`;
export const nextName = (name: string): string => `${name}/next`;
/** The key of a step's metadata that says how much of each mask is kept: JSON, input name → share. */
export const KEPT = 'train/kept';
/** The key under which it says which entries of the batch hold classes: JSON, name → `Labels`. */
export const LABELS = 'train/labels';

export interface StepOptions extends ForwardOptions {
  optimizer: Optimizer;
  /** Largest norm of the whole gradient. */
  clip?: number;
  /** What an average of θ keeps of itself at each step. */
  average?: number;
  /** Feed means of two examples; `HYPER` then ends in the share of the first. */
  mixed?: boolean;
  /** Sites whose values are kept for the way back, which computes all else that it reads a second time. */
  keep?: Choice;
  /** Where the step's gradient is the mean over several batches: how many, and whether this is the last. */
  accumulate?: { batches: number; last: boolean };
}

/** The names of the scalars in `HYPER`, in order. */
export const hyperNames = (optimizer: Optimizer, mixed = false): string[] => [
  'rate',
  ...Object.keys(optimizer.scalars(1)),
  ...(mixed ? ['share'] : []),
];

/**
 * The graph of a step; with `accumulate`, that of one of its batches, of which only the last updates θ.
 * @returns inputs and outputs under the names of this file; a slot's next value under `nextName`
 * @example
 * const { dims, size } = net.graph.constants.get('y.weight')!
 * const parameters = [{ name: 'y.weight', dims, offset: 0, size, decayed: true }]
 * stepGraph({ graph: net.graph, parameters, batch: data, loss: mse({ output: 'y' }), optimizer: sgd() })
 */
export function stepGraph(options: StepOptions): Graph {
  const { graph, parameters, batch, optimizer, clip, mixed, accumulate } = options;
  const { statistics = statisticsOf(graph, parameters) } = options;
  const trace = new TrainingTrace();
  const total = totalOf(parameters);
  const updates = accumulate?.last ?? true;
  const hypers = updates || mixed ? unpackHyper(trace, hyperNames(optimizer, mixed)) : {};

  // 1. the network and its loss
  const count = Object.values(batch)[0]?.dims[0] ?? 0;
  const { theta, weights, running, cost, values, labels } = forward(
    trace,
    { ...options, statistics },
    {
      blend: mixed ? mixing(trace, hypers.share, count) : undefined,
      before: read => trace.move(Object.values(read)),
    },
  );

  const results: Record<string, Var> = { [LOSS]: reshape(cost, [1]) };
  if (statistics.length) results[nextName(RUNNING)] = movedStatistics(trace, running, statistics);
  const wayForward = valuesOf(trace);

  // 2. the gradient
  const slopes = gradients(trace, cost, weights);
  let gradient = concat(
    slopes.map((slope, i) => reshape(slope, [parameters[i].size])),
    0,
  );
  if (accumulate)
    gradient = add(trace.input(GRADIENT, 'float32', [total]), mul(gradient, 1 / accumulate.batches));

  // 3. the update
  if (updates) {
    const { rate, share: _, ...scalars } = hypers;
    const slots = optimizer.slots.map(
      slot => [slot, trace.input(slotName(slot), 'float32', [total])] as const,
    );
    const next = optimizer.update({
      parameters: theta,
      gradient: clipped(gradient, clip),
      slots: Object.fromEntries(slots),
      rate: mul(rate, perParameter(trace, parameters, ({ lr = optimizer.lr }) => lr / optimizer.lr) ?? 1),
      scalars,
      decay: perParameter(
        trace,
        parameters,
        ({ decayed, decay = decayed ? optimizer.decay : 0 }) => decay,
        0,
      ),
    });
    results[nextName(THETA)] = next.parameters;
    for (const slot of optimizer.slots) results[nextName(slotName(slot))] = next.slots[slot];
    if (options.average !== undefined) {
      // a′ = a + (1 − κ)(θ′ − a)
      const average = trace.input(AVERAGE, 'float32', [total]);
      results[nextName(AVERAGE)] = add(average, mul(sub(next.parameters, average), 1 - options.average));
    }
  } else results[nextName(GRADIENT)] = gradient;
  const whole = trace.graph(results, `${graph.name}, one step`);
  const metadata = { [KEPT]: JSON.stringify(trace.kept), [LABELS]: JSON.stringify(labels) };
  if (!options.keep) return { ...whole, metadata };
  const sites = new Sites(graph).select(options.keep).map(({ tensor }) => values.get(tensor)!);
  // weights are views of θ, which is there anyway
  const kept = [...sites, ...weights, ...[running, hypers].flatMap(Object.values<Var>)].map(
    ({ name }) => name,
  );
  const both = { graph: whole, forward: wayForward };
  const light = recomputed(
    both,
    kept.filter(name => wayForward.has(name)),
  );
  return { ...scheduled(light.graph), metadata };
}

function unpackHyper(trace: Trace, names: readonly string[]): Record<string, Var> {
  const values = split(
    trace.input(HYPER, 'float32', [names.length]),
    names.map(() => 1),
    0,
  );
  return Object.fromEntries(values.map((value, i) => [names[i], value]));
}

function movedStatistics(
  trace: TrainingTrace,
  running: Readonly<Record<string, Var>>,
  statistics: readonly Parameter[],
): Var {
  const parts = statistics.map(({ name, size }) =>
    reshape(trace.moved.get(running[name]) ?? running[name], [size]),
  );
  return concat(parts, 0);
}

/** g·min(1, clip/‖g‖) */
function clipped(gradient: Var, clip: number | undefined): Var {
  if (clip === undefined) return gradient;
  const norm = sqrt(reduceSum(mul(gradient, gradient)));
  return mul(gradient, where(greater(norm, clip), div(clip, add(norm, 1e-12)), 1));
}

/** A number for all parameters, as long as θ where they differ; undefined where it is `neutral` for all. */
function perParameter(
  trace: Trace,
  parameters: readonly Parameter[],
  numberOf: (parameter: Parameter) => number,
  neutral = 1,
): Operand | undefined {
  const numbers = parameters.map(numberOf);
  if (numbers.every(number => number === numbers[0])) return numbers[0] === neutral ? undefined : numbers[0];
  const vector = new Float32Array(totalOf(parameters));
  parameters.forEach(({ offset, size }, i) => vector.fill(numbers[i], offset, offset + size));
  return trace.constant(tensor(vector));
}
