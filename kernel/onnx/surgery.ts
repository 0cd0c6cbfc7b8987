/**
 * Rewrites of a graph: pure functions from one `Graph` to another, each linear in the number of nodes. Every
 * instrument is a chain of these; `engine/grad.ts` works on what they leave.
 *
 *   tap     add outputs                     ──●──▶ read
 *   cut     keep what some outputs need     ──●──┤
 *   splice  put nodes behind a value        ──●─[+]──▶
 *   inline  inputs become constants         (3)──▶      outline: constants become inputs
 *   compose one graph feeds another         [a]──▶[b]
 */
import { NameError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { formatDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { dtypesOf } from './dtypes.ts';
import type { Graph, Node, ValueInfo } from './graph.ts';
import { joinOpsets } from './opsets.ts';
import { renameNode, renameValues, type Renaming } from './rename.ts';
import { reads, sort } from './sort.ts';

export { prefix, rename } from './rename.ts';
export { sort } from './sort.ts';

/** Every name of a value in the graph, those inside subgraphs left out. */
export function* namesOf(graph: Graph): Generator<string> {
  for (const { name } of graph.inputs) yield name;
  yield* graph.constants.keys();
  for (const node of graph.nodes) for (const name of node.outputs) if (name) yield name;
}

/** Gives names that neither the graph nor an earlier call has: `hint`, `hint.2`, `hint.3` … */
export function namer(...graphs: readonly Graph[]): (hint: string) => string {
  const taken = new Set<string>();
  for (const graph of graphs) for (const name of namesOf(graph)) taken.add(name);
  const counts = new Map<string, number>();
  return hint => {
    let name = hint;
    for (let i = counts.get(hint) ?? 2; taken.has(name); i++) {
      name = `${hint}.${i}`;
      counts.set(hint, i + 1);
    }
    taken.add(name);
    return name;
  };
}

/** One name that the graph does not have. For several, make one `namer`. */
export const freshName = (graph: Graph, hint: string): string => namer(graph)(hint);

/** What is known of each of `names`, in one pass over the graph. */
function lookUp(graph: Graph, names: readonly string[]): ValueInfo[] {
  const known = new Map<string, ValueInfo>(graph.values);
  for (const info of [...graph.inputs, ...graph.outputs]) known.set(info.name, info);
  const present = new Set(namesOf(graph));
  let inferred: ReadonlyMap<string, ValueInfo['dtype']> | undefined;
  return names.map(name => {
    if (!present.has(name))
      throw new NameError('value', name, nearest(name, present), 'print the graph to see all names');
    const info = known.get(name);
    if (info) return info;
    const constant = graph.constants.get(name);
    if (constant) return { name, dtype: constant.dtype, dims: constant.dims };
    inferred ??= dtypesOf(graph);
    return { name, dtype: inferred.get(name)! };
  });
}

/**
 * The graph with `names` among its outputs, behind those that it has.
 * @throws NameError for a name that the graph does not have
 */
export function tap(graph: Graph, names: readonly string[]): Graph {
  const present = new Set(graph.outputs.map(({ name }) => name));
  const added = [...new Set(names)].filter(name => !present.has(name));
  return added.length ? { ...graph, outputs: [...graph.outputs, ...lookUp(graph, added)] } : graph;
}

/**
 * Only what `outputs` need: other nodes, constants, inputs and outputs are gone. Any value can be an output.
 * @throws NameError for a name that the graph does not have
 */
export function cut(graph: Graph, outputs: readonly string[] = graph.outputs.map(({ name }) => name)): Graph {
  const infos = lookUp(graph, [...new Set(outputs)]);
  const shown = new Set(outputs);
  const needed = new Set(outputs);
  const kept: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (!node.outputs.some(name => needed.has(name))) continue;
    kept.push(node);
    for (const name of reads(node)) needed.add(name);
  }
  for (const node of kept) for (const name of node.outputs) needed.add(name);
  return {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => needed.has(name)),
    outputs: infos,
    nodes: kept.reverse(),
    constants: new Map([...graph.constants].filter(([name]) => needed.has(name))),
    values: new Map([...withOutputs(graph)].filter(([name]) => needed.has(name) && !shown.has(name))),
  };
}

/** What is known of inner values once the outputs may become inner ones. */
const withOutputs = ({ values, outputs }: Graph): ReadonlyMap<string, ValueInfo> =>
  new Map([...values, ...outputs.map(info => [info.name, info] as const)]);

