/**
 * Names given by copying. A trace labels an output with an Identity, which ONNX Runtime executes as a copy; here the
 * node that made the value writes under the output's name instead:
 *
 *   add ──add_7──▶ Identity ──next──▶      ⟶      add ──next──▶
 */
import type { Graph } from '../../onnx/graph.ts';

export function absorbIdentities(graph: Graph): Graph {
  const shown = new Set(graph.outputs.map(({ name }) => name));
  const made = new Set(graph.nodes.flatMap(node => node.outputs));
  const renamed = new Map<string, string>();
  const nodes = graph.nodes.filter(({ op, domain, inputs: [from], outputs: [to] }) => {
    if (op !== 'Identity' || domain !== '') return true;
    // inputs, constants and outputs keep their names; of two labels for one value the second stays a copy
    if (!shown.has(to) || !made.has(from) || shown.has(from) || renamed.has(from)) return true;
    renamed.set(from, to);
    return false;
  });
  if (!renamed.size) return graph;
  const name = (given: string) => renamed.get(given) ?? given;
  return {
    ...graph,
    nodes: nodes.map(node => ({ ...node, inputs: node.inputs.map(name), outputs: node.outputs.map(name) })),
    values: new Map([...graph.values].filter(([given]) => !renamed.has(given))),
  };
}
