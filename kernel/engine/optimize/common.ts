/**
 * Common subexpressions: of constants that are equal and nodes that compute the same from the same, the first one
 * stays and the rest read it.
 */
import type { Graph, Node } from '../../onnx/graph.ts';
import { attributeText, tensorText } from '../structure.ts';

/** Two nodes of these differ although nothing about them does. */
const random = /^(Random|Bernoulli|Multinomial|Dropout)/;

/** Larger constants are weights, which are told apart by name. */
const LARGEST = 4096;

/** Equal text, equal results: the operator, its settings and its inputs. */
function text({ op, domain, attributes, inputs }: Node): string {
  const settings = Object.keys(attributes)
    .sort()
    .map(name => `${name}=${attributeText(attributes[name])}`);
  return JSON.stringify([op, domain, inputs, settings]);
}

export function shareCommon(graph: Graph): Graph {
  const shown = new Set(graph.outputs.map(({ name }) => name));
  const instead = new Map<string, string>();
  const now = (name: string) => instead.get(name) ?? name;

  const named = new Map<string, string>();
  for (const [name, value] of graph.constants) {
    if (value.size > LARGEST || shown.has(name)) continue;
    const key = tensorText(value);
    const known = named.get(key);
    if (known === undefined) named.set(key, name);
    else instead.set(name, known);
  }

  const first = new Map<string, number>();
  const nodes: Node[] = [];
  for (const given of graph.nodes) {
    const node = instead.size ? { ...given, inputs: given.inputs.map(now) } : given;
    const key = random.test(node.op) ? undefined : text(node);
    const place = key === undefined ? undefined : first.get(key);
    if (place === undefined) {
      if (key !== undefined) first.set(key, nodes.length);
      nodes.push(node);
      continue;
    }
    // outputs that only the later one has are added to the first
    const outputs = joined(nodes[place].outputs, node.outputs);
    const doubled = node.outputs
      .map((name, i) => [name, outputs[i]] as const)
      .filter(([a, b]) => a && a !== b);
    if (doubled.some(([name]) => shown.has(name))) {
      nodes.push(node);
      continue;
    }
    nodes[place] = { ...nodes[place], outputs };
    for (const [name, kept] of doubled) instead.set(name, kept);
  }
  return instead.size || nodes.length < graph.nodes.length
    ? withoutUnread({ ...graph, nodes }, instead)
    : graph;
}

const joined = (a: readonly string[], b: readonly string[]): string[] =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, i) => a[i] || b[i] || '');

const withoutUnread = (graph: Graph, instead: ReadonlyMap<string, string>): Graph => ({
  ...graph,
  constants: new Map([...graph.constants].filter(([name]) => !instead.has(name))),
  values: new Map([...graph.values].filter(([name]) => !instead.has(name))),
});
