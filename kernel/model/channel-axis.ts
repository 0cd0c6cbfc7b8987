/**
 * Which axis of a value counts its channels: features of a convolution, units of a layer, heads of an attention.
 *
 * Axis 1 for pictures (N×C×H×W) and vectors, the last for sequences (N×T×F). From four axes on the way a value came
 * decides, so that the pictures of TensorFlow and JAX (N×H×W×C, turned before and after each convolution) and heads in
 * either place (N×T×heads×w, N×heads×T×T) are told apart.
 */
import { intsOf } from '../engine/attributes.ts';
import type { Dim, Graph, Node } from '../onnx/graph.ts';

/** Ops that take and give channels along axis 1. */
const spatial =
  /^(Conv|ConvTranspose|MaxPool|AveragePool|GlobalAveragePool|BatchNormalization|InstanceNormalization|LRN)$/;

/** A picture as most frameworks take it has its 1 or 3 channels first; TensorFlow's and JAX's has them last. */
export const inputChannelAxis = (dims: readonly Dim[] | undefined): number => {
  const few = (dim: Dim | undefined) => dim === 1 || dim === 3;
  if (dims?.length === 4 && few(dims[3]) && !few(dims[1])) return 3;
  return dims?.length === 3 ? -1 : 1;
};

/**
 * The channel axis of every value; −1 is the last.
 * @param dimsOf a tensor's dims, where they are known
 */
export function channelAxes(
  graph: Graph,
  dimsOf: (tensor: string) => readonly Dim[] | undefined,
): (tensor: string) => number {
  const given = new Map(graph.inputs.map(({ name, dims }) => [name, dims]));
  const rankOf = (tensor: string) => (dimsOf(tensor) ?? given.get(tensor))?.length;
  const axes = new Map(graph.inputs.map(({ name, dims }) => [name, inputChannelAxis(dims)]));
  const producers = new Map(graph.nodes.flatMap(node => node.outputs.map(output => [output, node] as const)));

  /** The axis of the first operand that is as large; else, and behind heads' products, axis 1. */
  const kept = ({ inputs }: Node, rank: number): number => {
    const from = inputs.find(name => name && !graph.constants.has(name) && rankOf(name) === rank);
    return from === undefined ? 1 : axes.get(from)!;
  };
  /** Whether it is N×T×F, or such rows one after another with nothing but a layer in between. */
  const isSequence = (tensor: string): boolean => {
    const rank = rankOf(tensor);
    if (rank === 3) return axes.get(tensor) === -1;
    const node = producers.get(tensor);
    return rank === 2 && !!node && /^(MatMul|Gemm|Add|Reshape)$/.test(node.op) && isSequence(node.inputs[0]);
  };
  const along = (node: Node, rank: number): number => {
    const { op, inputs } = node;
    if (spatial.test(op)) return 1;
    // a layer's units come last; the heads of two values that are multiplied are their first axis
    if (op === 'MatMul') return graph.constants.has(inputs[1]) ? rank - 1 : 1;
    if (op === 'Transpose') {
      const perm = intsOf(node.attributes, 'perm');
      return perm ? perm.indexOf(kept(node, rank)) : rank - 1 - kept(node, rank);
    }
    // N×T×F → N×T×heads×w
    if (op === 'Reshape' && rank === 4 && isSequence(inputs[0])) return 2;
    return kept(node, rank);
  };
  for (const node of graph.nodes)
    for (const output of node.outputs) {
      const rank = rankOf(output);
      const many = rank !== undefined && rank > 3;
      axes.set(output, many ? along(node, rank) : rank === 3 ? ofSequence(node, producers) : 1);
    }
  return tensor => axes.get(tensor) ?? 1;
}

/** Axis 1 behind a convolution over time; the last behind a layer, or what has lost its picture. */
function ofSequence(node: Node, producers: ReadonlyMap<string, Node>): number {
  for (let at: Node | undefined = node, hops = 0; at && hops < 8; hops++) {
    if (spatial.test(at.op)) return 1;
    if (/^(MatMul|Gemm|Transpose|Reshape|Gather)$/.test(at.op)) return -1;
    at = producers.get(at.inputs[0]);
  }
  return -1;
}
