/**
 * From batches of data to rows of activations: the model, cut behind the last site that is read, is run batch by
 * batch, and what it says at the sites is laid out with one row a position. Nothing is kept.
 */
import type { Columns } from '../base/columns.ts';
import { NameError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { fingerprint } from '../base/hash.ts';
import { rng as seeded, type Rng } from '../base/rng.ts';
import { formatDims, sizeOf } from '../base/shape.ts';
import { Tensor } from '../base/tensor.ts';
import type { Dim, Graph } from '../onnx/graph.ts';
import type { Model } from './model.ts';
import type { Site } from './sites.ts';

/** Tensors by name, examples along the first axis. What the model does not read is ignored. */
export type HarvestBatch = Readonly<Record<string, Tensor>>;

/**
 * Whole tensors, read in order; batches one after another; or a function from step to batch, as `fit` takes it, of
 * which `batches` says how often it is called.
 */
export type HarvestData =
  | HarvestBatch
  | Iterable<HarvestBatch>
  | AsyncIterable<HarvestBatch>
  | ((step: number, rng: Rng) => HarvestBatch | Promise<HarvestBatch>);

export interface ReadingOptions {
  /** Sites, by name or by pattern. */
  read: readonly (string | RegExp)[];
  /** Examples in a batch, where the data is whole tensors. */
  batch?: number;
  /** Batches in all; needed where the data is a function. */
  batches?: number;
  /** Seed of the data's draws, where it is a function. */
  seed?: number | string;
  /** Batches to pass over at the start. */
  skip?: number;
  /** The axis of the sites that counts positions, where it cannot be told. */
  axis?: number;
  /** Further entries of the batch to lay beside the rows, a number each, such as a mask N×T. */
  beside?: readonly string[];
}

/** How long an example is, and what the model calls that. */
interface Length {
  readonly name?: Dim;
  readonly size: number;
}

/**
 * Rows of activations, batch by batch: `example`, `position`, `token` (where the model reads tokens), and a vector
 * for each site.
 *
 * An example of N×T×F gives T rows of F values, N×F one row, N×C×H×W a row of C values for each place of H×W, and
 * heads, N×H×T×D, T rows of H·D values.
 * @throws NameError on an unknown site; ShapeError where sites differ in their rows
 */
export async function* readings(
  model: Model,
  data: HarvestData,
  { read, batch = 32, batches, seed = 0, skip = 0, axis, beside = [] }: ReadingOptions,
): AsyncGenerator<Columns> {
  const sites = model.sites.select(read);
  if (!sites.length) throw new NeuronbookError('nothing to read; name at least one site in `read`');
  let [step, example] = [0, 0];
  for await (const whole of batchesOf(data, batch, batches, seed)) {
    const inputs = inputsOf(model, whole);
    const examples = Object.values(inputs)[0].dims[0];
    if (step++ >= skip) {
      const result = await model.run(inputs, { read: sites.map(site => site.name), outputs: [] });
      yield rowsOf(sites, result.sites, {
        tokens: tokensOf(inputs),
        length: lengthOf(model, inputs),
        axis,
        example,
        examples,
        beside: beside.map(name => [name, entryOf(whole, name)] as const),
      });
    }
    example += examples;
  }
}

/** How many batches there will be, where that can be told. */
export function countBatches(
  data: HarvestData,
  batch: number,
  batches: number | undefined,
): number | undefined {
  if (typeof data === 'function' || isIterable(data)) return batches;
  const examples = Object.values(data)[0]?.dims[0] ?? 0;
  return Math.min(batches ?? Infinity, Math.ceil(examples / batch));
}

const isIterable = (data: HarvestData): data is Iterable<HarvestBatch> | AsyncIterable<HarvestBatch> =>
  Symbol.iterator in data || Symbol.asyncIterator in data;

/** The batches that the data comes in. */
export async function* batchesOf(
  data: HarvestData,
  size: number,
  batches: number | undefined,
  seed: string | number,
): AsyncGenerator<HarvestBatch> {
  if (typeof data === 'function') {
    if (batches === undefined)
      throw new NeuronbookError('the data is a function, which never ends; say how many `batches`');
    for (let step = 0; step < batches; step++) yield await data(step, seeded(`${seed}/data/${step}`));
    return;
  }
  let done = 0;
  for await (const batch of isIterable(data) ? data : slices(data, size)) {
    if (batches !== undefined && done++ >= batches) return;
    yield batch;
  }
}

function* slices(data: HarvestBatch, size: number): Generator<HarvestBatch> {
  const entries = Object.entries(data);
  const count = entries[0]?.[1].dims[0] ?? 0;
  const odd = entries.find(([, { dims }]) => dims[0] !== count);
  if (!count || odd)
    throw new ShapeError(
      odd
        ? `the data's tensors differ in length: ${odd[0]} has ${odd[1].dims[0] ?? 'none'}; expected ${count}, as ${entries[0][0]}`
        : 'the data is empty; expected tensors by name, with examples along the first axis',
    );
  for (let from = 0; from < count; from += size) {
    const to = Math.min(count, from + size);
    yield Object.fromEntries(entries.map(([name, tensor]) => [name, between(tensor, from, to)]));
  }
}

function between({ dtype, dims: [count, ...rest], data }: Tensor, from: number, to: number): Tensor {
  const width = data.length / count;
  const part = Array.isArray(data)
    ? data.slice(from * width, to * width)
    : data.subarray(from * width, to * width);
  return new Tensor(dtype, [to - from, ...rest], part);
}

/** The batch's entries that the model reads. */
function inputsOf(model: Model, batch: HarvestBatch): Record<string, Tensor> {
  const inputs = [...model.sites].filter(site => site.kind === 'input');
  const given = inputs.flatMap(({ name, tensor }) => {
    const value = batch[name] ?? batch[tensor];
    return value ? [[tensor, value] as const] : [];
  });
  if (!given.length)
    throw new NameError(
      'input',
      Object.keys(batch).join(', ') || '(none)',
      inputs.map(({ name }) => name),
      'the data needs an entry for each input of the model',
    );
  return Object.fromEntries(given);
}

/** The input that is whole numbers, N×T, and no mask or numbering beside them. */
const tokensOf = (inputs: Readonly<Record<string, Tensor>>): Tensor | undefined =>
  Object.entries(inputs).find(
    ([name, { dtype, dims }]) =>
      dims.length === 2 && /^u?int(32|64)$/.test(dtype) && !/mask|position|type/i.test(name),
  )?.[1];

function lengthOf(model: Model, inputs: Readonly<Record<string, Tensor>>): Length | undefined {
  const tokens = tokensOf(inputs);
  const input = model.graph.inputs.find(({ name }) => inputs[name] === tokens);
  return tokens && { name: input?.dims?.[1], size: tokens.dims[1] };
}

interface Batched {
  tokens: Tensor | undefined;
  length: Length | undefined;
  axis: number | undefined;
  /** The number of the first example, and how many there are. */
  example: number;
  examples: number;
  beside: readonly (readonly [string, Tensor])[];
}

function entryOf(batch: HarvestBatch, name: string): Tensor {
  if (!batch[name]) throw new NameError('entry of the batch', name, Object.keys(batch));
  return batch[name];
}

function rowsOf(
  sites: readonly Site[],
  values: Readonly<Record<string, Tensor>>,
  { tokens, length, axis, example, examples, beside }: Batched,
): Columns {
  const laid = sites.map(site => ({
    site,
    ...positionsFirst(site, values[site.name], examples, length, axis),
  }));
  const [{ positions }] = laid;
  const odd = laid.find(other => other.positions !== positions);
  if (odd)
    throw new ShapeError(
      `sites differ in rows: ${laid[0].site.name} has ${positions} an example, ${odd.site.name} ${odd.positions}; harvest them apart`,
    );
  const rows = examples * positions;
  const index = (name: string, value: (row: number) => number) => ({
    name,
    width: 1,
    data: Int32Array.from({ length: rows }, (_, row) => value(row)),
  });
  return {
    rows,
    columns: [
      index('example', row => example + Math.floor(row / positions)),
      index('position', row => row % positions),
      ...(tokens?.dims[1] === positions ? [index('token', row => Number(tokens.data[row]))] : []),
      ...beside.map(([name, tensor]) => ({ name, width: 1, data: besideRows(name, tensor, rows) })),
      ...laid.map(({ site, width, data }) => ({ name: site.name, width, data })),
    ],
  };
}

function besideRows(name: string, tensor: Tensor, rows: number): Float32Array {
  if (tensor.size !== rows)
    throw new ShapeError(
      `${name} is ${formatDims(tensor.dims)}, ${tensor.size} numbers; expected one for each of ${rows} rows`,
    );
  return Float32Array.from(tensor.toNumbers());
}

/** The values of a site as examples × positions × width. */
function positionsFirst(
  site: Site,
  value: Tensor,
  examples: number,
  length: Length | undefined,
  given?: number,
) {
  const { dims } = value;
  const data = Float32Array.from(value.toFloat32OrWider());
  // examples that were laid out as rows of one product: (N·T)×F
  if (dims.length === 2 && dims[0] % examples === 0)
    return { positions: dims[0] / examples, width: dims[1], data };
  if (dims[0] !== examples || dims.length < 2)
    throw new ShapeError(
      `${site.name} is ${formatDims(dims)} for ${examples} examples; expected the examples along its first axis`,
    );
  const axis = given ?? positionAxis(site, dims, length);
  if (axis === undefined) {
    // N×C×H×W: all axes behind the channels are places
    const places = sizeOf(dims.slice(2));
    return { positions: places, width: dims[1], data: turned(data, examples, dims[1], places, 1) };
  }
  if (!(axis >= 1 && axis < dims.length))
    throw new ShapeError(
      `axis ${axis} of ${site.name}, which is ${formatDims(dims)}; expected 1 to ${dims.length - 1}`,
    );
  const [before, positions, behind] = [sizeOf(dims.slice(1, axis)), dims[axis], sizeOf(dims.slice(axis + 1))];
  // what stands before the position moves behind it: N×H×T×D → N×T×H×D
  return { positions, width: before * behind, data: turned(data, examples, before, positions, behind) };
}

/** The axis that counts positions; undefined where places are all axes behind the channels. */
function positionAxis(site: Site, dims: readonly number[], length: Length | undefined): number | undefined {
  if (length) {
    // by the name of the size, which other sizes of the same value do not share; else by its value
    const named =
      site.shape?.findIndex((dim, axis) => axis > 0 && dim === length.name && isNaN(Number(dim))) ?? -1;
    const axis = named > 0 ? named : dims.findIndex((dim, axis) => axis > 0 && dim === length.size);
    if (axis > 0) return axis;
  }
  if (dims.length === 3) return site.channelAxis === 1 ? undefined : 1;
  if (dims.length >= 4 && /^(MatMul|Softmax|Transpose|Reshape|Einsum)$/.test(site.op))
    throw new ShapeError(
      `${site.name} is ${formatDims(dims)}, from ${site.op}: heads or places? say which \`axis\` counts positions`,
    );
  return undefined;
}

/** N×A×B×C → N×B×A×C. */
function turned(data: Float32Array, n: number, a: number, b: number, c: number): Float32Array {
  if (a === 1) return data;
  const out = new Float32Array(data.length);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < a; j++)
      for (let k = 0; k < b; k++) {
        const from = ((i * a + j) * b + k) * c;
        out.set(data.subarray(from, from + c), ((i * b + k) * a + j) * c);
      }
  return out;
}

