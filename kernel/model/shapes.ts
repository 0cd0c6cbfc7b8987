/**
 * What the rules say of a graph before it runs: shapes, with the names of the sizes that vary, and contradictions.
 * Sizes that vary are given nominal values; how the other shapes follow them is found by moving one at a time.
 */
import type { DType } from '../base/dtype.ts';
import { ComputedError, OpError, ShapeError } from '../base/errors.ts';
import { freeSizes, sizesOf, type Scale } from '../engine/nominal.ts';
import { ruleOf } from '../engine/rules.ts';
import { Trace, type Rewrites } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import type { Dim, Graph } from '../onnx/graph.ts';

export interface Shape {
  readonly dtype: DType;
  readonly dims?: readonly Dim[];
}

/** A batch of two; pictures and sequences large enough for a deep network, then larger. */
const nominal: readonly Scale[] = [
  { batch: 2, other: 64, step: 0 },
  { batch: 2, other: 320, step: 0 },
  { batch: 1, other: 1, step: 0 },
];

/** Sizes that people write into a network by mistake: of a batch, of a text. */
const likely: readonly Scale[] = [3, 4, 5, 8, 10, 16, 32, 128].flatMap(size => [
  { batch: size, other: 64, step: 0 },
  { batch: 2, other: size, step: 0 },
]);

/** How many sizes are tried. */
const MOST_TRIES = 36;

/**
 * Sizes that stand in the graph itself: PyTorch calls a size open and yet writes the one of its example into a Reshape,
 * and such a network fits there only.
 */
function hinted(graph: Graph): Scale[] {
  const free = freeSizes(graph).length;
  if (free === 0 || free > 2) return [];
  const small = [...graph.constants.values()].flatMap(({ dtype, size, data }) =>
    dtype === 'int64' && size <= 8 ? Array.from(data as BigInt64Array, Number) : [],
  );
  const counts = new Map<number, number>();
  for (const size of small) if (size > 0 && size <= 4096) counts.set(size, (counts.get(size) ?? 0) + 1);
  // those that stand there most often first
  const sizes = [...counts].sort(([, a], [, b]) => b - a).map(([size]) => size);
  const pairs = sizes.flatMap((batch, i) =>
    sizes.map((other, j) => ({ batch, other, step: 0, rank: i + j })),
  );
  return pairs.sort((a, b) => a.rank - b.rank).slice(0, MOST_TRIES);
}

/** Every value's dtype and dims. What the rules cannot tell is taken from the file. */
export function symbolicShapes(graph: Graph): Map<string, Shape> {
  const shapes = new Map<string, Shape>([
    ...graph.values,
    ...graph.outputs.map(value => [value.name, value] as const),
  ]);
  for (const scale of [...nominal, ...hinted(graph)]) {
    const sizes = sizesOf(graph, scale);
    const base = attempt(graph, sizes, skip);
    if (base instanceof Error) continue;
    const moved = freeSizes(graph).map(symbol => {
      const size = sizes.get(symbol)!;
      return { symbol, size, vars: attempt(graph, sizesOf(graph, scale, [symbol, 2 * size]), skip) };
    });
    for (const [name, value] of base) {
      const dims = value.dims.map((dim, axis): Dim => {
        const by = moved.filter(({ vars }) => !(vars instanceof Error) && vars.get(name)?.dims[axis] !== dim);
        if (by.length === 0) return dim;
        return by.length === 1 ? follows(dim, by[0].symbol, by[0].size) : together(dim, by, sizes);
      });
      shapes.set(name, { dtype: value.dtype, dims });
    }
    break;
  }
  return shapes;
}

/**
 * Why the graph cannot run, where the rules can tell.
 * @returns an OpError for an op without a rule, or of a form that the rule was not made for, and a ComputedError for
 *   shapes that data decides: these say only that the rules cannot tell; a ShapeError is a contradiction
 */
export function contradiction(graph: Graph): Error | undefined {
  const unknown = graph.nodes.find(node => !ruleOf(node.domain, node.op));
  if (unknown)
    return new OpError(`no rule for op ${unknown.op} at ${unknown.name}`, unknown.op, unknown.name);
  let first: Error | undefined;
  for (const scale of nominal) {
    const found = attempt(graph, sizesOf(graph, scale));
    if (!(found instanceof Error)) return undefined;
    first ??= found;
  }
  const free = freeSizes(graph).length;
  if (!(first instanceof ShapeError) || !free) return first;
  // sizes with names of their own may hang together in ways that their names do not tell, and what is called open may
  // fit at one number only, as behind a Reshape to dims of an example
  const fixed = /^(Reshape|Expand) at /.test(first.message);
  if (free > 2 || fixed) return new ComputedError(first.message);
  const fits = likely.some(size => !(attempt(graph, sizesOf(graph, size)) instanceof Error));
  return fits ? undefined : first;
}

/** `N` for the size itself, `N/4` behind two poolings, `2·N` for both halves. */
function follows(dim: number, symbol: string, size: number): Dim {
  if (dim === size) return symbol;
  if (size % dim === 0) return `${symbol}/${size / dim}`;
  return dim % size === 0 ? `${dim / size}·${symbol}` : `~${symbol}`;
}

/** A dim that several sizes move: the graph's own name for it, their sum, or their product. */
function together(
  dim: number,
  by: readonly { symbol: string; size: number }[],
  sizes: ReadonlyMap<string, number>,
): Dim {
  const names = by.map(({ symbol }) => symbol);
  if (by.reduce((sum, { size }) => sum + size, 0) === dim)
    return [...sizes].find(([name, size]) => size === dim && !names.includes(name))?.[0] ?? names.join(' + ');
  if (by.reduce((product, { size }) => product * size, 1) === dim) return names.join('·');
  return `~${names.join(', ')}`;
}

/** For a graph that the rules understand in parts: what they do not is left out. */
const skip: Rewrites = { lost: () => {} };

function attempt(
  graph: Graph,
  symbols: ReadonlyMap<string, number>,
  rewrites?: Rewrites,
): Map<string, Var> | Error {
  try {
    const trace = new Trace();
    const feeds = graph.inputs.map(({ name, dtype, dims }) => {
      if (!dims) throw new ComputedError(`the rank of input ${name} is not known`);
      const sizes = dims.map(dim => (typeof dim === 'number' ? dim : symbols.get(dim)!));
      return [name, trace.input(name, dtype, sizes)] as const;
    });
    return trace.replay(graph, Object.fromEntries(feeds), rewrites);
  } catch (error) {
    if (error instanceof ShapeError || error instanceof OpError) return error;
    // a node without an input that it needs, or an attribute of another kind: ONNX Runtime says what is wrong with it
    return new OpError(
      `the rules do not understand ${graph.name}: ${(error as Error).message}`,
      '',
      graph.name,
    );
  }
}
