/**
 * Kernels of ONNX Runtime that race: ScatterND with a reduction combines its rows in parallel without a lock, and of two
 * rows for one place one may be lost (1.30, two threads, 20000 rows into 64 places: sums wrong by half, products by a
 * factor of 63; on one thread always right). A network that holds one runs on one thread. Where it is traced, the rule
 * takes another kernel (`ops/gathering.ts`).
 */
import { textOf } from './attributes.ts';
import type { Graph } from '../onnx/graph.ts';
import { isGraph } from '../onnx/sort.ts';

/** Whether a graph, or one that it holds, is right on one thread only. */
export const races = ({ nodes }: Graph): boolean =>
  nodes.some(
    ({ op, domain, attributes }) =>
      (op === 'ScatterND' && domain === '' && textOf(attributes, 'reduction', 'none') !== 'none') ||
      Object.values(attributes).some(value => isGraph(value) && races(value)),
  );
