/** Nodes that no output needs are gone; inputs stay, since callers feed them. */
import type { Graph } from '../../onnx/graph.ts';
import { cut } from '../../onnx/surgery.ts';

export const dropDead = (graph: Graph): Graph => ({ ...cut(graph), inputs: graph.inputs });
