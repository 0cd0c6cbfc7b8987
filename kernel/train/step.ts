/**
 * One training step as one graph: forward, loss, backward and the optimizer's update.
 *
 *   θ ──split──▶ weights ─▶ network ─▶ loss ─▶ gradients ──concat──▶ ∂L/∂θ ─▶ optimizer ─▶ θ′, slots′
 */
import type { DType } from '../base/dtype.ts';
import { NameError, NeuronbookError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { sizeOf, type Dims } from '../base/shape.ts';
import { tensor } from '../base/tensor.ts';
import {
  add,
  concat,
  div,
  mul,
  reduceSum,
  reshape,
  split,
  sqrt,
  where,
  greater,
} from '../engine/functions.ts';
import { gradients } from '../engine/grad.ts';
import { Trace } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import { Sites } from '../model/sites.ts';
import type { Graph } from '../onnx/graph.ts';
import type { Loss } from './loss.ts';
import type { Optimizer } from './optimizer.ts';
import type { Parameter } from './parameters.ts';

/** Names of what the loop feeds and fetches; the slash keeps clear of a network's own names. */
export const LOSS = 'train/loss';
export const THETA = 'train/parameters';
export const HYPER = 'train/hyper';
export const slotName = (slot: string): string => `train/${slot}`;
export const nextName = (name: string): string => `${name}/next`;

export interface StepOptions {
  graph: Graph;
  parameters: readonly Parameter[];
  /** Dtype and dims of every entry of the batch. */
  batch: Readonly<Record<string, { dtype: DType; dims: Dims }>>;
  loss: Loss;
  optimizer: Optimizer;
  /** Largest norm of the whole gradient. */
  clip?: number;
}

/** The names of the scalars in `HYPER`, in order. */
export const hyperNames = (optimizer: Optimizer): string[] => ['rate', ...Object.keys(optimizer.scalars(1))];

export function stepGraph({ graph, parameters, batch, loss, optimizer, clip }: StepOptions): Graph {
  const trace = new Trace();
  const total = parameters.reduce((sum, { size }) => sum + size, 0);
  const theta = trace.input(THETA, 'float32', [total]);
  const slots = Object.fromEntries(
    optimizer.slots.map(slot => [slot, trace.input(slotName(slot), 'float32', [total])]),
  );
  const names = hyperNames(optimizer);
  const hyper = trace.input(HYPER, 'float32', [names.length]);
  const scalars = Object.fromEntries(
    split(
      hyper,
      names.map(() => 1),
      0,
    ).map((value, i) => [names[i], value]),
  );

  // 1. the network, its parameters read from θ
  const parts = split(
    theta,
    parameters.map(({ size }) => size),
    0,
  );
  const weights = parameters.map(({ dims }, i) => reshape(parts[i], dims));
  const fed = new Map<string, Var>();
  const feed = (name: string): Var => {
    const known = fed.get(name);
    if (known) return known;
    const entry = batch[name];
    if (!entry)
      throw new NameError(
        'batch entry',
        name,
        nearest(name, Object.keys(batch)),
        `the batch has ${Object.keys(batch).join(', ')}`,
      );
    const made = trace.input(name, entry.dtype, entry.dims);
    fed.set(name, made);
    return made;
  };
  const values = trace.replay(graph, {
    ...Object.fromEntries(graph.inputs.map(({ name }) => [name, feed(name)])),
    ...Object.fromEntries(parameters.map(({ name }, i) => [name, weights[i]])),
  });

  // 2. loss and gradient
  const sites = new Sites(graph);
  const cost = loss.build({ value: site => values.get(sites.get(site).tensor)!, target: feed });
  if (sizeOf(cost.dims) !== 1)
    throw new NeuronbookError(
      `loss ${loss} is ${cost.dims.join('×')}; expected one number: end in a mean or sum`,
    );
  const slopes = gradients(trace, cost, weights);
  const gradient = clipped(
    concat(
      slopes.map((slope, i) => reshape(slope, [parameters[i].size])),
      0,
    ),
    clip,
  );

  // 3. the update
  const { rate, ...rest } = scalars;
  const next = optimizer.update({
    parameters: theta,
    gradient,
    slots,
    rate,
    scalars: rest,
    decayed: x => masked(trace, x, parameters),
  });
  return trace.graph(
    {
      [LOSS]: reshape(cost, [1]),
      [nextName(THETA)]: next.parameters,
      ...Object.fromEntries(optimizer.slots.map(slot => [nextName(slotName(slot)), next.slots[slot]])),
    },
    `${graph.name}, one step`,
  );
}

/** g·min(1, clip/‖g‖) */
function clipped(gradient: Var, clip: number | undefined): Var {
  if (clip === undefined) return gradient;
  const norm = sqrt(reduceSum(mul(gradient, gradient)));
  return mul(gradient, where(greater(norm, clip), div(clip, add(norm, 1e-12)), 1));
}

function masked(trace: Trace, x: Var, parameters: readonly Parameter[]): Var {
  if (parameters.every(({ decayed }) => decayed)) return x;
  const mask = new Float32Array(sizeOf(x.dims));
  for (const { offset, size, decayed } of parameters) if (decayed) mask.fill(1, offset, offset + size);
  return mul(x, trace.constant(tensor(mask)));
}
