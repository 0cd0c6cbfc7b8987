/** The order of nodes: topological, and as close to the given one as that allows. Linear time. */
import type { Attribute, Graph, Node } from './graph.ts';
import { broken } from './broken.ts';

export const isGraph = (value: Attribute | undefined): value is Graph =>
  typeof value === 'object' && value !== null && 'nodes' in value;

const noNames: readonly string[] = [];
const captured = new WeakMap<Graph, readonly string[]>();

/** The names that a subgraph takes from the graph around it. */
function captures(graph: Graph): readonly string[] {
  const known = captured.get(graph);
  if (known) return known;
  const own = new Set(graph.inputs.map(({ name }) => name));
  for (const name of graph.constants.keys()) own.add(name);
  for (const node of graph.nodes) for (const name of node.outputs) own.add(name);
  const used = [...graph.nodes.flatMap(reads), ...graph.outputs.map(({ name }) => name)];
  const outer = [...new Set(used)].filter(name => name && !own.has(name));
  captured.set(graph, outer);
  return outer;
}

/** Every value that a node needs: its inputs, and what its subgraphs take from around them. */
export function reads(node: Node): readonly string[] {
  let outer = noNames;
  for (const key in node.attributes) {
    const value = node.attributes[key];
    if (isGraph(value)) outer = [...outer, ...captures(value)];
  }
  return outer.length ? [...node.inputs, ...outer] : node.inputs;
}

/** Value name → index of the node that yields it. */
export function producers(nodes: readonly Node[]): Map<string, number> {
  const made = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const name of node.outputs) if (name && !made.has(name)) made.set(name, index);
  });
  return made;
}

/**
 * The same graph with its nodes in topological order; the graph itself where they already are.
 * @throws FormatError naming the nodes of a cycle
 */
export function sort(graph: Graph, path?: string): Graph {
  const { nodes } = graph;
  const made = producers(nodes);
  if (nodes.every((node, index) => reads(node).every(name => (made.get(name) ?? -1) < index))) return graph;

  // depth first from each node in the given order, on an explicit stack: long chains would overflow the call stack
  const sorted: Node[] = [];
  const state = new Uint8Array(nodes.length); // 0 unseen, 1 on the stack, 2 placed
  const stack: { index: number; needs: readonly string[]; next: number }[] = [];
  const push = (index: number) => {
    state[index] = 1;
    stack.push({ index, needs: reads(nodes[index]), next: 0 });
  };
  for (let root = 0; root < nodes.length; root++) {
    if (state[root]) continue;
    push(root);
    while (stack.length) {
      const top = stack[stack.length - 1];
      if (top.next === top.needs.length) {
        state[top.index] = 2;
        sorted.push(nodes[top.index]);
        stack.pop();
        continue;
      }
      const need = made.get(top.needs[top.next++]);
      if (need === undefined || state[need] === 2) continue;
      if (state[need] === 1)
        throw cycle(graph, stack.slice(stack.findIndex(({ index }) => index === need)), path);
      push(need);
    }
  }
  return { ...graph, nodes: sorted };
}

function cycle({ nodes }: Graph, loop: readonly { index: number }[], path?: string) {
  // the stack runs from consumer to producer; the data flows the other way
  const names = loop
    .map(({ index }) => nodes[index].name || nodes[index].outputs[0] || nodes[index].op)
    .reverse();
  const shown = names.length > 8 ? [...names.slice(0, 7), `… ${names.length - 7} more`] : names;
  return broken(
    `the graph has a cycle: ${[...shown, names[0]].join(' → ')}; expected nodes that can be ordered`,
    path,
  );
}