/** Nodes to add, with what they bring along. */
export type Piece = Pick<Graph, 'nodes'> &
  Partial<Pick<Graph, 'constants' | 'inputs' | 'outputs' | 'values' | 'opsets'>>;

/** Makes the piece that reads `from` and yields `to`; `fresh` gives its inner names. */
export type BuildPiece = (from: string, to: string, fresh: (hint: string) => string) => Piece;

/**
 * Puts nodes behind the value `name`: all that used it, the graph's outputs included, use what the piece makes of
 * it. The name goes with the new value, so that reading the site again reads the edited one:
 *
 *   before   conv ──name──▶ relu          after   conv ──name.before──▶ [piece] ──name──▶ relu
 *
 * An input keeps its name, since callers feed it: there it is the consumers that are redirected, to `name.after`.
 * @param piece what to put there, or a graph with one input and one output (further inputs that the host has by
 *   name are connected; others become inputs of the result)
 * @throws NameError for a name that the graph does not have
 */
export function splice(graph: Graph, name: string, piece: BuildPiece | Graph): Graph {
  const fresh = namer(graph);
  const [info] = lookUp(graph, [name]);
  const isInput = graph.inputs.some(input => input.name === name);
  const [from, to] = isInput ? [name, fresh(`${name}.after`)] : [fresh(`${name}.before`), name];
  const renaming: Renaming = other => (other === name ? (isInput ? to : from) : other);
  const made =
    typeof piece === 'function'
      ? piece(from, to, fresh)
      : graft(piece, { [only(piece, 'inputs')]: from, [only(piece, 'outputs')]: to }, fresh, graph);

  let at = 0;
  const nodes = graph.nodes.map((node, index) => {
    if (!isInput && node.outputs.includes(name)) at = index + 1;
    if (isInput) return renameNode(node, renaming, 'inputs');
    return node.outputs.includes(name) ? renameNode(node, renaming, 'outputs') : node;
  });
  nodes.splice(at, 0, ...made.nodes);

  const constants = new Map([...graph.constants].map(([key, value]) => [key === name ? from : key, value]));
  for (const [key, value] of made.constants ?? []) constants.set(key, value);
  // where sizes vary, a piece that was made for some sizes knows the dtypes of its values, not their dims
  const vary = !info.dims?.every(dim => typeof dim === 'number');
  const values = new Map(graph.values);
  for (const [key, value] of made.values ?? [])
    if (key !== to) values.set(key, vary ? { name: key, dtype: value.dtype } : value);
  for (const key of [from, to]) values.set(key, { ...info, name: key });
  const inputs = [
    ...graph.inputs,
    ...(made.inputs ?? []).filter(input => !graph.inputs.some(own => own.name === input.name)),
  ];
  const opsets = joinOpsets(graph, { nodes: made.nodes, opsets: made.opsets ?? {} });
  return sort({ ...graph, opsets, inputs, nodes, constants, values });
}

function only(piece: Graph, role: 'inputs' | 'outputs'): string {
  const infos = piece[role];
  if (infos.length === 0 || (role === 'outputs' && infos.length > 1))
    throw new NeuronbookError(`piece ${piece.name} has ${infos.length} ${role}; expected one to connect`);
  return infos[0].name;
}

/**
 * A graph's body under names of another: `links` says what some of its values are called there, names of inputs
 * that `host` has too are taken as meant, and everything else becomes fresh.
 */
export function graft(
  piece: Graph,
  links: Readonly<Record<string, string>>,
  fresh: (hint: string) => string,
  host?: Graph,
): Piece {
  const theirs = host && new Set(namesOf(host));
  const renaming = new Map(Object.entries(links));
  const open = piece.inputs.filter(({ name }) => !renaming.has(name));
  for (const { name } of open) renaming.set(name, name);
  for (const name of namesOf(piece)) if (!renaming.has(name)) renaming.set(name, fresh(name));
  const renamed = renameValues(piece, name => renaming.get(name) ?? name);
  const inputs = open.filter(({ name }) => !theirs?.has(name));
  const nodes = renamed.nodes.map(node => ({ ...node, name: renaming.get(node.name) ?? node.name }));
  return { ...renamed, inputs, nodes };
}

/**
 * Inputs become constants.
 * @throws NameError, ShapeError where a value does not fit its input
 */
