/**
 * What the way back of a graph reads of its way forward has to live in between: which values those are, and how many
 * bytes they take. `recompute.ts` makes them fewer, `packing.ts` makes each smaller.
 */
import { bytesOf, type DType } from '../base/dtype.ts';
import { sizeOf, type Dims } from '../base/shape.ts';
import type { Graph, Node } from '../onnx/graph.ts';
import { reads } from '../onnx/sort.ts';
import { isName } from './schedule.ts';
import type { Trace } from './trace.ts';

/** A graph at concrete dims, its nodes in the order of their trace: a way forward, then a way back. */
export interface TwoWay {
  readonly graph: Graph;
  /** The values of the way forward: `valuesOf` the trace before it was differentiated. */
  readonly forward: ReadonlySet<string>;
}

export interface Saved {
  readonly name: string;
  readonly dtype: DType;
  readonly dims: Dims;
  readonly bytes: number;
}

/** The names of all that a trace has recorded so far. */
export const valuesOf = (trace: Trace): ReadonlySet<string> =>
  new Set(trace.steps.flatMap(({ node }) => node.outputs.filter(Boolean)));

/** Tells the nodes of the way forward, those that name its results among them. */
export const isForward =
  ({ forward }: TwoWay) =>
  (node: Node): boolean =>
    node.outputs.some(name => forward.has(name)) || (isName(node) && forward.has(node.inputs[0]));

/**
 * The values that the way back reads of the way forward, in the order in which they are made. Inputs and constants are
 * not among them: they are there anyway.
 * @example
 * const forward = valuesOf(trace)
 * const [dw] = gradients(trace, loss, [w])
 * const bytes = savedValues({ graph: trace.graph({ dw }), forward }).reduce((sum, value) => sum + value.bytes, 0)
 */
export function savedValues(both: TwoWay): Saved[] {
  const { nodes, values } = both.graph;
  const read = new Set(nodes.filter(node => !isForward(both)(node)).flatMap(reads));
  const made = nodes.filter(isForward(both)).flatMap(node => node.outputs);
  return made
    .filter(name => read.has(name))
    .map(name => {
      const { dtype } = values.get(name)!;
      const dims = values.get(name)!.dims as Dims;
      return { name, dtype, dims, bytes: sizeOf(dims) * bytesOf(dtype) };
    });
}
