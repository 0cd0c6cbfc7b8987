/** Runs a graph under ONNX Runtime's own clock. The session is its own: profiling slows every run a little. */
import { createSession } from '#runtime';
import { NeuronbookError } from '../base/errors.ts';
import type { Tensor } from '../base/tensor.ts';
import { encode } from '../onnx/encode.ts';
import type { Graph } from '../onnx/graph.ts';
import { optimize } from './optimize/index.ts';
import { races } from './races.ts';
import type { KernelTime } from './runtime/profile.ts';
import { weightsApart } from './weights.ts';

/**
 * The kernels of `runs` runs, after one that does not count.
 * @throws NeuronbookError in a browser, where ONNX Runtime keeps no account
 */
export async function profile(
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
  runs: number,
): Promise<KernelTime[]> {
  const { graph: bare, values } = weightsApart(graph);
  const session = await createSession(encode(optimize(bare), { bare: true }), {
    profile: true,
    ...(races(graph) && { threads: 1 }),
  });
  const { kernels } = session;
  try {
    if (!kernels)
      throw new NeuronbookError('no profile in a browser: onnxruntime-web keeps none; profile in Node');
    for (let run = 0; run <= runs; run++) await session.run({ ...feeds, ...values });
    return (await kernels()).map(kernel => ({ ...kernel, times: kernel.times.slice(1) }));
  } finally {
    await session.release();
  }
}
