/**
 * Fused nodes taken apart: graph → graph, so that what is computed inside them becomes sites that can be read, edited
 * and differentiated. The nodes that take one's place hold for every size that the graph leaves open.
 *
 *   x ─▶ [MultiHeadAttention attn] ─▶ y     x ─▶ … ─▶ attn.q, attn.k, attn.v ─▶ attn.scores ─▶ attn.pattern ─▶ attn.z ─▶ … ─▶ y
 */
import { NameError, OpError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import type { Graph, Node, ValueInfo } from '../onnx/graph.ts';
import { joinOpsets } from '../onnx/opsets.ts';
import { renameValues } from '../onnx/rename.ts';
import { namer } from '../onnx/surgery.ts';
import { knownValues, openSizes } from './nominal.ts';
import { OpenTrace } from './open-trace.ts';
import { ruleOf } from './rules.ts';
import { structureOf } from './structure.ts';
import type { Known, Var } from './var.ts';

/**
 * The graph with fused nodes replaced by what they compute.
 *
 * Inner values that have a name in the operator's rule are called `<node>.<part>`: attention has `q`, `k`, `v`
 * (batch×heads×length×width), `scores` (batch×heads×queries×keys, before masks), `masked`, `pattern` (their softmax)
 * and `z`; normalizations with a skip connection have `sum`. docs/operators.md lists all.
 *
 * @param which ops or names of nodes; every node that has named parts and can be taken apart where left out
 * @returns the graph itself where there is nothing to take apart
 * @throws NameError on an op or node that the graph does not have; OpError on one that has no decomposition, and
 *   where the nodes that would take its place hold for one size only
 * @example const open = decompose(graph, ['GroupQueryAttention'])
 */
export function decompose(graph: Graph, which?: readonly string[]): Graph {
  const chosen = new Set(which ? named(graph, which) : graph.nodes.filter(isOpened));
  if (chosen.size === 0) return graph;
  const known = knownValues(graph);
  const shifted = openSizes(graph).length ? knownValues(graph, 1) : undefined;
  const fresh = namer(graph);
  const constants = new Map(graph.constants);
  const values = new Map(graph.values);
  let opsets = graph.opsets;

  const nodes = graph.nodes.flatMap(node => {
    if (!chosen.has(node)) return [node];
    const apart = atEverySize(graph, node, known, shifted);
    if (apart instanceof OpError) {
      // what nobody asked for by name stays whole where it cannot be taken apart
      if (which) throw apart;
      return [node];
    }
    const { piece, marked } = apart;
    opsets = joinOpsets({ opsets, nodes: graph.nodes }, piece);
    const made = adopted(piece, node, marked, fresh);
    for (const [name, value] of made.constants) constants.set(name, value);
    for (const [name, { dtype }] of made.values)
      if (!node.outputs.includes(name)) values.set(name, { name, dtype });
    return made.nodes;
  });
  return { ...graph, opsets, nodes, constants, values };
}

const ruleFor = (node: Node) => ruleOf(node.domain, node.op);
/** Without being asked for by name: recurrent layers, say, stay whole. */
const isOpened = (node: Node): boolean => Boolean(ruleFor(node)?.parts && !ruleFor(node)?.unfold);
const siteOf = (node: Node): string => node.name || node.outputs.find(Boolean)!;

/** The nodes that ops or names mean. */
function named({ nodes }: Graph, which: readonly string[]): Node[] {
  return which.flatMap(name => {
    const found = nodes.filter(node => node.op === name || node.name === name || node.outputs.includes(name));
    if (!found.length) {
      const all = new Set(nodes.flatMap(node => [node.op, siteOf(node)]));
      throw new NameError('op or node', name, nearest(name, all), 'nothing to decompose');
    }
    const whole = found.find(node => !ruleFor(node)?.expand && !ruleFor(node)?.unfold);
    if (whole)
      throw new OpError(
        `no decomposition of ${whole.op} at ${siteOf(whole)}; read or edit before and behind it`,
        whole.op,
        siteOf(whole),
      );
    return found;
  });
}

/** One node as a graph of its parts, or why there is none that holds for every open size. */
function atEverySize(
  graph: Graph,
  node: Node,
  known: ReadonlyMap<string, Known>,
  shifted: ReadonlyMap<string, Known> | undefined,
): ReturnType<typeof takenApart> | OpError {
  try {
    const apart = takenApart(graph, node, known);
    if (!shifted || shapeless(apart.piece) === shapeless(takenApart(graph, node, shifted).piece))
      return apart;
  } catch (error) {
    if (error instanceof OpError) return error;
    throw error;
  }
  return new OpError(
    `cannot decompose ${node.op} at ${siteOf(node)}: it would hold for one size only, and the graph leaves ` +
      `${openSizes(graph).join(', ')} open; fix the sizes of the inputs first`,
    node.op,
    siteOf(node),
  );
}

/** One node as a graph of its parts: values from around it keep their names, its outputs have theirs. */
function takenApart(graph: Graph, node: Node, known: ReadonlyMap<string, Known>) {
  const trace = new OpenTrace();
  const vars = new Map<string, Var>();
  const knownOf = (name: string): Known => {
    const found = known.get(name);
    if (found) return found;
    throw new OpError(
      `cannot decompose ${node.op} at ${siteOf(node)}: the shape of its input ${name} is not known before running`,
      node.op,
      siteOf(node),
    );
  };
  const fromAround = (name: string): Var | undefined => {
    if (!name) return undefined;
    const constant = graph.constants.get(name);
    const made =
      vars.get(name) ?? (constant ? trace.constant(constant, name) : trace.computed(name, knownOf(name)));
    vars.set(name, made);
    return made;
  };
  const marks = new Map<Var, string>();
  const { op, attributes, inputs, outputs } = node;
  const rule = ruleFor(node)!;
  const made = (rule.unfold ?? rule.expand!).call(rule, {
    op,
    site: siteOf(node),
    inputs: inputs.map(fromAround),
    attributes,
    outputCount: outputs.length,
    mark: (part, value) => marks.set(value, part),
  });
  // some operators are made of others only with some attributes or dtypes
  if (!made)
    throw new OpError(
      `no decomposition of this ${op} at ${siteOf(node)}: it is one operation; read or edit before and behind it`,
      op,
      siteOf(node),
    );
  const piece = trace.graph(
    Object.fromEntries(outputs.flatMap((name, i) => (name ? [[name, made[i]]] : []))),
  );
  return { piece, marked: new Map([...marks].map(([{ name }, part]) => [name, part])) };
}

/** What the piece says apart from sizes, its constants called by the order of their use. */
function shapeless(piece: Graph): string {
  const bare = ({ name, dtype }: ValueInfo): ValueInfo => ({ name, dtype });
  const used = new Set(piece.nodes.flatMap(({ inputs }) => inputs.filter(name => piece.constants.has(name))));
  const order = new Map([...used].map((name, i) => [name, `constant ${i}`]));
  const renamed = renameValues(piece, name => order.get(name) ?? name);
  const constants = new Map([...order.values()].map(name => [name, renamed.constants.get(name)!]));
  return structureOf({
    ...renamed,
    constants,
    inputs: piece.inputs.map(bare),
    outputs: piece.outputs.map(bare),
  });
}

/** The piece under names of its host: marked values are called after the node, others get names that nobody has. */
function adopted(
  piece: Graph,
  node: Node,
  marked: ReadonlyMap<string, string>,
  fresh: (hint: string) => string,
): Graph {
  const around = new Set([...node.inputs, ...node.outputs]);
  const names = new Map<string, string>();
  const inner = [...piece.constants.keys(), ...piece.nodes.flatMap(({ outputs }) => outputs)];
  for (const name of inner)
    if (name && !around.has(name)) names.set(name, fresh(`${siteOf(node)}.${marked.get(name) ?? name}`));
  const renamed = renameValues(piece, name => names.get(name) ?? name);
  // the node's own name stays with its output
  const last = (outputs: readonly string[]) => outputs[0] === node.outputs[0] && node.name;
  return {
    ...renamed,
    nodes: renamed.nodes.map(each => ({ ...each, name: last(each.outputs) || each.outputs[0] })),
  };
}
