/** What tests of architectures share: fixtures, and runs that read any site. */
import { fileURLToPath } from 'node:url';
import { openSafetensors } from '../base/safetensors/index.ts';
import type { Tensor } from '../base/tensor.ts';
import { compile } from '../engine/compile.ts';
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

/** Reads `fixtures/<name>.safetensors`, which fixtures/make.py has made. */
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
