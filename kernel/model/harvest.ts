/**
 * From batches of data to rows of activations: the model, cut behind the last site that is read, is run batch by
 * batch, and what it says at the sites is laid out with one row a position. Nothing is kept.
 */
import type { Columns } from '../base/columns.ts';
import { NameError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { fingerprint } from '../base/hash.ts';
import { rng as seeded, type Rng } from '../base/rng.ts';
import { formatDims } from '../base/shape.ts';
import { Tensor } from '../base/tensor.ts';
import type { Graph } from '../onnx/graph.ts';
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
  { read, batch = 32, batches, seed = 0, skip = 0 }: ReadingOptions,
): AsyncGenerator<Columns> {
  const sites = model.sites.select(read);
  if (!sites.length) throw new NeuronbookError('nothing to read; name at least one site in `read`');
  let [step, example] = [0, 0];
  for await (const whole of batchesOf(data, batch, batches, seed)) {
    const inputs = inputsOf(model, whole);
    const examples = Object.values(inputs)[0].dims[0];
    if (step++ >= skip) {
      const result = await model.run(inputs, { read: sites.map(site => site.name), outputs: [] });
      yield rowsOf(sites, result.sites, tokensOf(inputs), example, examples);
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

async function* batchesOf(
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

/** The input that is whole numbers, N×T. */
const tokensOf = (inputs: Readonly<Record<string, Tensor>>): Tensor | undefined =>
  Object.values(inputs).find(({ dtype, dims }) => dims.length === 2 && /^u?int(32|64)$/.test(dtype));

function rowsOf(
  sites: readonly Site[],
  values: Readonly<Record<string, Tensor>>,
  tokens: Tensor | undefined,
  first: number,
  examples: number,
): Columns {
  const laid = sites.map(site => ({
    site,
    ...positionsFirst(site, values[site.name], examples, tokens?.dims[1]),
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
      index('example', row => first + Math.floor(row / positions)),
      index('position', row => row % positions),
      ...(tokens?.dims[1] === positions ? [index('token', row => Number(tokens.data[row]))] : []),
      ...laid.map(({ site, width, data }) => ({ name: site.name, width, data })),
    ],
  };
}

/** The values of a site as examples × positions × width. */
function positionsFirst(site: Site, value: Tensor, examples: number, length: number | undefined) {
  const { dims } = value;
  const data = Float32Array.from(value.toFloat32OrWider());
  const rest = data.length / dims[0];
  // examples that were laid out as rows of one product: (N·T)×F
  if (dims.length === 2 && dims[0] % examples === 0)
    return { positions: dims[0] / examples, width: rest, data };
  if (dims[0] !== examples || dims.length < 2)
    throw new ShapeError(
      `${site.name} is ${formatDims(dims)} for ${examples} examples; expected the examples along its first axis`,
    );
  const heads = dims.length === 4 && length !== undefined && dims[2] === length;
  // N×H×T×D: what stands before the position moves behind it
  if (heads)
    return {
      positions: dims[2],
      width: dims[1] * dims[3],
      data: turned(data, examples, dims[1], dims[2], dims[3]),
    };
  if (dims.length === 2) return { positions: 1, width: rest, data };
  // N×C×…: the channels move behind the places
  if (site.channelAxis === 1 && dims[1] !== length) {
    const places = rest / dims[1];
    return { positions: places, width: dims[1], data: turned(data, examples, dims[1], places, 1) };
  }
  return { positions: dims[1], width: rest / dims[1], data };
}

/** N×A×B×C → N×B×A×C. */
function turned(data: Float32Array, n: number, a: number, b: number, c: number): Float32Array {
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
