/**
 * Gradient ascent on the input side of a graph: the only part of feature visualization that holds state.
 * One compiled step reads the parameters and the optimizer's moments and yields the next ones, into two sets of tensors
 * that swap, so that nothing is allocated while it runs. Its values are named `ascent.…`: the graph holds a network whose
 * own may be called `scores` or `rate`.
 */
import { host } from '../base/host.ts';
import type { Dims } from '../base/shape.ts';
import { Tensor } from '../base/tensor.ts';
import type { Program } from '../engine/compile.ts';
import { add, concat, neg, sub } from '../engine/functions.ts';
import { gradients } from '../engine/grad.ts';
import type { Trace } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import type { Graph } from '../onnx/graph.ts';
import { adam, type Optimizer } from './optimizer.ts';

export interface AscentGraphOptions {
  optimizer?: Optimizer;
  /** Rewrites ∂score/∂parameters before the update; tests shuffle it here, as the control that must fail. */
  gradient?: (gradient: Var) => Var;
  /** Taken from what ascends, and not from the scores that come out. */
  penalty?: Var;
}

/**
 * The graph of one step: parameters, the optimizer's slots and scalars in; their next values and the scores out.
 * Ascent on a score is descent on its negative.
 *
 * @param parameters the trace's input named `parameters`
 * @param scores one number each, dims [1]; their sum ascends
 */
export function ascentGraph(
  trace: Trace,
  parameters: Var,
  scores: readonly Var[],
  { optimizer = adam({ lr: 0.05 }), gradient = same => same, penalty }: AscentGraphOptions = {},
): Graph {
  const sum = scores.reduce((a, b) => add(a, b));
  const total = penalty ? sub(sum, penalty) : sum;
  const [slope] = gradients(trace, total, [parameters]);
  const input = (name: string, dims: Dims) => trace.input(own(name), 'float32', dims);
  const byName = (names: readonly string[], dims: Dims) =>
    Object.fromEntries(names.map(name => [name, input(name, dims)]));
  const next = optimizer.update({
    parameters,
    gradient: neg(gradient(slope)),
    slots: byName(optimizer.slots, parameters.dims),
    rate: input('rate', []),
    scalars: byName(Object.keys(optimizer.scalars(1)), []),
    decay: optimizer.decay || undefined,
  });
  const slots = Object.entries(next.slots).map(([name, value]) => [after(name), value] as const);
  return trace.graph(
    {
      [after('parameters')]: next.parameters,
      ...Object.fromEntries(slots),
      [own('scores')]: concat(scores, 0),
    },
    'ascent',
  );
}

const own = (name: string): string => (name === 'parameters' ? name : `ascent.${name}`);
const after = (name: string): string => `ascent.next.${name}`;
const named = <T>(values: Readonly<Record<string, T>>, name: (key: string) => string): Record<string, T> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [name(key), value]));

export interface AscentOptions {
  steps: number;
  /** The one that the graph was made with. */
  optimizer?: Optimizer;
  /** What else the graph is fed at each step: the random transforms. */
  feed?: (step: number) => Readonly<Record<string, Tensor>>;
}

export interface AscentStep {
  /** Steps done, from 1. */
  readonly step: number;
  /** The parameters after this step; overwritten two steps later. */
  readonly parameters: Tensor;
  /** The scores before this step's update. */
  readonly scores: readonly number[];
}

/**
 * Runs the steps, one at a time; ends early, with what there is, when the user interrupts.
 * @param program what runs a step, or what says so before each
 */
export async function* ascend(
  program: Program | (() => Program),
  start: Tensor,
  { steps, optimizer = adam({ lr: 0.05 }), feed }: AscentOptions,
): AsyncGenerator<AscentStep> {
  const blank = (): Record<string, Tensor> =>
    Object.fromEntries(
      ['parameters', ...optimizer.slots].map(name => [
        name,
        new Tensor('float32', start.dims, new Float32Array(start.size)),
      ]),
    );
  const scalar = (value: number) => new Tensor('float32', [], Float32Array.of(value));
  let [current, next] = [blank(), blank()];
  (current.parameters.data as Float32Array).set(start.data as Float32Array);
  for (let t = 1; t <= steps && !host().interrupted; t++) {
    const numbers = { rate: optimizer.lr, ...optimizer.scalars(t) };
    const scalars = Object.fromEntries(
      Object.entries(numbers).map(([name, value]) => [own(name), scalar(value)]),
    );
    const now = typeof program === 'function' ? program() : program;
    const { [own('scores')]: scores } = await now.run(
      { ...named(current, own), ...scalars, ...feed?.(t) },
      { fetch: { ...named(next, after), [own('scores')]: null } },
    );
    [current, next] = [next, current];
    yield { step: t, parameters: current.parameters, scores: scores.toNumbers() };
  }
}
