/**
 * When ONNX Runtime runs what. It walks a graph depth first from its results; of several results, and of several
 * inputs, it computes the one first whose node stands last in the file. A file in the order of a tape therefore runs
 * back to front wherever it may: ∂L/∂w of every layer after ∂L/∂x of all, with all that they read kept alive.
 *
 * `once` and `after` are for ties that the values themselves do not have.
 */
import type { Graph, Node } from '../onnx/graph.ts';
import { reads } from '../onnx/sort.ts';
import { cast, mul, pow, reshape, slice } from './functions.ts';
import type { Var } from './var.ts';

/** The number 1, known only once x is: x₀⁰, which IEEE makes 1 whatever x₀ is. No optimizer can tell it beforehand. */
export function once(x: Var): Var {
  const start = x.dims.map(() => 0);
  const end = x.dims.map(() => 1);
  const first = x.dims.length ? reshape(slice(x, start, end), []) : x;
  return x.trace.custom(
    [],
    () => pow(cast(first, 'float32'), 0),
    () => [],
  );
}

/**
 * x itself, bit for bit, but not before a `once` is known: x·1. ONNX Runtime merges equal computations; one that reads
 * this instead of x stays its own. Gradients pass to x alone.
 */
export const after = (x: Var, one: Var): Var =>
  x.trace.custom(
    [x],
    () => mul(x, cast(one, x.dtype)),
    dy => [dy],
  );

/**
 * The nodes in an order of file that ONNX Runtime runs in the order of `graph.nodes`, as far as its walk allows. What
 * only looks at a value in another way runs right behind it, or a gradient that waits to be joined with others would
 * keep its parts alive.
 *
 * 1. The file is filled from its end, with nodes whose readers are all placed.
 * 2. Of two inputs of one node, the one that is to run first is placed first, unless the other is made from it.
 * 3. Of several nodes that could be placed, the one that is to run first.
 *
 * @example const program = await compile(scheduled(graph))
 */
export function scheduled(graph: Graph): Graph {
  const order = [...viewsFirst(graph)];
  const at = new Map(order.flatMap((node, i) => node.outputs.map(name => [name, i] as const)));
  const makers = order.map(node =>
    [...new Set(reads(node).flatMap(name => at.get(name) ?? []))].sort((a, b) => a - b),
  );
  const ancestors = ancestorsOf(makers);
  const readers = order.map(() => 0);
  const rivals = order.map(() => 0);
  const released = order.map((): number[] => []);
  for (const inputs of makers)
    inputs.forEach((maker, i) => {
      readers[maker]++;
      if (i === 0 || ancestors(maker, inputs[i - 1])) return;
      rivals[maker]++;
      released[inputs[i - 1]].push(maker);
    });

  const [ready, held] = [new Heap(), new Heap()];
  const offer = (i: number) => readers[i] === 0 && (rivals[i] === 0 ? ready : held).push(i);
  order.forEach((_, i) => offer(i));
  const backward = new Set<number>();
  for (let i = ready.pop() ?? held.pop(); i !== undefined; i = ready.pop() ?? held.pop()) {
    if (backward.has(i)) continue;
    backward.add(i);
    for (const rival of released[i]) if (--rivals[rival] === 0) offer(rival);
    for (const maker of makers[i]) if (--readers[maker] === 0) offer(maker);
  }
  return { ...graph, nodes: [...backward].reverse().map(i => order[i]) };
}

/** Tells whether node i is made from node j, given what makes each node's inputs; nodes are in topological order. */
function ancestorsOf(makers: readonly (readonly number[])[]): (i: number, j: number) => boolean {
  const words = (makers.length + 31) >> 5;
  const bits = new Uint32Array(makers.length * words);
  makers.forEach((inputs, i) => {
    for (const j of inputs) {
      for (let word = 0; word < words; word++) bits[i * words + word] |= bits[j * words + word];
      bits[i * words + (j >> 5)] |= 1 << (j & 31);
    }
  });
  return (i, j) => (bits[i * words + (j >> 5)] >>> (j & 31)) % 2 === 1;
}

/** Tells the nodes that no other node reads. */
export function onlyResults(graph: Graph): (node: Node) => boolean {
  const readers = readersOf(graph);
  const isLast = ({ outputs }: Node): boolean =>
    outputs.flatMap(readers).every(reader => isName(reader) && isLast(reader));
  return isLast;
}

/** ONNX Runtime takes it out: not a reader, only another name. */
export const isName = ({ op }: Node): boolean => op === 'Identity';

const isView = ({ op }: Node): boolean => /^(Identity|Reshape|Flatten|Squeeze|Unsqueeze)$/.test(op);

function readersOf(graph: Graph): (name: string) => readonly Node[] {
  const readers = new Map<string, Node[]>();
  for (const node of graph.nodes)
    for (const name of new Set(reads(node))) readers.set(name, [...(readers.get(name) ?? []), node]);
  return name => readers.get(name) ?? [];
}

/** The nodes in their order, but each view behind what it looks at. */
function* viewsFirst(graph: Graph): Generator<Node> {
  const readers = readersOf(graph);
  const made = new Set([...graph.inputs.map(({ name }) => name), ...graph.constants.keys(), '']);
  const done = new Set<Node>();
  function* emit(node: Node): Generator<Node> {
    if (done.has(node)) return;
    done.add(node);
    yield node;
    for (const name of node.outputs) made.add(name);
    for (const reader of node.outputs.flatMap(readers))
      if (isView(reader) && reads(reader).every(name => made.has(name))) yield* emit(reader);
  }
  for (const node of graph.nodes) yield* emit(node);
}

/** Numbers, smallest out first. */
class Heap {
  private readonly items: number[] = [];

  push(item: number): void {
    const { items } = this;
    let at = items.push(item) - 1;
    for (let up = (at - 1) >> 1; at > 0 && items[up] > item; at = up, up = (at - 1) >> 1)
      items[at] = items[up];
    items[at] = item;
  }

  pop(): number | undefined {
    const { items } = this;
    const top = items[0];
    const item = items.pop();
    if (!items.length || item === undefined) return top;
    let at = 0;
    for (let down = 1; down < items.length; down = 2 * at + 1) {
      if (down + 1 < items.length && items[down + 1] < items[down]) down++;
      if (items[down] >= item) break;
      items[at] = items[down];
      at = down;
    }
    items[at] = item;
    return top;
  }
}
