/** Common subexpressions: of nodes that compute the same from the same, the first one stays and the rest read it. */
import type { Graph, Node } from '../../onnx/graph.ts';
import { attributeText } from '../structure.ts';

/** Two nodes of these differ although nothing about them does. */
const random = /^(Random|Bernoulli|Multinomial|Dropout)/;

/** Equal text, equal results: the operator, its settings, and which inputs and outputs are there. */
function text({ op, domain, attributes, inputs, outputs }: Node): string {
  const settings = Object.keys(attributes)
    .sort()
    .map(name => `${name}=${attributeText(attributes[name])}`);
  return JSON.stringify([op, domain, inputs, outputs.map(Boolean), settings]);
}

export function shareCommon(graph: Graph): Graph {
  const shown = new Set(graph.outputs.map(({ name }) => name));
  const first = new Map<string, readonly string[]>();
  const instead = new Map<string, string>();
  const nodes: Node[] = [];
  for (const given of graph.nodes) {
    const inputs = given.inputs.map(name => instead.get(name) ?? name);
    const node = inputs.every((name, i) => name === given.inputs[i]) ? given : { ...given, inputs };
    const key = random.test(node.op) ? '' : text(node);
    const known = key ? first.get(key) : undefined;
    if (known && !node.outputs.some(name => shown.has(name))) {
      node.outputs.forEach((name, i) => name && instead.set(name, known[i]));
      continue;
    }
    if (key && !known) first.set(key, node.outputs);
    nodes.push(node);
  }
  return nodes.length === graph.nodes.length ? graph : { ...graph, nodes };
}
