/**
 * Rewrites a graph of an older opset into the canonical one, node by node, by each rule's `upgrade`.
 * A graph that holds an op without a rule is left as it is: what that op means in a later opset is not ours to say.
 */
import type { Tensor } from '../base/tensor.ts';
import type { Graph } from '../onnx/graph.ts';
import type { UpgradeTools } from './op.ts';
import { ruleOf } from './rules.ts';
import { OPSET } from './trace.ts';

export function upgrade(graph: Graph): Graph {
  const opset = graph.opsets[''] ?? 0;
  if (opset >= OPSET || graph.nodes.some(node => !ruleOf(node.domain, node.op))) return graph;

  const constants = new Map<string, Tensor>(graph.constants);
  const taken = new Set<string>([
    ...constants.keys(),
    ...graph.inputs.map(input => input.name),
    ...graph.nodes.flatMap(node => node.outputs),
  ]);
  const tools: UpgradeTools = {
    opset,
    fresh(hint) {
      for (let i = 1; ; i++) {
        const name = `${hint}_${i}`;
        if (taken.has(name)) continue;
        taken.add(name);
        return name;
      }
    },
    constant(value) {
      const name = tools.fresh('upgraded');
      constants.set(name, value);
      return name;
    },
    constantOf: name => constants.get(name),
  };
  const nodes = graph.nodes.flatMap(node => ruleOf(node.domain, node.op)?.upgrade?.(node, tools) ?? [node]);
  return { ...graph, opsets: { ...graph.opsets, '': OPSET }, nodes, constants };
}
