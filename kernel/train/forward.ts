/**
 * The network inside a step: its parameters read from one flat vector, its loss at the end.
 *
 *   θ ──split──▶ weights ─▶ network ─▶ loss
 */
import type { DType } from '../base/dtype.ts';
import { NameError, NeuronbookError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { formatDims, sizeOf, type Dims } from '../base/shape.ts';
import { reshape, split } from '../engine/functions.ts';
import type { Trace } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import { Sites } from '../model/sites.ts';
import { foldTransposes } from '../engine/optimize/transposes.ts';
import type { Graph } from '../onnx/graph.ts';
import type { Labels, Loss, LossContext } from './loss.ts';
import { totalOf, type Parameter } from './parameters.ts';

/** Names of what the loop feeds and fetches; the slash keeps clear of a network's own names. */
export const LOSS = 'train/loss';
export const THETA = 'train/parameters';
/** Running statistics, end to end. */
export const RUNNING = 'train/running';

export interface ForwardOptions {
  graph: Graph;
  parameters: readonly Parameter[];
  /** Constants that are running statistics: they lie in a vector of their own. */
  statistics?: readonly Parameter[];
  /** Dtype and dims of every entry of the batch. */
  batch: Readonly<Record<string, { dtype: DType; dims: Dims }>>;
  loss: Loss;
}

/** How a step feeds the network and reads the loss other than plainly: `mix-up.ts` does. */
export interface Blend {
  input(x: Var): Var;
  cost(loss: Loss, context: LossContext): Var;
}

export interface Forward {
  theta: Var;
  weights: readonly Var[];
  /** The statistics that are read, by name. */
  running: Readonly<Record<string, Var>>;
  cost: Var;
  /** The values of the network's tensors, by their names in it. */
  values: ReadonlyMap<string, Var>;
  /** The entries of the batch that hold classes. */
  labels: Readonly<Record<string, Labels>>;
}

/**
 * Records the network and its loss.
 * @param before called with the statistics, before the network is recorded
 * @throws NameError where network or loss read an entry that the batch lacks
 */
export function forward(
  trace: Trace,
  { graph, parameters, statistics = [], batch, loss }: ForwardOptions,
  { blend, before }: { blend?: Blend; before?: (running: Readonly<Record<string, Var>>) => void } = {},
): Forward {
  const [theta, weights] = unpacked(trace, THETA, parameters);
  const running = statistics.length ? byName(statistics, unpacked(trace, RUNNING, statistics)[1]) : {};
  before?.(running);

  const fed = new Map<string, Var>();
  const target = (name: string): Var => {
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
  const values = trace.replay(foldTransposes(graph), {
    ...Object.fromEntries(
      graph.inputs.map(({ name }) => [name, blend ? blend.input(target(name)) : target(name)]),
    ),
    ...byName(parameters, weights),
    ...running,
  });

  const sites = new Sites(graph);
  const labels: Record<string, Labels> = {};
  const context: LossContext = {
    value: site => values.get(sites.get(site).tensor)!,
    target(name, classes) {
      const entry = target(name);
      if (classes) labels[name] = classes;
      return entry;
    },
  };
  const cost = blend ? blend.cost(loss, context) : loss.build(context);
  if (sizeOf(cost.dims) !== 1)
    throw new NeuronbookError(
      `loss ${loss} is ${formatDims(cost.dims)}; expected one number: end in a mean or sum`,
    );
  return { theta, weights, running, cost, values, labels };
}

/** A flat input, and the constants in it under their own dims. */
function unpacked(trace: Trace, name: string, entries: readonly Parameter[]): [Var, Var[]] {
  const flat = trace.input(name, 'float32', [totalOf(entries)]);
  const parts = split(
    flat,
    entries.map(({ size }) => size),
    0,
  );
  return [flat, entries.map(({ dims }, i) => reshape(parts[i], dims))];
}

const byName = (entries: readonly Parameter[], values: readonly Var[]): Record<string, Var> =>
  Object.fromEntries(entries.map(({ name }, i) => [name, values[i]]));
