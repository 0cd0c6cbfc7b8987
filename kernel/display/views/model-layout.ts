/**
 * Where the boxes of a network go. Each open module is laid out by itself, in layers from top to bottom, and put into
 * its parent as one box: layers first, then an order with few crossings, then places, as in Sugiyama's method. What
 * crosses a module's border enters at its top and leaves at its bottom.
 */
import { firstOf, labelOf, linesOf, type Child, type LaidNode, type Module } from './model-tree.ts';

export interface Box {
  /** The node's index; undefined for a module. */
  node?: number;
  module?: Module;
  open: boolean;
  depth: number;
  /** The open module around it. */
  parent?: Box;
  label: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Line {
  /** x, y, x, y … from the lower edge of a box to the upper one of another. */
  points: number[];
  /** Boxes that it joins; undefined where it comes in through the module's border. */
  from?: Box;
  to?: Box;
}

export interface Layout {
  width: number;
  height: number;
  boxes: Box[];
  lines: Line[];
}

const size = { height: 38, header: 26, pad: 14, gapX: 18, gapY: 30, letter: 7 };

/** What stands under the name of a closed module. */
export const countOf = ({ size }: Module): string => `${size} operators`;

/** A line of text, in the 12-pixel type of the boxes. */
const widthOf = (label: string, op: string): number =>
  Math.min(260, Math.max(84, 24 + size.letter * Math.max(label.length, op.length)));

/** A module's inside, and where lines from outside enter and leave it. */
interface Placed extends Layout {
  top: number;
  bottom: number;
}

interface Item {
  order: number;
  width: number;
  height: number;
  x: number;
  y: number;
  /** Where lines arrive and leave, from the item's left edge. */
  top: number;
  bottom: number;
  box?: Box;
  inner?: Layout;
  /** A line on its way through this layer. */
  isBend?: true;
}

/** Lays out the tree with the modules in `open` open. Every line of `nodes` points back, so there are no cycles. */
export function layOut(nodes: readonly LaidNode[], root: Module, open: ReadonlySet<string>): Layout {
  const seen = linesOf(nodes, root, open);
  const place = (module: Module, depth: number): Placed => {
    const items = module.children.map((child): Item => {
      const isNode = typeof child === 'number';
      const order = isNode ? child : firstOf(child);
      if (!isNode && open.has(child.path)) return around(child, order, depth, place(child, depth + 1));
      const label = isNode ? labelOf(nodes[child].name) : child.label;
      const width = widthOf(label, isNode ? nodes[child].op : countOf(child));
      const { height } = size;
      const what = isNode ? { node: child } : { module: child };
      const box: Box = { ...what, open: false, depth, label, x: 0, y: 0, width, height };
      return { order, width, height, x: 0, y: 0, top: width / 2, bottom: width / 2, box };
    });
    return compose(module.children, items, [...(seen.get(module)?.values() ?? [])]);
  };
  return place(root, 0);
}

/** An open module as one box around what it holds. */
function around(module: Module, order: number, depth: number, inner: Placed): Item {
  const width = Math.max(inner.width, widthOf(module.label, '')) + 2 * size.pad;
  const height = inner.height + size.header + size.pad;
  const shift = (width - inner.width) / 2;
  const box: Box = { module, open: true, depth, label: module.label, x: 0, y: 0, width, height };
  for (const within of inner.boxes) within.parent ??= box;
  return {
    order,
    width,
    height,
    x: 0,
    y: 0,
    top: shift + inner.top,
    bottom: shift + inner.bottom,
    box,
    inner,
  };
}

const port = (order: number): Item => ({ order, width: 0, height: 0, x: 0, y: 0, top: 0, bottom: 0 });

/** One module: its items in layers, and its lines. */
function compose(
  children: readonly (Module | number)[],
  items: Item[],
  edges: readonly [Child, Child][],
): Placed {
  const entry = port(-1);
  const exit = port(Infinity);
  const itemOf = new Map<Child, Item>([...children.map((child, i) => [child, items[i]] as const)]);
  itemOf.set('in', entry).set('out', exit);
  const all = [entry, ...items, exit].sort((a, b) => a.order - b.order);
  // a module that feeds one before it, through others, is drawn upward
  const joined = edges.map(([from, to]) => [itemOf.get(from)!, itemOf.get(to)!] as const);
  const down = joined.map(([a, b]) => (a.order <= b.order ? ([a, b] as const) : ([b, a] as const)));
  const layerOf = longestPaths(all, down, exit);
  const { layers, paths } = withBends(all, down, layerOf);
  arrange(layers);
  const inner = place(layers);

  const boxes: Box[] = [];
  const lines: Line[] = [];
  for (const item of items) {
    Object.assign(item.box!, { x: item.x, y: item.y });
    boxes.push(item.box!);
    if (!item.inner) continue;
    const dx = item.x + (item.width - item.inner.width) / 2;
    const dy = item.y + size.header;
    for (const box of item.inner.boxes) boxes.push(Object.assign(box, { x: box.x + dx, y: box.y + dy }));
    for (const line of item.inner.lines)
      lines.push({ ...line, points: line.points.map((at, i) => at + (i % 2 ? dy : dx)) });
  }
  paths.forEach((path, i) => {
    const [from, to] = joined[i];
    const points = path.flatMap((item, k) => {
      if (k === 0) return [item.x + item.bottom, item.y + item.height];
      const x = item.x + item.top;
      return k === path.length - 1 ? [x, item.y] : [x, item.y, x, item.y + item.height];
    });
    lines.push({ points, from: from.box, to: to.box });
  });
  return { ...inner, boxes, lines, top: entry.x, bottom: exit.x };
}

/** Each item one layer below the lowest that feeds it. */
function longestPaths(
  all: readonly Item[],
  down: readonly (readonly [Item, Item])[],
  exit: Item,
): Map<Item, number> {
  const layer = new Map(all.map(item => [item, item.order === -1 ? 0 : 1]));
  const outOf = new Map<Item, Item[]>();
  for (const [a, b] of down) outOf.set(a, [...(outOf.get(a) ?? []), b]);
  for (const item of all)
    for (const next of outOf.get(item) ?? [])
      layer.set(next, Math.max(layer.get(next)!, layer.get(item)! + 1));
  // what nothing feeds (a constant, an input) stands right above its first reader
  const fed = new Set(down.map(([, b]) => b));
  for (const item of [...all].reverse()) {
    const next = outOf.get(item);
    if (next && !fed.has(item) && item.order !== -1)
      layer.set(item, Math.max(1, Math.min(...next.map(to => layer.get(to)!)) - 1));
  }
  let last = 0;
  for (const item of all) if (item !== exit) last = Math.max(last, layer.get(item)!);
  return layer.set(exit, last + 1);
}

interface Layered {
  item: Item;
  above: Layered[];
  below: Layered[];
}

/** Bends in lines over several layers; where those would be too many, such a line goes straight. */
function withBends(
  all: readonly Item[],
  down: readonly (readonly [Item, Item])[],
  layerOf: ReadonlyMap<Item, number>,
): { layers: Layered[][]; paths: Item[][] } {
  const layers: Layered[][] = Array.from({ length: layerOf.get(all.at(-1)!)! + 1 }, () => []);
  const placed = new Map<Item, Layered>();
  for (const item of all) {
    const made = { item, above: [], below: [] };
    placed.set(item, made);
    layers[layerOf.get(item)!].push(made);
  }
  const join = (a: Layered, b: Layered) => {
    a.below.push(b);
    b.above.push(a);
  };
  let room = 4000 + 4 * all.length;
  const paths = down.map(([a, b]) => {
    const [from, to] = [layerOf.get(a)!, layerOf.get(b)!];
    const path = [a];
    let last = placed.get(a)!;
    if (to - from - 1 <= room) {
      room -= Math.max(0, to - from - 1);
      for (let layer = from + 1; layer < to; layer++) {
        const bend: Layered = { item: { ...port(a.order), width: 4, isBend: true }, above: [], below: [] };
        bend.item.top = bend.item.bottom = 2;
        layers[layer].push(bend);
        join(last, bend);
        path.push(bend.item);
        last = bend;
      }
      join(last, placed.get(b)!);
    }
    return [...path, b];
  });
  return { layers: layers.filter(layer => layer.length), paths };
}

/** Fewer crossings: each item goes to the mean place of its neighbours, down and up again. */
function arrange(layers: Layered[][]): void {
  const at = new Map<Layered, number>();
  const note = (layer: Layered[]) => layer.forEach((item, i) => at.set(item, i - layer.length / 2));
  layers.forEach(note);
  for (let sweep = 0; sweep < 6; sweep++) {
    const upward = sweep % 2 === 1;
    for (const layer of upward ? [...layers].reverse() : layers) {
      const want = new Map(
        layer.map(item => {
          const near = upward ? item.below : item.above;
          const mean = near.reduce((sum, other) => sum + at.get(other)!, 0) / near.length;
          return [item, near.length ? mean : at.get(item)!];
        }),
      );
      layer.sort((a, b) => want.get(a)! - want.get(b)!);
      note(layer);
    }
  }
}

/** Places: layers below one another, and in each the items as near as they can stand to those they are joined with. */
function place(layers: readonly Layered[][]): { width: number; height: number } {
  let y = 0;
  for (const layer of layers) {
    const height = Math.max(...layer.map(({ item }) => item.height));
    for (const { item } of layer) {
      item.y = y;
      // a bend passes by the tall boxes of its layer
      if (item.isBend) item.height = height;
    }
    y += height + (height ? size.gapY : size.gapY / 2);
    let x = 0;
    for (const { item } of layer) {
      item.x = x;
      x += item.width + size.gapX;
    }
    for (const { item } of layer) item.x -= x / 2;
  }
  const middle = (mine: 'top' | 'bottom', of: readonly Layered[]) =>
    of.reduce((sum, { item }) => sum + item.x + item[mine], 0) / of.length;
  for (let sweep = 0; sweep < 8; sweep++) {
    const upward = sweep % 2 === 1;
    for (const layer of upward ? [...layers].reverse() : layers)
      settle(
        layer.map(({ item }) => item),
        layer.map(({ item, above, below }) => {
          const near = upward ? below : above;
          if (!near.length) return item.x;
          return upward ? middle('top', near) - item.bottom : middle('bottom', near) - item.top;
        }),
      );
  }
  const all = layers.flat().map(({ item }) => item);
  const left = Math.min(...all.map(item => item.x));
  const right = Math.max(...all.map(item => item.x + item.width));
  for (const item of all) item.x -= left;
  return { width: right - left, height: Math.max(0, y - size.gapY / 2) };
}

/** In their order and apart, as near to the wanted places as can be: neighbours that would overlap move as one. */
function settle(items: readonly Item[], wanted: readonly number[]): void {
  const offsets: number[] = [];
  let reach = 0;
  for (const item of items) {
    offsets.push(reach);
    reach += item.width + size.gapX;
  }
  // least squares in order: pools of neighbours, each at the mean of what its members want
  const pools: { sum: number; count: number }[] = [];
  items.forEach((_, i) => {
    pools.push({ sum: wanted[i] - offsets[i], count: 1 });
    while (pools.length > 1) {
      const [a, b] = pools.slice(-2);
      if (a.sum / a.count <= b.sum / b.count) break;
      pools.splice(-2, 2, { sum: a.sum + b.sum, count: a.count + b.count });
    }
  });
  let i = 0;
  for (const { sum, count } of pools)
    for (let k = 0; k < count; k++, i++) items[i].x = sum / count + offsets[i];
}
