/**
 * Inputs that pick rows of a table of weights: tokens, positions, segments. ONNX counts a negative row from the end, so
 * token −1 would be read as the last word without a sound; frameworks refuse it, and so does this.
 */
import { NeuronbookError } from '../base/errors.ts';
import type { Tensor } from '../base/tensor.ts';
import { intOf } from '../engine/attributes.ts';
import type { Graph } from '../onnx/graph.ts';

export interface Rows {
  /** How many there are. */
  readonly count: number;
  /** The name of the table. */
  readonly table: string;
}

/** What passes a number on as it is. */
const PASSING = /^(Cast|Identity|Reshape|Flatten|Squeeze|Unsqueeze|Transpose)$/;
/** Where fused embeddings take their numbers: index input → table input. */
const FUSED: readonly (readonly [number, number])[] = [
  [0, 2],
  [1, 4],
];

const known = new WeakMap<Graph, ReadonlyMap<string, Rows>>();

/** Input → the table that it picks rows of, for inputs that do so directly; of several tables the smallest. */
export function rowsOf(graph: Graph): ReadonlyMap<string, Rows> {
  const cached = known.get(graph);
  if (cached) return cached;
  const sources = new Map(graph.inputs.map(({ name }) => [name, name]));
  const found = new Map<string, Rows>();
  const note = (numbers: string, table: string) => {
    const [input, dims] = [sources.get(numbers), graph.constants.get(table)?.dims];
    if (input === undefined || dims?.length !== 2) return;
    if (dims[0] < (found.get(input)?.count ?? Infinity)) found.set(input, { count: dims[0], table });
  };
  for (const { op, inputs, outputs, attributes } of graph.nodes) {
    const source = PASSING.test(op) ? sources.get(inputs[0]) : undefined;
    if (source !== undefined) sources.set(outputs[0], source);
    if (op === 'Gather' && [0, -2].includes(intOf(attributes, 'axis', 0))) note(inputs[1], inputs[0]);
    if (op === 'EmbedLayerNormalization') for (const [at, table] of FUSED) note(inputs[at], inputs[table]);
  }
  known.set(graph, found);
  return found;
}

/** @throws NeuronbookError on the first number that is no row of the table */
export function assertRows(input: string, value: Tensor, { count, table }: Rows): void {
  const wrong = outside(value, count);
  if (wrong)
    throw new NeuronbookError(
      `input ${input} holds ${wrong.value} at ${wrong.at}; expected 0 to ${count - 1}, the rows of ${table}`,
    );
}

/**
 * The first entry that is no whole number from 0 to below `count`, and where it stands.
 * @param but a number that may stand anywhere
 */
export function outside(
  { data, dims }: Tensor,
  count: number,
  but?: number,
): { value: string; at: string } | undefined {
  const fits = (entry: unknown) => {
    const number = Number(entry);
    return (Number.isInteger(number) && number >= 0 && number < count) || number === but;
  };
  let i = 0;
  for (const entry of data) {
    if (!fits(entry)) return { value: String(entry), at: placeOf(i, dims) };
    i++;
  }
  return undefined;
}

/** The index of the entry at `offset`, row by row: `[0, 3]`. */
export function placeOf(offset: number, dims: readonly number[]): string {
  const place: number[] = [];
  for (const dim of dims.toReversed()) {
    place.unshift(offset % dim);
    offset = Math.floor(offset / dim);
  }
  return `[${place.join(', ')}]`;
}
