/**
 * `Graph` → something that runs. Compiling the same graph twice costs nothing, an equal graph over the same weights
 * next to nothing; what was fed is checked against the graph before ONNX Runtime sees it.
 */
import { createSession, preferredProviders } from '#runtime';
import { NameError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { formatDims, sameDims } from '../base/shape.ts';
import type { Tensor } from '../base/tensor.ts';
import { encode } from '../onnx/encode.ts';
import type { Graph, ValueInfo } from '../onnx/graph.ts';
import { validate } from '../onnx/validate.ts';
import { optimize } from './optimize/index.ts';
import { races } from './races.ts';
import { structureOf } from './structure.ts';
import { SessionCache } from './session-cache.ts';
import { weightsApart } from './weights.ts';
import type { Fetches, Session, SessionOptions } from './runtime/types.ts';

export type { Provider } from './runtime/providers.ts';
export type { Fetches, SessionOptions } from './runtime/types.ts';

export interface RunOptions {
  /**
   * Which outputs to compute; all where left out. Name → tensor writes into that tensor and returns it, so that a
   * loop that swaps two sets of tensors allocates nothing.
   */
  fetch?: Fetches;
}

export interface Program {
  readonly graph: Graph;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** @throws NameError, ShapeError for a wrong feed; OpError where an operator fails */
  run(inputs: Readonly<Record<string, Tensor>>, options?: RunOptions): Promise<Record<string, Tensor>>;
  /** Frees the native session now. A later run compiles again. */
  release(): Promise<void>;
}

/** What is compiled at the moment. Its limits may be changed. */
export const sessions = new SessionCache({ sessions: 48, bytes: 2 ** 30 });

const programs = new WeakMap<Graph, Map<string, Program>>();

/**
 * A program that computes the graph's outputs.
 * @throws FormatError where the graph is inconsistent; OpError naming the operator that ONNX Runtime refuses
 */
export async function compile(graph: Graph, given: SessionOptions = {}): Promise<Program> {
  const options = races(graph) ? { ...given, threads: 1 } : given;
  const variant = `${options.threads ?? ''}/${options.optimize ?? ''}/${options.providers ?? ''}`;
  const known = programs.get(graph)?.get(variant);
  if (known) return known;
  validate(graph);
  const providers = options.providers ?? (await preferredProviders(sizeOfConstants(graph)));
  // what is fed is copied to an accelerator at each run, so there the weights stay inside
  const { graph: bare, values } = providers ? { graph, values: {} } : weightsApart(graph);
  const key = `${variant}\n${structureOf(bare)}`;
  const bytes = sizeOfConstants(bare);
  const create = () =>
    createSessionOf(encode(optimize(bare), { bare: true }), { ...options, providers }, bare);
  const use = <T>(work: (session: Session) => Promise<T>) => sessions.use(key, bytes, create, work);
  await use(async () => {});

  const inputNames = new Set(graph.inputs.map(({ name }) => name));
  const outputNames = new Set(graph.outputs.map(({ name }) => name));
  const program: Program = {
    graph,
    inputs: graph.inputs,
    outputs: graph.outputs,
    async run(inputs, { fetch = [...outputNames] } = {}) {
      checkFeeds(graph.inputs, inputNames, inputs);
      checkFetches(outputNames, graph.outputs, fetch);
      return use(session => session.run({ ...inputs, ...values }, fetch));
    },
    release: () => sessions.drop(key),
  };
  const variants = programs.get(graph) ?? new Map<string, Program>();
  programs.set(graph, variants.set(variant, program));
  return program;
}

/**
 * ONNX Runtime moves quantizers through reshapes, and where a reshape has another reader it writes one of two types
 * and then refuses its own graph. Such a graph is made again with its quantizers where they are.
 */
async function createSessionOf(bytes: Uint8Array, options: SessionOptions, graph: Graph): Promise<Session> {
  try {
    return await createSession(bytes, options);
  } catch (error) {
    if (!graph.nodes.some(({ op }) => op === 'QuantizeLinear')) throw error;
    return createSession(bytes, { ...options, fuseQuantized: false });
  }
}

/** Roughly what a session holds: ONNX Runtime copies the weights. */
function sizeOfConstants(graph: Graph): number {
  let bytes = 2 ** 16;
  for (const { data } of graph.constants.values()) if (!Array.isArray(data)) bytes += data.byteLength;
  return bytes;
}

function checkFeeds(
  infos: readonly ValueInfo[],
  names: ReadonlySet<string>,
  feeds: Readonly<Record<string, Tensor>>,
): void {
  for (const name of Object.keys(feeds))
    if (!names.has(name))
      throw new NameError('input', name, nearest(name, names), `expected ${[...names].join(', ') || 'none'}`);
  const symbols = new Map<string, { size: number; input: string }>();
  for (const { name, dtype, dims } of infos) {
    const value = feeds[name];
    if (!value)
      throw new NeuronbookError(`missing input: ${name}; expected ${[...names].join(', ')}; feed it`);
    if (value.dtype !== dtype)
      throw new ShapeError(
        `input ${name} is ${value.dtype}; expected ${dtype}; convert it with .cast('${dtype}')`,
      );
    if (!dims) continue;
    const fits =
      dims.length === value.dims.length &&
      dims.every((dim, axis) => typeof dim === 'string' || dim === value.dims[axis]);
    if (!fits)
      throw new ShapeError(
        `input ${name} is ${formatDims(value.dims)}; expected ${formatDims(dims)}; reshape or crop it`,
      );
    dims.forEach((dim, axis) => {
      if (typeof dim === 'number' || dim === '?') return;
      const first = symbols.get(dim);
      const size = value.dims[axis];
      if (first && first.size !== size)
        throw new ShapeError(
          `${dim} is ${size} in input ${name}; expected ${first.size} as in input ${first.input}`,
        );
      symbols.set(dim, { size, input: name });
    });
  }
}

function checkFetches(names: ReadonlySet<string>, infos: readonly ValueInfo[], fetches: Fetches): void {
  const targets = Array.isArray(fetches) ? undefined : (fetches as Readonly<Record<string, Tensor | null>>);
  const wanted = targets ? Object.keys(targets) : (fetches as readonly string[]);
  if (wanted.length === 0)
    throw new NeuronbookError(`nothing to compute; fetch some of ${[...names].join(', ')}`);
  for (const name of wanted) if (!names.has(name)) throw new NameError('output', name, nearest(name, names));
  if (!targets) return;
  for (const { name, dtype, dims } of infos) {
    const target = targets[name];
    if (!target) continue;
    if (target.dtype !== dtype)
      throw new ShapeError(`output ${name} goes into ${target.dtype}; expected ${dtype}`);
    if (dims?.every(dim => typeof dim === 'number') && !sameDims(dims as readonly number[], target.dims))
      throw new ShapeError(
        `output ${name} goes into ${formatDims(target.dims)}; expected ${formatDims(dims)}`,
      );
  }
}
