/**
 * Views moved behind elementwise work, where they meet other views and cancel:
 *
 *   gemm 6×4 ─Reshape─▶ 2×3×4 ─Gelu─▶ 2×3×4 ─Reshape─▶ 6×4 ─▶ gemm      ⟶      gemm 6×4 ─Gelu─▶ 6×4 ─▶ gemm
 *
 * A transformer on batch × position × width thus runs as matrices of rows from one attention to the next. Each number is
 * computed by the same kernel from the same numbers. In networks of 64 units a Reshape takes as long as its neighbours.
 */
import { sameDims, sizeOf, type Dims } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import { int, intOf } from '../attributes.ts';
import type { Graph, Node, ValueInfo } from '../../onnx/graph.ts';
import { namer } from '../../onnx/surgery.ts';
import { dropDead } from './dead.ts';
import { absorbIdentities } from './identities.ts';
import { collapseViews, infosOf, isView, knownDims, viewer } from './views.ts';

/** Each element from the elements that stand at the same place. */
const pointwise = new Set(
  (
    'Abs Add Cast Celu Clip Cos Div Elu Equal Erf Exp Gelu Greater HardSigmoid HardSwish LeakyRelu Less Log Max Min Mul ' +
    'Neg Not Pow Reciprocal Relu Selu Sigmoid Sign Sin Softplus Softsign Sqrt Sub Sum Tanh ThresholdedRelu Where'
  ).split(' '),
);
/** Each row along the last axis by itself. */
const rowwise = new Set(['LayerNormalization', 'SimplifiedLayerNormalization', 'Softmax', 'LogSoftmax']);
const reducing = new Set(['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin']);

const last = (dims: Dims): number => dims[dims.length - 1];
const narrow = (dims: Dims): Dims => [...dims.slice(0, -1), 1];

/** For graphs whose dims are all known; the same graph where it would not become smaller. */
export function sinkViews(graph: Graph): Graph {
  // before opset 18 reductions had their axes, and softmax its default, elsewhere
  if ((graph.opsets[''] ?? 0) < 18 || !graph.nodes.some(isView)) return graph;
  const { graph: moved, behind } = moveViews(graph);
  const clean = [dropDead, collapseViews, dropDead, absorbIdentities].reduce(
    (done, pass) => pass(done),
    moved,
  );
  return clean.nodes.length < graph.nodes.length ? named(clean, behind) : graph;
}

/** The same values, those behind views under new names: new name → old. */
function moveViews(graph: Graph): { graph: Graph; behind: ReadonlyMap<string, string> } {
  const dimsOf = knownDims(graph);
  const infos = infosOf(graph);
  const fresh = namer(graph);
  const { view, constants } = viewer(fresh);
  const along = fresh('last_axis');
  constants.set(along, tensor(BigInt64Array.of(-1n), [1]));
  const values = new Map<string, ValueInfo>(graph.values);
  const behind = new Map<string, string>();
  /** View → the value behind it, with its dims. */
  const roots = new Map<string, { name: string; dims: Dims }>();
  const rowsOf = (name: string, dims: Dims): string => {
    const rows = fresh(`${name}/rows`);
    const dtype = infos.get(name)?.dtype ?? graph.constants.get(name)!.dtype;
    values.set(rows, { name: rows, dtype, dims });
    roots.set(name, { name: rows, dims });
    return rows;
  };

  const nodes = graph.nodes.flatMap((node): Node[] => {
    if (isView(node)) {
      const [[from], [to]] = [node.inputs, node.outputs];
      const dims = dimsOf(from);
      const root = roots.get(from) ?? (dims && { name: from, dims });
      if (root && dimsOf(to)) roots.set(to, root);
      return [node];
    }
    const dims = dimsBehind(graph, node, dimsOf, roots);
    if (!dims) return [node];
    const views: Node[] = [];
    const inputs = node.inputs.map((name, i) => {
      const wanted = dims.inputs[i];
      if (!wanted) return reducing.has(node.op) && i === 1 ? along : name;
      const root = roots.get(name);
      if (root && sameDims(root.dims, wanted)) return root.name;
      const rows = rowsOf(name, wanted);
      views.push(view(name, rows, wanted));
      return rows;
    });
    const outputs = node.outputs.map((name, i) => {
      if (!name) return name;
      const rows = rowsOf(name, dims.outputs[i]);
      behind.set(rows, name);
      views.push(view(rows, name, dimsOf(name)!));
      return rows;
    });
    const attributes = rowwise.has(node.op) ? { ...node.attributes, axis: int(-1) } : node.attributes;
    const isBefore = ({ outputs: [to] }: Node) => inputs.includes(to);
    return [
      ...views.filter(isBefore),
      { ...node, inputs, outputs, attributes },
      ...views.filter(each => !isBefore(each)),
    ];
  });
  return {
    graph: { ...graph, nodes, values, constants: new Map([...graph.constants, ...constants]) },
    behind,
  };
}

