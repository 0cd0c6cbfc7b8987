/**
 * What ONNX Runtime makes of a graph, for tests: its own optimized nodes, the order in which it runs them, and the
 * most bytes that are alive at once in that order. Inputs and weights are not counted.
 */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import type { Tensor } from '../base/tensor.ts';
import { decode } from '../onnx/decode.ts';
import { encode } from '../onnx/encode.ts';
import type { Graph, Node } from '../onnx/graph.ts';

export interface Ran {
  /** Its nodes, fused and merged, in the order in which they ran. */
  readonly nodes: readonly Node[];
  /** The largest sum of bytes of values made and still to be read. */
  readonly peak: number;
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly args: { readonly output_size?: string };
}

/** Runs a graph once under ONNX Runtime's profiler. */
export async function profiled(graph: Graph, feeds: Readonly<Record<string, Tensor>>): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'neuronbook-peak-'));
  try {
    const optimized = join(folder, 'optimized.onnx');
    const session = await ort.InferenceSession.create(encode(graph), {
      intraOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
      optimizedModelFilePath: optimized,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    const fed = graph.inputs.map(({ name }) => {
      const { dtype, data, dims } = feeds[name];
      return [name, new ort.Tensor(dtype as 'float32', data as Float32Array, dims)] as const;
    });
    await session.run(Object.fromEntries(fed));
    session.endProfiling();
    await session.release();
    const [profile] = (await readdir(folder)).filter(name => name.startsWith('profile'));
    const events = JSON.parse(await readFile(join(folder, profile), 'utf8')) as ProfileEvent[];
    const kernels = events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'));
    const { nodes, outputs } = decode(await readFile(optimized));
    const byName = new Map(nodes.map(node => [node.name, node]));
    const ran = kernels.map(({ name }) => byName.get(name.slice(0, -'_kernel_time'.length))!);
    const sizes = kernels.map(({ args }) => Number(args.output_size));
    return { nodes: ran, peak: peakOf(ran, sizes, new Set(outputs.map(({ name }) => name))) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function peakOf(nodes: readonly Node[], sizes: readonly number[], results: ReadonlySet<string>): number {
  const lastRead = new Map<string, number>();
  nodes.forEach(({ inputs }, i) => inputs.forEach(name => lastRead.set(name, i)));
  const freed = nodes.map(() => 0);
  nodes.forEach(({ outputs }, i) => {
    if (!outputs.some(name => results.has(name)))
      freed[Math.max(i, ...outputs.map(name => lastRead.get(name) ?? i))] += sizes[i];
  });
  let [alive, peak] = [0, 0];
  sizes.forEach((size, i) => {
    alive += size;
    peak = Math.max(peak, alive);
    alive -= freed[i];
  });
  return peak;
}
