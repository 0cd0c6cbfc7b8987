/**
 * What the rules say of a graph before it runs: shapes, with the names of the sizes that vary, and contradictions.
 * Sizes that vary are given nominal values; how the other shapes follow them is found by moving one at a time.
 */
import type { DType } from '../base/dtype.ts';
import { ComputedError, OpError, ShapeError } from '../base/errors.ts';
import { ruleOf } from '../engine/rules.ts';
import { Trace } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import type { Dim, Graph } from '../onnx/graph.ts';

export interface Shape {
  readonly dtype: DType;
  readonly dims?: readonly Dim[];
}

/** A batch of two; pictures and sequences large enough for a deep network, then larger. */
const nominal = [
  { batch: 2, other: 64 },
  { batch: 2, other: 320 },
  { batch: 1, other: 1 },
];

/** Every value's dtype and dims. What the rules cannot tell is taken from the file. */
export function symbolicShapes(graph: Graph): Map<string, Shape> {
  const shapes = new Map<string, Shape>([
    ...graph.values,
    ...graph.outputs.map(value => [value.name, value] as const),
  ]);
  for (const sizes of nominal) {
    const symbols = symbolsOf(graph, sizes);
    const base = attempt(graph, symbols);
    if (base instanceof Error) continue;
    const moved = [...symbols].map(([symbol, size]) => ({
      symbol,
      size,
      vars: attempt(graph, new Map(symbols).set(symbol, 2 * size)),
    }));
    for (const [name, value] of base) {
      const dims = value.dims.map((dim, axis): Dim => {
        const by = moved.find(({ vars }) => !(vars instanceof Error) && vars.get(name)?.dims[axis] !== dim);
        return by ? follows(dim, by.symbol, by.size) : dim;
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
  for (const sizes of nominal) {
    const found = attempt(graph, symbolsOf(graph, sizes));
    if (!(found instanceof Error)) return undefined;
    first ??= found;
  }
  return first;
}

/** `N` for the size itself, `N/4` behind two poolings, `2·N` for both halves. */
function follows(dim: number, symbol: string, size: number): Dim {
  if (dim === size) return symbol;
  if (size % dim === 0) return `${symbol}/${size / dim}`;
  return dim % size === 0 ? `${dim / size}·${symbol}` : `~${symbol}`;
}

function symbolsOf(graph: Graph, { batch, other }: (typeof nominal)[number]): Map<string, number> {
  const symbols = new Map<string, number>();
  for (const { dims } of graph.inputs)
    dims?.forEach((dim, axis) => {
      if (typeof dim === 'string' && !symbols.has(dim)) symbols.set(dim, axis === 0 ? batch : other);
    });
  return symbols;
}

function attempt(graph: Graph, symbols: ReadonlyMap<string, number>): Map<string, Var> | Error {
  try {
    const trace = new Trace();
    const feeds = graph.inputs.map(({ name, dtype, dims }) => {
      if (!dims) throw new ComputedError(`the rank of input ${name} is not known`);
      const sizes = dims.map(dim => (typeof dim === 'number' ? dim : symbols.get(dim)!));
      return [name, trace.input(name, dtype, sizes)] as const;
    });
    return trace.replay(graph, Object.fromEntries(feeds));
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
