/**
 * A network's nodes as a tree of modules, by their names, and its lines as they are seen while some modules are open.
 *
 *   blocks.0.attn.q, blocks.0.attn.k  →  blocks.0 ▸ attn ▸ { q, k }
 */

import { nodesIn, takeIn } from './model-loops.ts';

export { nodesIn } from './model-loops.ts';

/** What the layout needs of a node: a name with its module before it, and the nodes before it in the list that feed it. */
export interface LaidNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly number[];
}

/** A module: nodes (by index) and modules inside it. */
export interface Module {
  readonly path: string;
  readonly label: string;
  readonly children: (Module | number)[];
  /** Nodes in it, also those in modules inside it. */
  size: number;
}

const deepest = 24;

/** `/layer1/layer1.0/conv1/Conv` has its modules between slashes; other names between dots, too. */
function segments(name: string): string[] {
  const parts = (/^\/|\/.*\//.test(name) ? name.split('/') : name.split(/[./]/)).filter(Boolean);
  // names come from files: one of a thousand dots is no tree of a thousand levels
  return parts.length <= deepest ? parts : [...parts.slice(0, deepest), parts.slice(deepest).join('.')];
}

/** The tree of modules. A module that holds one thing only is not told apart from it. */
export function modulesOf(nodes: readonly LaidNode[]): Module {
  const root: Module = { path: '', label: '', children: [], size: 0 };
  const known = new Map<string, Module>([['', root]]);
  const moduleAt = (parts: readonly string[]): Module => {
    const path = parts.join('/');
    const found = known.get(path);
    if (found) return found;
    const made: Module = { path, label: parts.at(-1)!, children: [], size: 0 };
    known.set(path, made);
    moduleAt(parts.slice(0, -1)).children.push(made);
    return made;
  };
  const paths = nodes.map(({ name }) => segments(name));
  for (const parts of paths) moduleAt(parts.slice(0, -1));
  nodes.forEach((_, index) => {
    const parts = paths[index];
    // `attn.q` belongs beside its own steps, `attn.q/gemm`
    const own = known.get(parts.join('/'));
    (parts.length && own ? own : moduleAt(parts.slice(0, -1))).children.push(index);
  });
  takeIn(root, nodes);
  return simplified(root);
}

function simplified(module: Module): Module {
  const children = module.children.map(child => {
    if (typeof child === 'number') return child;
    const made = simplified(child);
    if (made.children.length !== 1) return made;
    const [only] = made.children;
    return typeof only === 'number' ? only : { ...only, label: `${made.label}.${only.label}` };
  });
  const size = children.reduce<number>((sum, child) => sum + (typeof child === 'number' ? 1 : child.size), 0);
  const first = (child: Module | number) => (typeof child === 'number' ? child : firstOf(child));
  return { ...module, children: children.sort((a, b) => first(a) - first(b)), size };
}

/** Modules to open at first: the outer ones, while no more than `most` boxes are seen. */
export function firstOpen(root: Module, most = 28): Set<string> {
  const open = new Set<string>();
  let seen = root.children.length;
  let level: (Module | number)[] = root.children;
  while (level.length) {
    const modules = level.filter(child => typeof child !== 'number');
    const more = modules.reduce((sum, { children }) => sum + children.length, 0);
    if (seen + more > most) break;
    seen += more;
    for (const { path } of modules) open.add(path);
    level = modules.flatMap(({ children }) => children);
  }
  return open;
}

/** The last part of a node’s name; modules show the rest. */
export const labelOf = (name: string): string => segments(name).at(-1) ?? name;

/** One end of a line inside a module; `in` and `out` are the module's own borders. */
export type Child = Module | number | 'in' | 'out';

/** The first of a module's nodes, which says where it stands among its neighbours. */
export const firstOf = (module: Module): number =>
  module.children.reduce<number>(
    (first, child) => Math.min(first, typeof child === 'number' ? child : firstOf(child)),
    Infinity,
  );

/** For each node the open modules around it, and last what stands for it: itself, or a closed module. */
function chainsOf(
  nodes: readonly LaidNode[],
  root: Module,
  open: ReadonlySet<string>,
): (Module | number)[][] {
  const chains: (Module | number)[][] = nodes.map(() => []);
  const walk = (module: Module, chain: (Module | number)[]): void => {
    for (const child of module.children) {
      if (typeof child === 'number') chains[child] = [...chain, child];
      else if (open.has(child.path)) walk(child, [...chain, child]);
      else for (const node of nodesIn(child)) chains[node] = [...chain, child];
    }
  };
  walk(root, [root]);
  return chains;
}

/** Every line of the network, at the module where both its ends are seen, and at the borders that it crosses. */
export function linesOf(
  nodes: readonly LaidNode[],
  root: Module,
  open: ReadonlySet<string>,
): Map<Module, Map<string, [Child, Child]>> {
  const chains = chainsOf(nodes, root, open);
  const lines = new Map<Module, Map<string, [Child, Child]>>();
  const key = (child: Child) => (typeof child === 'object' ? `m${child.path}` : String(child));
  const add = (module: Module, from: Child, to: Child) => {
    if (!lines.has(module)) lines.set(module, new Map());
    lines.get(module)!.set(`${key(from)} ${key(to)}`, [from, to]);
  };
  nodes.forEach(({ inputs }, to) => {
    for (const from of inputs) {
      const [a, b] = [chains[from], chains[to]];
      let common = 0;
      while (common + 1 < Math.min(a.length, b.length) && a[common + 1] === b[common + 1]) common++;
      if (common + 1 >= Math.min(a.length, b.length)) continue;
      add(a[common] as Module, a[common + 1], b[common + 1]);
      for (let i = common + 1; i + 1 < a.length; i++) add(a[i] as Module, a[i + 1], 'out');
      for (let i = common + 1; i + 1 < b.length; i++) add(b[i] as Module, 'in', b[i + 1]);
    }
  });
  return lines;
}
