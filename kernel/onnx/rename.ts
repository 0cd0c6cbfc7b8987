/** Renames values in a graph, through subgraphs too, where names of the outer graph are visible. */
import type { Attribute, Graph, Node, ValueInfo } from './graph.ts';
import { isGraph } from './sort.ts';

export type Renaming = (name: string) => string;

/** @param side rename only what the node reads, only what it yields, or both */
export function renameNode(
  node: Node,
  renaming: Renaming,
  side: 'inputs' | 'outputs' | 'both' = 'both',
): Node {
  const apply = (names: readonly string[]): readonly string[] =>
    names.some(name => name && renaming(name) !== name) ? names.map(name => name && renaming(name)) : names;
  const inputs = side === 'outputs' ? node.inputs : apply(node.inputs);
  const outputs = side === 'inputs' ? node.outputs : apply(node.outputs);
  const attributes = side === 'outputs' ? node.attributes : renameAttributes(node.attributes, renaming);
  const same = inputs === node.inputs && outputs === node.outputs && attributes === node.attributes;
  return same ? node : { ...node, inputs, outputs, attributes };
}

function renameAttributes(attributes: Node['attributes'], renaming: Renaming): Node['attributes'] {
  if (!Object.values(attributes).some(isGraph)) return attributes;
  const rename = (value: Attribute): Attribute => {
    if (!isGraph(value)) return value;
    // what the subgraph defines itself hides the outer name
    const own = new Set([
      ...value.inputs.map(({ name }) => name),
      ...value.constants.keys(),
      ...value.nodes.flatMap(node => node.outputs),
    ]);
    return renameValues(value, name => (own.has(name) ? name : renaming(name)));
  };
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, rename(value)]));
}

/** The graph with every value called what `renaming` says. Node names stay. */
export function renameValues(graph: Graph, renaming: Renaming): Graph {
  const info = (value: ValueInfo): ValueInfo => ({ ...value, name: renaming(value.name) });
  return {
    ...graph,
    inputs: graph.inputs.map(info),
    outputs: graph.outputs.map(info),
    nodes: graph.nodes.map(node => renameNode(node, renaming)),
    constants: new Map([...graph.constants].map(([name, value]) => [renaming(name), value])),
    values: new Map([...graph.values.values()].map(value => [renaming(value.name), info(value)])),
  };
}

/** The graph with values renamed: old name → new name. */
export function rename(graph: Graph, names: Readonly<Record<string, string>>): Graph {
  return renameValues(graph, name => (Object.hasOwn(names, name) ? names[name] : name));
}

/** The graph with `text` before the name of every value and node, except the values in `keep`. */
export function prefix(graph: Graph, text: string, keep: readonly string[] = []): Graph {
  const kept = new Set(keep);
  const renamed = renameValues(graph, name => (kept.has(name) ? name : text + name));
  return {
    ...renamed,
    nodes: renamed.nodes.map(node => (node.name ? { ...node, name: text + node.name } : node)),
  };
}