/** What decides the rows of a harvest, as far as it can be told: the network with its weights, the data, the options. */
export function harvestFingerprint(
  model: Model,
  data: HarvestData,
  options: Readonly<Record<string, unknown>>,
): string {
  const print = fingerprint().add(JSON.stringify(options));
  addGraph(print, model.graph);
  if (typeof data === 'function') print.add(String(data));
  // what comes one by one cannot be looked at beforehand: never the same
  else if (isIterable(data)) print.add(`${performance.timeOrigin + performance.now()}`);
  else
    for (const [name, { dims, data: values }] of Object.entries(data))
      print.add(`${name} ${dims}`).add(Array.isArray(values) ? values.join() : values);
  return String(print);
}

function addGraph(print: ReturnType<typeof fingerprint>, { nodes, constants }: Graph): void {
  for (const { op, inputs, outputs, attributes } of nodes)
    print
      .add(`${op} ${inputs} ${outputs}`)
      .add(
        JSON.stringify(attributes, (_, value: unknown) =>
          typeof value === 'bigint'
            ? `${value}n`
            : value instanceof Map
              ? [...value]
              : ArrayBuffer.isView(value)
                ? Array.from(value as Float32Array, String)
                : value,
        ),
      );
  for (const [name, { dims, data }] of constants)
    print.add(`${name} ${dims}`).add(Array.isArray(data) ? data.join() : data);
}
