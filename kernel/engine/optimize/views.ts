/**
 * Views of views: a chain of Reshapes (Flatten, Squeeze, Unsqueeze) moves nothing, so that only its last shape counts.
 * One that ends in the dims it began with is no node at all.
 *
 *   x 6 ─Reshape─▶ 2×3 ─Unsqueeze─▶ 1×2×3 ─Reshape─▶ 6        ⟶      x 6
 */
import { sameDims, type Dims } from '../../base/shape.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { int } from '../attributes.ts';
import type { Graph, Node, ValueInfo } from '../../onnx/graph.ts';
import { namer } from '../../onnx/surgery.ts';

const viewOps = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

const isView = ({ op, domain }: Node): boolean => domain === '' && viewOps.has(op);

/** For graphs whose dims are all known, as traced ones are; of others, the parts that are. */
export function collapseViews(graph: Graph): Graph {
  const infos = new Map<string, ValueInfo>(graph.values);
  for (const info of [...graph.inputs, ...graph.outputs]) infos.set(info.name, info);
  const dimsOf = (name: string): Dims | undefined => {
    const dims = graph.constants.get(name)?.dims ?? infos.get(name)?.dims;
    return dims?.every(dim => typeof dim === 'number') ? (dims as Dims) : undefined;
  };
  const shown = new Set(graph.outputs.map(({ name }) => name));
  const fresh = namer(graph);
  const shapes = new Map<string, Tensor>();
  const shapeNames = new Map<string, string>();
  const shapeOf = (dims: Dims): string => {
    const known = shapeNames.get(dims.join());
    if (known) return known;
    const name = fresh('shape');
    shapes.set(name, tensor(BigInt64Array.from(dims, BigInt), [dims.length]));
    shapeNames.set(dims.join(), name);
    return name;
  };

  /** View → what it is a view of, at the end of the chain. */
  const roots = new Map<string, string>();
  const instead = new Map<string, string>();
  const nodes = graph.nodes.flatMap((given): Node[] => {
    const inputs = given.inputs.map(name => instead.get(name) ?? name);
    const node = { ...given, inputs };
    const [to] = node.outputs;
    const dims = dimsOf(to);
    if (!isView(node) || !dims) return [node];
    const root = roots.get(inputs[0]) ?? inputs[0];
    const same = dimsOf(root);
    if (same && sameDims(same, dims) && !shown.has(to)) {
      instead.set(to, root);
      return [];
    }
    roots.set(to, root);
    if (root === inputs[0] || dims.includes(0)) return [node];
    return [{ ...node, op: 'Reshape', inputs: [root, shapeOf(dims)], attributes: { allowzero: int(0) } }];
  });
  if (!instead.size && !shapes.size) return graph;
  return {
    ...graph,
    nodes,
    constants: new Map([...graph.constants, ...shapes]),
    values: new Map([...graph.values].filter(([name]) => !instead.has(name))),
  };
}