/** What stands behind a view that is gone takes its name, which says whose value it is. */
function named(graph: Graph, behind: ReadonlyMap<string, string>): Graph {
  const made = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  const now = (name: string): string => {
    const old = behind.get(name);
    return old !== undefined && !made.has(old) ? old : name;
  };
  return {
    ...graph,
    nodes: graph.nodes.map(node => ({
      ...node,
      inputs: node.inputs.map(now),
      outputs: node.outputs.map(now),
    })),
    values: new Map(
      [...graph.values.values()].map(info => [now(info.name), { ...info, name: now(info.name) }]),
    ),
  };
}

/** The dims that a node's inputs (undefined: as they are) and outputs have behind a view; undefined where it stays. */
function dimsBehind(
  graph: Graph,
  node: Node,
  dimsOf: (name: string) => Dims | undefined,
  roots: ReadonlyMap<string, { dims: Dims }>,
): { inputs: (Dims | undefined)[]; outputs: Dims[] } | undefined {
  const isRow = rowwise.has(node.op) || reducing.has(node.op);
  if (node.domain !== '' || !(isRow || pointwise.has(node.op))) return undefined;
  const all = node.inputs.map(dimsOf);
  const own = dimsOf(isRow ? node.inputs[0] : node.outputs[0]);
  if (!own?.length || own.includes(0) || node.outputs.some(name => name && !dimsOf(name))) return undefined;
  const isRooted = (name: string) => roots.has(name) && sameDims(dimsOf(name)!, own);
  const root = roots.get(node.inputs.find(isRooted) ?? '')?.dims;
  if (!root?.length) return undefined;
  const keepsRows = last(root) === last(own);
  if (isRow && !(keepsRows && worksAlongLast(graph, node, own.length))) return undefined;

  /** Dims behind the view; undefined for what stretches there as it does here, null where neither is so. */
  const behind = (name: string, dims: Dims | undefined): Dims | undefined | null => {
    if (!name) return undefined;
    if (!dims) return null;
    if (sameDims(dims, own)) return root;
    if (sizeOf(dims) === 1 && dims.length <= root.length) return undefined;
    if (keepsRows && dims.length === 1 && dims[0] === last(own)) return undefined;
    return keepsRows && sameDims(dims, narrow(own)) ? narrow(root) : null;
  };
  // gain and offset of a norm are vectors along the row
  if (rowwise.has(node.op) && all.slice(1).some(dims => dims?.length !== 1)) return undefined;
  const inputs = node.inputs.map((name, i) => (isRow && i > 0 ? undefined : behind(name, all[i])));
  if (inputs.includes(null)) return undefined;
  const outputs = node.outputs.map(name => (name && !sameDims(dimsOf(name)!, own) ? narrow(root) : root));
  return { inputs: inputs as (Dims | undefined)[], outputs };
}

/** Whether it works along the last of so many axes, and yields a row for each row. */
function worksAlongLast(graph: Graph, { op, attributes, inputs }: Node, rank: number): boolean {
  const isLast = (axis: number) => axis === -1 || axis === rank - 1;
  if (!reducing.has(op)) return isLast(intOf(attributes, 'axis', -1));
  const axes = graph.constants.get(inputs[1])?.toNumbers() ?? [];
  return axes.length === 1 && isLast(axes[0]) && intOf(attributes, 'keepdims', 1) === 1;
}
