/** What tests of architectures share: fixtures, and runs that read any site. */
import { fileURLToPath } from 'node:url';
import { openSafetensors } from '../base/safetensors/index.ts';
import { rng } from '../base/rng.ts';
import { sizeOf, type Dims } from '../base/shape.ts';
import { tensor, type Tensor } from '../base/tensor.ts';
import { compile, type Program } from '../engine/compile.ts';
import { add, mul, reduceSum } from '../engine/functions.ts';
import { gradients } from '../engine/grad.ts';
import { Trace } from '../engine/trace.ts';
import type { Graph } from '../onnx/graph.ts';
import { cut, tap } from '../onnx/surgery.ts';
import type { Architecture, Checkpoint, HuggingFaceConfig } from './architectures/architecture.ts';
import { architectureOf, weightsFrom } from './architectures/registry.ts';

/** A tiny checkpoint, and what the reference implementation computes with it. */
export interface Fixture {
  config: HuggingFaceConfig;
  checkpoint: Checkpoint & { names: readonly string[] };
  inputs: Record<string, Tensor>;
  sites: Record<string, Tensor>;
}

/** Reads `fixtures/<name>.safetensors`, which the scripts there have made. */
export async function fixture(name: string): Promise<Fixture> {
  const path = fileURLToPath(new URL(`fixtures/${name}.safetensors`, import.meta.url));
  const file = await openSafetensors(path);
  const group = (prefix: string) =>
    file.names.filter(key => key.startsWith(prefix)).map(key => key.slice(prefix.length));
  const tensors = (prefix: string) =>
    Object.fromEntries(group(prefix).map(key => [key, file.read(prefix + key)]));
  const weights = tensors('weight:');
  const [inputs, sites] = [tensors('input:'), tensors('site:')];
  const config = JSON.parse(file.metadata.config) as HuggingFaceConfig;
  file.close();
  const names = Object.keys(weights);
  return {
    config,
    checkpoint: { names, has: key => key in weights, read: key => weights[key] },
    inputs,
    sites,
  };
}

/** The fixture's network with the fixture's weights, and an input for everything that the fixture feeds. */
export function built({ config, checkpoint, inputs }: Fixture): { architecture: Architecture; graph: Graph } {
  const architecture = architectureOf(config);
  const weights = weightsFrom(architecture, checkpoint);
  return {
    architecture,
    graph: architecture.network({ weights, mask: 'mask' in inputs, segments: 'segments' in inputs }),
  };
}

/** The values at sites, in one run. */
export async function read(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  sites: readonly string[],
): Promise<Record<string, Tensor>> {
  const program = await compile(cut(tap(graph, sites), sites), { threads: 1 });
  const fed = Object.fromEntries(program.inputs.map(({ name }) => [name, inputs[name]]));
  const values = await program.run(fed);
  await program.release();
  return values;
}

/** max|a − b| / max|b|; infinite where the dims differ. */
export function difference(received: Tensor, expected: Tensor): number {
  if (received.dims.join() !== expected.dims.join()) return Infinity;
  const [a, b] = [received.toNumbers(), expected.toNumbers()];
  const scale = Math.max(...b.map(Math.abs));
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / scale;
}

/**
 * The slope of L = Σ w·y over all outputs y, with fixed random weights w, along the gradient's own direction in the
 * space of all parameters, where it is ‖∂L‖: from our gradient, and from differences of the forward graph,
 * (8(L₊ₕ − L₋ₕ) − (L₊₂ₕ − L₋₂ₕ)) / 12h. Also the parameters whose gradient is zero everywhere.
 */
export async function slopes(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  step = 2 ** -6,
): Promise<{ gradient: number; differences: number; zeros: string[] }> {
  const names = JSON.parse(graph.metadata['neuronbook.parameters']) as string[];
  const random = rng('direction');
  const drawn = (dims: Dims) =>
    tensor(
      Float32Array.from({ length: sizeOf(dims) }, () => random.normal()),
      dims,
    );

  // 1. one graph with the parameters as inputs, for outputs and gradients
  const trace = new Trace();
  const parameters = names.map(name => {
    const { dims } = graph.constants.get(name)!;
    return trace.input(name, 'float32', dims);
  });
  const fed = graph.inputs.map(({ name, dtype }) => trace.input(name, dtype, inputs[name].dims));
  const values = trace.replay(graph, Object.fromEntries([...parameters, ...fed].map(x => [x.name, x])));
  const outputs = graph.outputs.map(({ name }) => values.get(name)!);
  const weights = outputs.map(({ dims }) => drawn(dims));
  const loss = outputs.map((y, i) => reduceSum(mul(y, trace.constant(weights[i])))).reduce(add);
  const found = gradients(trace, loss, parameters);
  const program = await compile(
    trace.graph({
      ...Object.fromEntries(outputs.map((y, i) => [`y${i}`, y])),
      ...Object.fromEntries(found.map((slope, i) => [`d${i}`, slope])),
    }),
    { threads: 1 },
  );

  // 2. the gradient at θ, and L at θ + t·∂L/‖∂L‖; sums in float64
  const run = (feeds: Readonly<Record<string, Tensor>>) =>
    program.run(Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]])));
  const theta = Object.fromEntries(names.map(name => [name, graph.constants.get(name)!]));
  const here = await run({ ...inputs, ...theta });
  const slope = names.map((_, i) => here[`d${i}`].toNumbers());
  const length = Math.sqrt(slope.flat().reduce((sum, value) => sum + value * value, 0));
  const lossAt = async (t: number) => {
    const moved = names.map((name, i) => {
      const { dims } = theta[name];
      const values = theta[name].toNumbers().map((value, k) => value + (t * slope[i][k]) / length);
      return [name, tensor(values, dims)] as const;
    });
    const made = await run({ ...inputs, ...Object.fromEntries(moved) });
    return weights.reduce((sum, weight, i) => {
      const [w, y] = [weight.toNumbers(), made[`y${i}`].toNumbers()];
      return w.reduce((partial, value, k) => partial + value * y[k], sum);
    }, 0);
  };
  const near = (await lossAt(step)) - (await lossAt(-step));
  const far = (await lossAt(2 * step)) - (await lossAt(-2 * step));
  await program.release();
  return {
    gradient: length,
    differences: (8 * near - far) / (12 * step),
    zeros: names.filter((_, i) => slope[i].every(value => value === 0)),
  };
}

/** Writes `count` tokens: first from the whole prompt behind an empty past, then one by one. */
export async function greedy(graph: Graph, prompt: readonly number[], count: number): Promise<number[]> {
  const program = await compile(graph, { threads: 1 });
  let past = emptyPast(program);
  let next = [...prompt];
  const written: number[] = [];
  while (written.length < count) {
    const tokens = tensor(BigInt64Array.from(next, BigInt), [1, next.length]);
    const { logits, ...present } = await program.run({ tokens, ...past });
    past = Object.fromEntries(
      Object.entries(present).map(([name, value]) => [name.replace('present', 'past'), value]),
    );
    const last = logits.at(0).at(-1).toNumbers();
    next = [last.indexOf(Math.max(...last))];
    written.push(...next);
  }
  await program.release();
  return written;
}

const emptyPast = ({ inputs }: Program): Record<string, Tensor> =>
  Object.fromEntries(
    inputs
      .filter(({ name }) => name.startsWith('past.'))
      .map(({ name, dims }) => [
        name,
        tensor(new Float32Array(0), [1, dims![1] as number, 0, dims![3] as number]),
      ]),
  );
