/**
 * Transposes folded into products: MatMul(a, bᵀ) becomes FusedMatMul(a, b, transB), so that neither it nor its
 * gradient moves data.
 *
 *   b ──Transpose──bt──▶ MatMul(a, bt)      ⟶      b ──▶ FusedMatMul(a, b, transB = 1)
 *
 * For graphs whose parameters are differentiated, not for gradients at sites: what reads bt no longer passes it.
 */
import { intsOf } from '../attributes.ts';
import { dtypesOf } from '../../onnx/dtypes.ts';
import type { Graph, Node } from '../../onnx/graph.ts';

/** Whether a perm swaps the last two axes of a batch of matrices; single ones are weights, whose products are flat. */
function swapsLast(perm: readonly number[]): boolean {
  const rank = perm.length;
  return (
    rank >= 3 && perm.every((axis, i) => axis === (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2))
  );
}

/** The same values from fewer moves; the Transposes that nothing else reads are dead then. */
export function foldTransposes(graph: Graph): Graph {
  const turned = new Map<string, string>();
  for (const { op, domain, inputs, outputs, attributes } of graph.nodes) {
    const perm = op === 'Transpose' && domain === '' ? intsOf(attributes, 'perm') : undefined;
    if (perm && swapsLast(perm)) turned.set(outputs[0], inputs[0]);
  }
  if (!turned.size) return graph;
  const dtypes = dtypesOf(graph);
  const nodes = graph.nodes.map((node): Node => {
    const [a, b] = node.inputs;
    if (node.op !== 'MatMul' || node.domain !== '' || !(turned.has(a) || turned.has(b))) return node;
    if (dtypes.get(node.outputs[0]) !== 'float32') return node;
    return {
      ...node,
      op: 'FusedMatMul',
      domain: 'com.microsoft',
      inputs: [turned.get(a) ?? a, turned.get(b) ?? b],
      attributes: { transA: turned.has(a) ? 1n : 0n, transB: turned.has(b) ? 1n : 0n, alpha: 1 },
    };
  });
  return { ...graph, nodes, opsets: { ...graph.opsets, 'com.microsoft': 1 } };
}
