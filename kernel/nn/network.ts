/**
 * From layers to an ordinary `Graph`: weights are named constants, every layer's output carries the layer's name,
 * and the metadata documents both, so that the file explains itself wherever it is opened.
 *
 * A trace knows concrete sizes only. A network is therefore traced twice, with every named size once small and
 * once large: dims that moved are named after the size that moved them.
 */
import type { DType } from '../base/dtype.ts';
import { NeuronbookError, ShapeError } from '../base/errors.ts';
import { rng } from '../base/rng.ts';
import { formatDims, sameDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { OPSET } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import type { Dim, Graph, ValueInfo } from '../onnx/graph.ts';
import { Scope, type Layer, type Weigh } from './scope.ts';
import { SizedTrace } from './sized-trace.ts';

export interface NetworkOptions {
  name?: string;
  /** Seed of the first weights. */
  seed?: number | string;
  /** The value of a weight by its name; undefined for a first value from the seed. */
  weights?: (name: string) => Tensor | undefined;
  /** Input name → dims; a word is a size that varies: `{ image: ['batch', 3, 48, 48] }`. */
  inputs: Readonly<Record<string, readonly Dim[]>>;
  /** Dtypes of inputs that are not float32. */
  dtypes?: Readonly<Record<string, DType>>;
  /** What `neuronbook.image` says of the picture input: labels, mean, std. @see model/image-input.ts */
  image?: Readonly<Record<string, unknown>>;
  /** More metadata, as it is written into the file. */
  metadata?: Readonly<Record<string, string>>;
}

/** Several inputs or outputs: a function from the inputs by name to the outputs by name. */
export type Network = (inputs: Readonly<Record<string, Var>>, scope: Scope) => Readonly<Record<string, Var>>;

/**
 * The graph of a network with its first weights.
 * @param build a layer for one input, whose last site is the output; or a function of all inputs
 * @example const graph = nn.network(nn.linear('logits', { features: 10 }), { inputs: { x: ['batch', 64] } });
 */
export function network(build: Layer | { build: Network }, options: NetworkOptions): Graph {
  const { name = 'network', inputs, image, metadata = {} } = options;
  for (const [input, dims] of Object.entries(inputs ?? { inputs: undefined }))
    if (!Array.isArray(dims))
      throw new NeuronbookError(
        `${input} of network ${name} is ${JSON.stringify(dims)}; expected the dims of each input: inputs: { x: ['batch', 64] }`,
      );
  const weigh = weigher(options);
  const [small, large] = [0, 1].map(round => traced(build, options, weigh, round));
  const symbols = symbolsOf(inputs);
  const rename = (info: ValueInfo, twin: ValueInfo | undefined): ValueInfo => ({
    ...info,
    dims: info.dims!.map((dim, axis) =>
      dim === twin?.dims?.[axis] ? dim : sizeName(symbols, dim as number, twin?.dims?.[axis] as number),
    ),
  });
  const twins = new Map([
    ...large.graph.values,
    ...large.graph.outputs.map(info => [info.name, info] as const),
  ]);
  assertSizeFree(small.graph, large.graph);
  const sites = Object.fromEntries([...Object.keys(inputs), ...small.scope.sites].map(site => [site, site]));
  return {
    ...small.graph,
    name,
    inputs: small.graph.inputs.map(info => ({ ...info, dims: inputs[info.name] })),
    outputs: small.graph.outputs.map(info => rename(info, twins.get(info.name))),
    values: new Map([...small.graph.values].map(([key, info]) => [key, rename(info, twins.get(key))])),
    metadata: {
      'neuronbook.sites': JSON.stringify(sites),
      'neuronbook.parameters': JSON.stringify([...small.scope.parameters.keys()]),
      ...(image && { 'neuronbook.image': JSON.stringify({ input: Object.keys(inputs)[0], ...image }) }),
      ...metadata,
    },
  };
}

/** Sizes for the `index`-th named size in round 0 and 1; no two are equal. */
const sizeAt = (index: number, round: number): number => 2 + 2 * index + round;

/** What a size that was `small` in one trace and `large` in the other is made of: a named size, a sum or product of two. */
function sizeName(symbols: readonly string[], small: number, large: number): string {
  const sizes = symbols.map((name, i) => ({ name, sizes: [sizeAt(i, 0), sizeAt(i, 1)] }));
  const pairs = sizes.flatMap((a, i) => sizes.slice(i).map(b => [a, b] as const));
  const made = [
    ...sizes,
    ...pairs.map(([a, b]) => ({ name: `${a.name}+${b.name}`, sizes: a.sizes.map((x, i) => x + b.sizes[i]) })),
    ...pairs.map(([a, b]) => ({ name: `${a.name}·${b.name}`, sizes: a.sizes.map((x, i) => x * b.sizes[i]) })),
  ];
  return made.find(({ sizes: [x, y] }) => x === small && y === large)?.name ?? '?';
}

const symbolsOf = (inputs: NetworkOptions['inputs']): string[] => [
  ...new Set(
    Object.values(inputs)
      .flat()
      .filter(dim => typeof dim === 'string'),
  ),
];

/** Makes each weight once, so that both traces hold the same. */
function weigher({ seed = 0, weights = () => undefined }: NetworkOptions): Weigh {
  const made = new Map<string, Tensor>();
  const random = rng(seed);
  return (name, dims, init) => {
    const value = made.get(name) ?? weights(name) ?? init(dims, random.split(name));
    if (!sameDims(value.dims, dims))
      throw new ShapeError(
        made.has(name)
          ? `weight ${name} depends on a size that varies: ${formatDims(value.dims)} at one size and ${formatDims(dims)} at another`
          : `weight ${name} is ${formatDims(value.dims)}; expected ${formatDims(dims)}`,
      );
    made.set(name, value);
    return value;
  };
}

function traced(build: Layer | { build: Network }, options: NetworkOptions, weigh: Weigh, round: number) {
  const { inputs, dtypes = {} } = options;
  const symbols = symbolsOf(inputs);
  // ours are standard ops alone, so that any ONNX runtime reads the file
  const trace = new SizedTrace({ '': OPSET });
  const vars = Object.fromEntries(
    Object.entries(inputs).map(([name, dims]) => [
      name,
      trace.input(
        name,
        dtypes[name] ?? 'float32',
        dims.map(dim => (typeof dim === 'number' ? dim : sizeAt(symbols.indexOf(dim), round))),
      ),
    ]),
  );
  const scope = new Scope(trace, weigh);
  const outputs = typeof build === 'function' ? single(build, vars, scope) : build.build(vars, scope);
  return { scope, graph: trace.graph(outputs) };
}

function single(layer: Layer, inputs: Readonly<Record<string, Var>>, scope: Scope): Record<string, Var> {
  const [x, ...others] = Object.values(inputs);
  if (!x || others.length)
    throw new ShapeError(
      `a layer has one input, not ${Object.keys(inputs).join(', ') || 'none'}; pass { build } for several`,
    );
  const output = layer(x, scope);
  return { [output.name]: output };
}

/** Neither nodes nor constants may depend on a named size, or the graph would only fit the size it was traced at. */
function assertSizeFree(small: Graph, large: Graph): void {
  small.nodes.forEach(({ op, name }, i) => {
    if (op !== large.nodes[i]?.op)
      throw new NeuronbookError(
        `the network depends on a size that varies: ${op} at ${name} is ${large.nodes[i]?.op ?? 'not there'} at another size`,
      );
  });
  for (const [name, value] of small.constants) {
    const twin = large.constants.get(name);
    if (twin && value.size <= 64 && String(value) !== String(twin))
      throw new NeuronbookError(
        `the network depends on a size that varies: constant ${name} is ${value} at one size and ${twin} at another; ` +
          'use flatten or a fixed size',
      );
  }
}
