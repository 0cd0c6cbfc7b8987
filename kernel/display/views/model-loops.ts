/**
 * What lies on a way out of a module and back into it belongs to it: the steps that read the shape of a value in a block
 * and hand it back carry names of no module, and a drawing would show them as ends that lead nowhere.
 */
import type { LaidNode, Module } from './model-tree.ts';

/** How many times as large the module has to be as what it takes in, where that is a module too. */
const LARGER = 3;

/** Every node of a module and of those inside it. */
export const nodesIn = (module: Module): number[] =>
  module.children.flatMap(child => (typeof child === 'number' ? [child] : nodesIn(child)));

/** Moves such children of `module`, and of the modules inside it, into the one that they are a loop with. */
export function takeIn(module: Module, nodes: readonly LaidNode[]): void {
  const { children } = module;
  if (children.length > 1 && children.some(child => typeof child !== 'number')) {
    const gone = new Set<Module | number>();
    for (const loop of loopsOf(module, nodes)) {
      const members = loop.map(i => children[i]);
      const modules = members.filter(child => typeof child !== 'number');
      const size = new Map(modules.map(one => [one, nodesIn(one).length]));
      const [largest, ...others] = [...modules].sort((a, b) => size.get(b)! - size.get(a)!);
      // two of a size that lead to each other are told apart
      if (!largest || others.some(one => LARGER * size.get(one)! > size.get(largest)!)) continue;
      for (const child of members) if (child !== largest) gone.add(child);
      largest.children.push(...members.filter(child => child !== largest));
    }
    children.splice(0, children.length, ...children.filter(child => !gone.has(child)));
  }
  for (const child of children) if (typeof child !== 'number') takeIn(child, nodes);
}

/** Indices of children that lead to one another, at least two together (Kosaraju: strongly connected components). */
function loopsOf(module: Module, nodes: readonly LaidNode[]): number[][] {
  const childOf = new Map<number, number>();
  module.children.forEach((child, i) => {
    for (const node of typeof child === 'number' ? [child] : nodesIn(child)) childOf.set(node, i);
  });
  const count = module.children.length;
  const [before, after] = [0, 1].map(() => Array.from({ length: count }, () => new Set<number>()));
  for (const [node, to] of childOf)
    for (const input of nodes[node].inputs) {
      const from = childOf.get(input);
      if (from === undefined || from === to) continue;
      after[from].add(to);
      before[to].add(from);
    }
  const finished: number[] = [];
  walk(count, after, i => finished.push(i));
  const loops: number[][] = [];
  const seen = new Set<number>();
  for (const start of finished.reverse()) {
    if (seen.has(start)) continue;
    const loop: number[] = [];
    const open = [start];
    seen.add(start);
    for (let i = open.pop(); i !== undefined; i = open.pop()) {
      loop.push(i);
      for (const next of before[i]) {
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
      }
    }
    if (loop.length > 1) loops.push(loop.sort((a, b) => a - b));
  }
  return loops;
}

/** Depth first, without recursion: names come from files. `leave` is called when all that an index leads to is done. */
function walk(count: number, after: readonly Set<number>[], leave: (i: number) => void): void {
  const seen = new Set<number>();
  for (let start = 0; start < count; start++) {
    if (seen.has(start)) continue;
    seen.add(start);
    const path = [{ i: start, next: after[start].values() }];
    while (path.length) {
      const { i, next } = path.at(-1)!;
      const { value, done } = next.next();
      if (done) {
        leave(i);
        path.pop();
      } else if (!seen.has(value)) {
        seen.add(value);
        path.push({ i: value, next: after[value].values() });
      }
    }
  }
}
