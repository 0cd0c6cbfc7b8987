/**
 * Rewrites a graph of an older opset into the canonical one, node by node, by each rule's `upgrade`.
 * A graph that holds an op without a rule is left as it is: what that op means in a later opset is not ours to say.
 */
import type { Tensor } from '../base/tensor.ts';
import type { Graph, Node } from '../onnx/graph.ts';
import { isGraph } from '../onnx/sort.ts';
import type { UpgradeTools } from './op.ts';
import { ruleOf } from './rules.ts';
import { OPSET } from './trace.ts';

export function upgrade(graph: Graph): Graph {
  const opset = graph.opsets[''] ?? 0;
  if (opset >= OPSET || !allNodes(graph).every(node => ruleOf(node.domain, node.op))) return graph;

  const constants = new Map<string, Tensor>(graph.constants);
  const taken = new Set<string>([
    ...constants.keys(),
    ...graph.inputs.map(input => input.name),
    ...allNodes(graph).flatMap(node => node.outputs),
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
  const nodes = upgraded(graph.nodes, tools);
  return { ...graph, opsets: { ...graph.opsets, '': OPSET }, nodes, constants };
}

const upgraded = (nodes: readonly Node[], tools: UpgradeTools): Node[] =>
  nodes.flatMap(node => {
    const whole = withGraphs(node, inner => ({
      ...inner,
      nodes: upgraded(inner.nodes, {
        ...tools,
        constantOf: name => inner.constants.get(name) ?? tools.constantOf(name),
      }),
    }));
    return ruleOf(node.domain, node.op)?.upgrade?.(whole, tools) ?? [whole];
  });

/** The node with the graphs that it holds (branches, bodies) rewritten. */
function withGraphs(node: Node, rewrite: (inner: Graph) => Graph): Node {
  if (!Object.values(node.attributes).some(isGraph)) return node;
  const attributes = Object.entries(node.attributes).map(([name, value]) => [
    name,
    isGraph(value) ? rewrite(value) : value,
  ]);
  return { ...node, attributes: Object.fromEntries(attributes) };
}

/** Those of branches and bodies too. */
const allNodes = ({ nodes }: Graph): Node[] =>
  nodes.flatMap(node => [node, ...Object.values(node.attributes).filter(isGraph).flatMap(allNodes)]);
