/** Concrete stand-ins for the sizes that a graph leaves open, so that it can be traced. */
import { ComputedError, OpError, ShapeError } from '../base/errors.ts';
import type { Graph } from '../onnx/graph.ts';
import { Trace } from './trace.ts';
import type { Known } from './var.ts';

/** What open sizes are taken to be: the leading ones (the batch), the first other, and how much more each further one. */
export interface Scale {
  readonly batch: number;
  readonly other: number;
  readonly step: number;
}

/** Small; then large enough for pictures behind many poolings; then one size for all. */
const scales: readonly Scale[] = [
  { batch: 2, other: 5, step: 2 },
  { batch: 2, other: 64, step: 16 },
  { batch: 2, other: 320, step: 32 },
  { batch: 2, other: 64, step: 0 },
  { batch: 1, other: 1, step: 0 },
];

/**
 * What is known of every value where the open sizes have nominal values, no two the same if that can be.
 * @param shift added to every nominal size, to see which dims follow them
 * @throws ShapeError, OpError: why the graph cannot be traced at any of them
 */
export function knownValues(graph: Graph, shift = 0): ReadonlyMap<string, Known> {
  let first: Error | undefined;
  for (const scale of scales)
    try {
      return traced(
        graph,
        sizesOf(graph, { ...scale, batch: scale.batch + shift, other: scale.other + shift }),
      );
    } catch (error) {
      if (!(error instanceof ShapeError || error instanceof OpError)) throw error;
      first ??= error;
    }
  throw first!;
}

function traced(graph: Graph, sizes: ReadonlyMap<string, number>): ReadonlyMap<string, Known> {
  const trace = new Trace();
  const feeds = graph.inputs.map(({ name, dtype, dims }) => {
    if (!dims) throw new ComputedError(`the rank of input ${name} is not known`);
    const nominal = dims.map(dim => (typeof dim === 'number' ? dim : sizes.get(dim)!));
    return [name, trace.input(name, dtype, nominal)] as const;
  });
  // what cannot be traced is left out; it is nobody's concern unless a chosen node reads it
  return trace.replay(graph, Object.fromEntries(feeds), { lost: () => {} });
}

/** The sizes that a graph leaves open and that follow from no others: not `a + b`, nor a total of past and new. */
export const freeSizes = (graph: Graph): string[] => openSizes(graph).filter(name => !isDerived(name));

/** Every size that a graph leaves open, by name. */
export const openSizes = ({ inputs }: Graph): string[] => [
  ...new Set(inputs.flatMap(({ dims }) => (dims ?? []).filter(dim => typeof dim === 'string'))),
];

const isDerived = (name: string): boolean => /[+]|total/.test(name);

/**
 * A number for each open size. Names may be sums (`past_length + length`); a total is the past and what is new, as the
 * exporters of language models have it.
 * @param moved one free size that is to be another
 */
export function sizesOf(
  graph: Graph,
  { batch, other, step }: Scale,
  moved?: readonly [name: string, size: number],
): ReadonlyMap<string, number> {
  const leading = new Set(graph.inputs.map(({ dims }) => dims?.[0]));
  const sizes = new Map<string, number>();
  let next = other;
  for (const name of freeSizes(graph)) {
    sizes.set(name, leading.has(name) ? batch : next);
    if (!leading.has(name)) next += step;
  }
  if (moved) sizes.set(...moved);
  const like = (word: RegExp) => [...sizes].find(([name]) => word.test(name))?.[1] ?? 0;
  for (const name of openSizes(graph)) {
    if (sizes.has(name)) continue;
    const terms = name.split('+').map(term => sizes.get(term.trim()) ?? Number(term));
    const sum =
      terms.length > 1
        ? terms.reduce((a, b) => a + b)
        : like(/past/) + like(/^(?!.*(past|total)).*(seq|len)/);
    sizes.set(name, sum || other);
  }
  return sizes;
}
