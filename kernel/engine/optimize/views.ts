/**
 * Views of views: a chain of Reshapes (Flatten, Squeeze, Unsqueeze, Identity) moves nothing, so that only its last
 * shape counts.
 * One that ends in the dims it began with is no node at all.
 *
 *   x 6 ─Reshape─▶ 2×3 ─Unsqueeze─▶ 1×2×3 ─Reshape─▶ 6        ⟶      x 6
 */
import { sameDims, type Dims } from '../../base/shape.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { int } from '../attributes.ts';
import type { Graph, Node, ValueInfo } from '../../onnx/graph.ts';
import { namer } from '../../onnx/surgery.ts';

const viewOps = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

export const isView = ({ op, domain }: Node): boolean => domain === '' && viewOps.has(op);

/** What is known of each value beside the constants. */
export function infosOf(graph: Graph): Map<string, ValueInfo> {
  const infos = new Map<string, ValueInfo>(graph.values);
  for (const info of [...graph.inputs, ...graph.outputs]) infos.set(info.name, info);
  return infos;
}

/** Tells the dims of a value where they are all known. */
export function knownDims(graph: Graph): (name: string) => Dims | undefined {
  const infos = infosOf(graph);
  return name => {
    const dims = graph.constants.get(name)?.dims ?? infos.get(name)?.dims;
    return dims?.every(dim => typeof dim === 'number') ? (dims as Dims) : undefined;
  };
}

/** Makes Reshapes; their shapes are constants to add to the graph. */
export function viewer(fresh: (hint: string) => string) {
  const constants = new Map<string, Tensor>();
  const names = new Map<string, string>();
  const shapeOf = (dims: Dims): string => {
    const known = names.get(dims.join());
    if (known) return known;
    const name = fresh('shape');
    constants.set(name, tensor(BigInt64Array.from(dims, BigInt), [dims.length]));
    names.set(dims.join(), name);
    return name;
  };
  const view = (from: string, to: string, dims: Dims, name = to): Node => ({
    op: 'Reshape',
    domain: '',
    name,
    inputs: [from, shapeOf(dims)],
    outputs: [to],
    attributes: { allowzero: int(0) },
  });
  return { view, constants };
}

/** For graphs whose dims are all known, as traced ones are; of others, the parts that are. */
export function collapseViews(graph: Graph): Graph {
  const dimsOf = knownDims(graph);
  const shown = new Set(graph.outputs.map(({ name }) => name));
  const { view, constants } = viewer(namer(graph));

  /** View → what it is a view of, at the end of the chain. */
  const roots = new Map<string, string>();
  const instead = new Map<string, string>();
  const nodes = graph.nodes.flatMap((given): Node[] => {
    const inputs = given.inputs.map(name => instead.get(name) ?? name);
    const node = given.inputs.some(name => instead.has(name)) ? { ...given, inputs } : given;
    const [to] = node.outputs;
    const dims = dimsOf(to);
    if (!isView(node) || !dims) return [node];
    const root = roots.get(inputs[0]) ?? inputs[0];
    const same = dimsOf(root);
    if (same && sameDims(same, dims)) {
      // a result keeps its name, by a copy that `identities.ts` may do without
      if (shown.has(to)) return [{ ...node, op: 'Identity', inputs: [root], attributes: {} }];
      instead.set(to, root);
      return [];
    }
    roots.set(to, root);
    if (root === inputs[0] || dims.includes(0)) return [node];
    return [view(root, to, dims, node.name)];
  });
  if (nodes.every((node, i) => node === graph.nodes[i])) return graph;
  return {
    ...graph,
    nodes,
    constants: new Map([...graph.constants, ...constants]),
    values: new Map([...graph.values].filter(([name]) => !instead.has(name))),
  };
}
