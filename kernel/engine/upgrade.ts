/**
 * Rewrites a graph into the canonical opset and the forms that ONNX Runtime has, node by node, by each rule's `upgrade`.
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
  if (!allNodes(graph).every(node => isKnown(node, opset))) return graph;

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
  if (opset >= OPSET && nodes.every((node, i) => node === graph.nodes[i])) return graph;
  return { ...graph, opsets: { ...graph.opsets, '': Math.max(opset, OPSET) }, nodes, constants };
}

/** Scan before opset 9 had a batch and is another op. */
const isKnown = ({ domain, op }: Node, opset: number): boolean =>
  ruleOf(domain, op) !== undefined && !(op === 'Scan' && opset < 9);

const upgraded = (nodes: readonly Node[], tools: UpgradeTools): Node[] =>
  nodes.flatMap(node => {
    const whole = withGraphs(node, inner => {
      const constantOf = (name: string) => inner.constants.get(name) ?? tools.constantOf(name);
      const nodes = upgraded(inner.nodes, { ...tools, constantOf });
      return nodes.every((each, i) => each === inner.nodes[i]) ? inner : { ...inner, nodes };
    });
    return ruleOf(node.domain, node.op)?.upgrade?.(whole, tools) ?? [whole];
  });

/** The node with the graphs that it holds (branches, bodies) rewritten. */
function withGraphs(node: Node, rewrite: (inner: Graph) => Graph): Node {
  if (!Object.values(node.attributes).some(isGraph)) return node;
  const entries = Object.entries(node.attributes);
  const rewritten = entries.map(([name, value]) => [name, isGraph(value) ? rewrite(value) : value] as const);
  if (rewritten.every(([, value], i) => value === entries[i][1])) return node;
  return { ...node, attributes: Object.fromEntries(rewritten) };
}

/** Those of branches and bodies too. */
const allNodes = ({ nodes }: Graph): Node[] =>
  nodes.flatMap(node => [node, ...Object.values(node.attributes).filter(isGraph).flatMap(allNodes)]);