export function inline(graph: Graph, values: Readonly<Record<string, Tensor>>): Graph {
  const infos = new Map(graph.inputs.map(info => [info.name, info]));
  const constants = new Map(graph.constants);
  for (const [name, value] of Object.entries(values)) {
    const info = infos.get(name);
    if (!info) throw new NameError('input', name, nearest(name, infos.keys()));
    const { dtype, dims } = info;
    const fits =
      !dims ||
      (dims.length === value.dims.length &&
        dims.every((dim, i) => typeof dim === 'string' || dim === value.dims[i]));
    if (dtype !== value.dtype || !fits)
      throw new ShapeError(
        `constant for ${name} is ${value.dtype} ${formatDims(value.dims)}; expected ${dtype} ${formatDims(dims ?? ['?'])}`,
      );
    constants.set(name, value);
  }
  return { ...graph, inputs: graph.inputs.filter(({ name }) => !(name in values)), constants };
}

/**
 * Constants become inputs: the returned `values` are what to feed for the same result.
 * @throws NameError for a name that is no constant
 */
export function outline(
  graph: Graph,
  names: readonly string[],
): { graph: Graph; values: Record<string, Tensor> } {
  const constants = new Map(graph.constants);
  const values: Record<string, Tensor> = {};
  for (const name of names) {
    const value = graph.constants.get(name);
    if (!value) throw new NameError('constant', name, nearest(name, graph.constants.keys()));
    constants.delete(name);
    values[name] = value;
  }
  const added = Object.entries(values).map(([name, { dtype, dims }]) => ({ name, dtype, dims }));
  return { graph: { ...graph, constants, inputs: [...graph.inputs, ...added] }, values };
}

/**
 * `first` feeds `second`: `links` says which input of `second` takes which value of `first`. Inputs of the same name
 * are one input. Outputs: those of `first` that no link uses, then those of `second`. Inner names of `second` that
 * `first` has too become fresh.
 * @throws NameError for a link that leads nowhere; NeuronbookError where outputs share a name or opsets differ
 */
export function compose(first: Graph, second: Graph, links: Readonly<Record<string, string>>): Graph {
  const inputNames = new Set(second.inputs.map(({ name }) => name));
  for (const input of Object.keys(links))
    if (!inputNames.has(input))
      throw new NameError('input', input, nearest(input, inputNames), `of ${second.name}`);
  lookUp(first, Object.values(links));
  const linked = new Set(Object.values(links));
  const names = new Set(namesOf(first));
  const fresh = namer(first, second);
  const renaming = new Map<string, string>(Object.entries(links));
  const shared = new Set(first.inputs.map(({ name }) => name));
  const outputNames = new Set(second.outputs.map(({ name }) => name));
  for (const name of namesOf(second)) {
    if (renaming.has(name) || !names.has(name) || (inputNames.has(name) && shared.has(name))) continue;
    if (inputNames.has(name) || outputNames.has(name))
      throw new NeuronbookError(`both graphs have ${name}; expected other names; call prefix on one of them`);
    renaming.set(name, fresh(name));
  }
  const body = renameValues(second, name => renaming.get(name) ?? name);
  const kept = first.outputs.filter(({ name }) => !linked.has(name) && !outputNames.has(name));
  return {
    name: `${first.name}, ${second.name}`,
    opsets: joinOpsets(first, second),
    inputs: [...first.inputs, ...second.inputs.filter(({ name }) => !(name in links) && !shared.has(name))],
    outputs: [...kept, ...body.outputs],
    nodes: [...first.nodes, ...body.nodes],
    constants: new Map([...first.constants, ...body.constants]),
    values: new Map([...withOutputs(first), ...withOutputs(body)]),
    metadata: { ...second.metadata, ...first.metadata },
  };
}

/** The graph with some of its open sizes fixed: name of a size → number. */
export function fixSizes(graph: Graph, sizes: Readonly<Record<string, number>>): Graph {
  const fixed = (info: ValueInfo): ValueInfo =>
    info.dims ? { ...info, dims: info.dims.map(dim => sizes[dim] ?? dim) } : info;
  return {
    ...graph,
    inputs: graph.inputs.map(fixed),
    outputs: graph.outputs.map(fixed),
    values: new Map([...graph.values].map(([name, info]) => [name, fixed(info)])),
  };
}
