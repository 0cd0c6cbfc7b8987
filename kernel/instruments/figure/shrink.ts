/**
 * Makes the graph of a live figure small: what no control can change is computed now and becomes a constant, and weights
 * are kept in half precision where what is shown does not notice.
 */
import { isFloat } from '../../base/dtype.ts';
import type { Tensor } from '../../base/tensor.ts';
import { compile } from '../../engine/compile.ts';
import { dtypeNumber } from '../../engine/functions.ts';
import { optimize } from '../../engine/optimize/index.ts';
import { encode } from '../../onnx/encode.ts';
import type { Graph, Node } from '../../onnx/graph.ts';
import { reads } from '../../onnx/sort.ts';
import { cut, namer, tap } from '../../onnx/surgery.ts';

export const bytesOf = (graph: Graph): Uint8Array => encode(graph, { bare: true });

/**
 * The graph with everything that follows from constants alone replaced by its value, where that takes fewer bytes.
 *
 *   image ─▶ conv1 ─▶ conv2 ─▶ [+ strength·d] ─▶ conv3         const ─▶ [+ strength·d] ─▶ conv3
 */
export async function folded(graph: Graph): Promise<Graph> {
  const varying = new Set(graph.inputs.map(({ name }) => name));
  const kept: Node[] = [];
  for (const node of graph.nodes) {
    if (!reads(node).some(name => varying.has(name))) continue;
    kept.push(node);
    for (const name of node.outputs) varying.add(name);
  }
  const made = new Set(graph.nodes.flatMap(node => node.outputs).filter(name => name && !varying.has(name)));
  const read = new Set([...kept.flatMap(node => reads(node)), ...graph.outputs.map(({ name }) => name)]);
  // an output must be made by a node, so one that never changes stays as it is
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const frontier = [...made].filter(name => read.has(name) && !outputs.has(name));
  if (!frontier.length) return graph;
  const program = await compile(cut(tap(graph, frontier), frontier));
  const values = await program.run({});
  await program.release();
  const constants = new Map([...graph.constants, ...Object.entries(values)]);
  const nodes = graph.nodes.filter(
    node => kept.includes(node) || node.outputs.some(name => outputs.has(name) && !varying.has(name)),
  );
  const alone = cut({ ...graph, constants, nodes });
  return bytesOf(alone).length <= bytesOf(graph).length ? alone : graph;
}

/** One run of every output, for each setting of the controls that is tried. */
export type Runs = readonly Readonly<Record<string, Tensor>>[];

export async function runs(graph: Graph, feeds: Runs): Promise<Runs> {
  const program = await compile(graph);
  const results: Record<string, Tensor>[] = [];
  for (const one of feeds)
    results.push(await program.run(Object.fromEntries(program.inputs.map(({ name }) => [name, one[name]]))));
  await program.release();
  return results;
}

/** max|ours − theirs| / max|theirs|, of the output that differs most; Infinity where a number is lost. */
export function difference(ours: Runs, theirs: Runs): number {
  let worst = 0;
  for (const name of Object.keys(theirs[0])) {
    let [most, largest] = [0, 0];
    theirs.forEach((run, i) => {
      const [a, b] = [ours[i][name].toNumbers(), run[name].toNumbers()];
      for (let k = 0; k < b.length; k++) {
        const gap = Math.abs(a[k] - b[k]);
        // the same infinity, or the same lack of a number, is no difference
        if (Number.isNaN(gap)) {
          if (!Object.is(a[k], b[k])) most = Infinity;
        } else most = Math.max(most, gap);
        if (Number.isFinite(b[k])) largest = Math.max(largest, Math.abs(b[k]));
      }
    });
    worst = Math.max(worst, most / (largest || 1));
  }
  return worst;
}

/** Weights with so few numbers are not worth a cast. */
const LEAST = 256;

/** The graph with some weights in half precision: half w → Cast → w. */
export function halved(graph: Graph, names: ReadonlySet<string>): Graph {
  const fresh = namer(graph);
  const constants = new Map<string, Tensor>();
  const casts: Node[] = [];
  for (const [name, value] of graph.constants) {
    if (!names.has(name)) {
      constants.set(name, value);
      continue;
    }
    const half = fresh(`${name}.half`);
    constants.set(half, value.cast('float16'));
    const to = dtypeNumber('float32');
    casts.push({ op: 'Cast', domain: '', name: half, inputs: [half], outputs: [name], attributes: { to } });
  }
  return { ...graph, constants, nodes: [...casts, ...graph.nodes] };
}

/**
 * As many of the largest weights in half precision as `tolerance` allows, by trial on the given feeds.
 * @param tolerance greatest difference of an output, as a share of its largest value
 * @returns the graph, and how much its outputs differ
 */
export async function withHalves(
  graph: Graph,
  feeds: Runs,
  tolerance: number,
): Promise<{ graph: Graph; error: number }> {
  const expected = await runs(graph, feeds);
  const candidates = [...graph.constants]
    .filter(([, { dtype, size }]) => isFloat(dtype) && dtype === 'float32' && size >= LEAST)
    .sort(([, a], [, b]) => b.size - a.size)
    .map(([name]) => name);
  const tried = async (names: ReadonlySet<string>) => {
    const made = halved(graph, names);
    return { graph: made, error: difference(await runs(made, feeds), expected) };
  };
  let best = { graph, error: 0 };
  if (!candidates.length || tolerance <= 0) return best;
  const all = await tried(new Set(candidates));
  if (all.error <= tolerance) return all;
  const chosen = new Set<string>();
  // the largest first: few trials win most bytes
  for (const name of candidates.slice(0, 24)) {
    const more = await tried(new Set([...chosen, name]));
    if (more.error > tolerance) continue;
    chosen.add(name);
    best = more;
  }
  return best;
}

/** Fewer nodes, the same outputs. */
export const tidied = (graph: Graph): Graph => optimize(graph);
