/**
 * Rewrites between what was traced and what ONNX Runtime is given: each pass is graph → graph, keeps every output's
 * name and value bit for bit, and makes the graph smaller. Graphs with control flow, whose inner graphs read names of
 * the outer one, are left as they are.
 */
import type { Graph } from '../../onnx/graph.ts';
import { isGraph } from '../../onnx/sort.ts';
import { absorbIdentities } from './identities.ts';
import { shareCommon } from './common.ts';
import { dropDead } from './dead.ts';
import { sinkViews } from './sinking.ts';
import { collapseViews } from './views.ts';

const passes: readonly ((graph: Graph) => Graph)[] = [
  dropDead,
  shareCommon,
  collapseViews,
  dropDead,
  absorbIdentities,
  sinkViews,
];

/** The same outputs from fewer nodes. */
export const optimize = (graph: Graph): Graph =>
  graph.nodes.some(({ attributes }) => Object.values(attributes).some(isGraph))
    ? graph
    : passes.reduce((done, pass) => pass(done), graph);
