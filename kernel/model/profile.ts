/**
 * Where the time goes: ONNX Runtime's kernels, attributed to the network's sites. It fuses, reorders and renames
 * nodes; whatever still carries a node's name counts to the site that the node is on the way to, the rest is shown as
 * the runtime's own.
 */
import { Table } from '../display/table.ts';
import { optimize } from '../engine/optimize/index.ts';
import type { KernelTime } from '../engine/runtime/profile.ts';
import type { Graph } from '../onnx/graph.ts';
import type { Sites } from './sites.ts';

export interface ProfileRow {
  readonly site: string;
  /** The kernels that ran for it. */
  readonly kernels: string;
  /** Median over the runs, milliseconds. */
  readonly ms: number;
  /** Of the sum over all kernels. */
  readonly share: number;
  readonly [column: string]: string | number;
}

/** What no site's name is in. */
export const RUNTIME = '(runtime)';

/** Slowest first. @param kernels of runs of `graph` */
export function profileOf(graph: Graph, sites: Sites, kernels: readonly KernelTime[]): Table<ProfileRow> {
  const siteOf = attribution(graph, sites);
  const found = new Map<string, { ops: Set<string>; ms: number }>();
  for (const { node, op, times } of kernels) {
    const site = siteOf(node);
    const entry = found.get(site) ?? { ops: new Set<string>(), ms: 0 };
    entry.ops.add(op);
    entry.ms += median(times);
    found.set(site, entry);
  }
  const total = [...found.values()].reduce((sum, { ms }) => sum + ms, 0);
  const rows = [...found]
    .map(([site, { ops, ms }]) => ({
      site,
      kernels: [...ops].join(', '),
      ms: +ms.toFixed(3),
      share: +(ms / (total || 1)).toFixed(3),
    }))
    .sort((a, b) => b.ms - a.ms);
  return new Table(rows, `${total.toFixed(2)} ms in kernels a run, in the median`);
}

/** Kernel name → site: the longest node or tensor name that the kernel's contains. */
function attribution(graph: Graph, sites: Sites): (kernel: string) => string {
  const names = new Map<string, string>();
  let waiting: string[] = [];
  for (const { name, outputs } of optimize(graph).nodes) {
    waiting.push(...[name, ...outputs].filter(Boolean));
    const site = sites.owner(outputs[0]);
    if (site === undefined) continue;
    for (const each of waiting) names.set(each, site);
    waiting = [];
  }
  const longestFirst = [...names].sort(([a], [b]) => b.length - a.length);
  return kernel => names.get(kernel) ?? longestFirst.find(([name]) => kernel.includes(name))?.[1] ?? RUNTIME;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
