/**
 * What a network costs, site by site, before anything runs: weights, multiply-adds and the memory of its values, at
 * the dims it is given.
 */
import { bytesOf } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import { Table } from '../display/table.ts';
import type { Step } from '../engine/trace.ts';
import type { Site, Sites } from './sites.ts';

export interface CostRow {
  readonly site: string;
  readonly op: string;
  /** Trained numbers that enter here and nowhere before. */
  readonly parameters: number;
  /** Of products and convolutions; elementwise work is not counted. */
  readonly multiplyAdds: number;
  /** Of the values made here, those on the way to the site included. */
  readonly bytes: number;
  readonly [column: string]: string | number;
}

/** A table of costs with its sums. */
export class Cost extends Table<CostRow> {
  readonly parameters: number;
  readonly multiplyAdds: number;
  readonly bytes: number;

  constructor(rows: readonly CostRow[]) {
    const [parameters, multiplyAdds, bytes] = (['parameters', 'multiplyAdds', 'bytes'] as const).map(column =>
      rows.reduce((sum, row) => sum + row[column], 0),
    );
    super(
      rows,
      `in all ${short(parameters)} parameters, ${short(multiplyAdds)} multiply-adds, ${short(bytes)}B of values`,
    );
    [this.parameters, this.multiplyAdds, this.bytes] = [parameters, multiplyAdds, bytes];
  }
}

/** `1234567` → `1.23 M` */
function short(value: number): string {
  const unit = ['', ' k', ' M', ' G', ' T'];
  const power = value < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3));
  return `${+(value / 1000 ** power).toPrecision(3)}${unit[power] || ' '}`;
}

/** One row per site; what lies between two sites counts to the one that follows. */
export function costOf(steps: readonly Step[], sites: Sites): Cost {
  // sites that constants settle are computed by no step, but their weights are there
  const blank = ({ op, parameters }: Site) => ({ op, parameters, multiplyAdds: 0, bytes: 0 });
  const rows = new Map([...sites].map(site => [site.name, blank(site)]));
  let [multiplyAdds, bytes] = [0, 0];
  for (const { node, rule, inputs, outputs } of steps) {
    const { op, name, attributes } = node;
    multiplyAdds +=
      rule.multiplyAdds?.({ op, site: name, inputs, attributes, outputCount: outputs.length }, outputs) ?? 0;
    for (const { dtype, dims } of outputs) bytes += sizeOf(dims) * bytesOf(dtype);
    const owner = sites.owner(outputs[0]?.name ?? '');
    if (owner === undefined) continue;
    const row = rows.get(owner) ?? blank(sites.get(owner));
    rows.set(owner, { ...row, multiplyAdds: row.multiplyAdds + multiplyAdds, bytes: row.bytes + bytes });
    [multiplyAdds, bytes] = [0, 0];
  }
  return new Cost([...rows].map(([site, row]) => ({ site, ...row })));
}
