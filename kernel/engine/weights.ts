/**
 * Which constants a compiled graph holds and which it is fed. ONNX Runtime copies every initializer into each session:
 * ten rewrites of a 500 MB model would hold its weights ten times over. Fed as inputs they are read where they lie,
 * one copy for all rewrites, and compiling takes milliseconds. Kernels of convolutions stay: ONNX Runtime reorders
 * them beforehand, and as inputs they take 1.7 times as long.
 */
import type { Tensor } from '../base/tensor.ts';
import type { Graph, Node } from '../onnx/graph.ts';
import { reads } from '../onnx/sort.ts';
import { outline } from '../onnx/surgery.ts';

/** Smaller weights are not worth an input. */
const LARGE = 2 ** 20;

/** The inputs through which an op takes a matrix or table that it uses as it is. */
const matrices: Readonly<Record<string, readonly number[]>> = {
  MatMul: [0, 1],
  Gemm: [0, 1],
  Gather: [0],
  'com.microsoft.FusedMatMul': [0, 1],
};

const bytesOf = ({ data }: Tensor): number => (Array.isArray(data) ? 0 : data.byteLength);

/** Whether the node takes the value only through inputs that may as well be fed. */
function takesAsMatrix({ op, domain, inputs }: Node, name: string): boolean {
  const places = matrices[domain ? `${domain}.${op}` : op];
  // a value that is read but is no input is captured by an inner graph
  return (
    places !== undefined &&
    inputs.includes(name) &&
    inputs.every((input, i) => input !== name || places.includes(i))
  );
}

/** The graph with its large matrices as inputs, and what to feed them. */
export function weightsApart(graph: Graph): { graph: Graph; values: Readonly<Record<string, Tensor>> } {
  const large = new Set(
    [...graph.constants].filter(([, value]) => bytesOf(value) >= LARGE).map(([name]) => name),
  );
  for (const { name } of graph.outputs) large.delete(name);
  if (large.size)
    for (const node of graph.nodes)
      for (const name of reads(node)) if (large.has(name) && !takesAsMatrix(node, name)) large.delete(name);
  return outline(graph, [...large]);
}
