/** A graph recorded anew, some of its values replaced on the way: what rewrites that need shapes and rules build on. */
import type { Dims } from '../base/shape.ts';
import type { Graph } from '../onnx/graph.ts';
import { Trace, type Rewrites } from './trace.ts';
import type { Var } from './var.ts';

/**
 * @param graph at concrete dims, as a trace gives it
 * @param rewrites what changes, given the trace that it may record into
 * @returns a graph of the same inputs and results; what the results no longer need is left out
 */
export function retraced(graph: Graph, rewrites: (trace: Trace) => Rewrites): Graph {
  const trace = new Trace(graph.opsets);
  const feeds: Record<string, Var> = {};
  for (const { name, dtype, dims } of graph.inputs) feeds[name] = trace.input(name, dtype, dims as Dims);
  const values = trace.replay(graph, feeds, rewrites(trace));
  const results = graph.outputs.map(({ name }) => [name, values.get(name)!] as const);
  return trace.graph(Object.fromEntries(results), graph.name);
}
