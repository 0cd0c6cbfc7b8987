/**
 * What must hold of every graph before it is compiled or saved, checked in one pass. `decode` ends here, and
 * `compile` begins here, so that a wrong file or a wrong rewrite is told by name and not by ONNX Runtime.
 */
import { nearest } from '../base/nearest.ts';
import { broken } from './broken.ts';
import type { Graph, Node } from './graph.ts';
import { isGraph, sort } from './sort.ts';

/** The default domain's opsets that this library reads: 7 (2018) to the newest that ONNX Runtime 1.30 runs. */
export const opsetRange = [7, 26] as const;

/**
 * Checks opset, names, producers and order.
 * @throws FormatError naming the cause
 */
export function validate(graph: Graph, path?: string): void {
  checkOpset(graph, path);
  checkNames(graph, new Set(), path);
}

function checkOpset({ opsets, nodes }: Graph, path?: string): void {
  const opset = opsets[''];
  const [oldest, newest] = opsetRange;
  if (opset === undefined && nodes.some(({ domain }) => domain === ''))
    throw broken(
      `states no opset; expected ${oldest} to ${newest}; the file is cut short or older than ONNX 1.0`,
      path,
    );
  if (opset !== undefined && (opset < oldest || opset > newest)) {
    const next =
      opset < oldest ? 'convert it with onnx.version_converter' : 'export it again with an older opset';
    throw broken(`opset ${opset}; expected ${oldest} to ${newest}; ${next}`, path);
  }
}

const label = (node: Node) => `${node.op} ${node.name || node.outputs.find(Boolean) || '(unnamed)'}`;

/** The names that are visible where a subgraph stands. */
interface Scope {
  has(name: string): boolean;
}

function checkNames(graph: Graph, outer: Scope, path?: string): void {
  const defined = new Map<string, string>();
  const define = (name: string, by: string) => {
    const first = defined.get(name);
    if (first !== undefined)
      throw broken(`${name} is defined twice: by ${first} and by ${by}; expected one definition`, path);
    defined.set(name, by);
  };
  for (const { name } of graph.inputs) define(name, 'an input');
  for (const name of graph.constants.keys()) define(name, 'a constant');
  const all = new Set(graph.nodes.flatMap(node => node.outputs));
  const unknown = (name: string, by: string) => {
    if (all.has(name)) {
      sort(graph, path); // throws where the order is wrong because of a cycle
      return broken(
        `${by} reads ${name} before it is computed; expected nodes in topological order; sort the graph`,
        path,
      );
    }
    const close = nearest(name, [...defined.keys(), ...all].filter(Boolean));
    const hint = close.length ? `; nearest: ${close.join(', ')}` : '';
    return broken(`${by} reads ${name}, which nothing defines${hint}`, path);
  };
  for (const node of graph.nodes) {
    for (const name of node.inputs)
      if (name && !defined.has(name) && !outer.has(name)) throw unknown(name, label(node));
    for (const value of Object.values(node.attributes))
      if (isGraph(value)) checkNames(value, { has: name => defined.has(name) || outer.has(name) }, path);
    for (const name of node.outputs) if (name) define(name, label(node));
  }
  const outputs = new Set<string>();
  for (const { name } of graph.outputs) {
    if (!defined.has(name) && !outer.has(name)) throw unknown(name, 'the output list');
    if (outputs.has(name)) throw broken(`output ${name} is listed twice; expected each once`, path);
    outputs.add(name);
  }
}
