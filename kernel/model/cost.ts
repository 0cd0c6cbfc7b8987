/**
 * What a network costs, site by site, before anything runs: weights, multiply-adds and the memory of its values, at
 * the dims it is given.
 */
import { bytesOf, isFloat } from '../base/dtype.ts';
import { sizeOf } from '../base/shape.ts';
import { Table } from '../display/table.ts';
import type { Step } from '../engine/trace.ts';
import type { Var } from '../engine/var.ts';
import type { Sites } from './sites.ts';

export interface CostRow {
  readonly site: string;
  readonly op: string;
  /** Weights that enter here and nowhere before. */
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

/**
 * One row per site; what lies between two sites counts to the one that follows.
 * @param trained the constants that count as parameters; all of floating point where the file names none
 */
export function costOf(steps: readonly Step[], sites: Sites, trained?: readonly string[]): Cost {
  const isWeight = ({ name, value, dtype, dims }: Var): boolean =>
    value !== undefined && (trained?.includes(name) ?? (isFloat(dtype) && dims.length > 0));
  const seen = new Set<string>();
  const rows = new Map<string, { op: string; parameters: number; multiplyAdds: number; bytes: number }>();
  let [parameters, multiplyAdds, bytes] = [0, 0, 0];
  for (const { node, rule, inputs, outputs } of steps) {
    for (const input of inputs)
      if (input && isWeight(input) && !seen.has(input.name)) {
        seen.add(input.name);
        parameters += sizeOf(input.dims);
      }
    const { op, name, attributes } = node;
    multiplyAdds +=
      rule.multiplyAdds?.({ op, site: name, inputs, attributes, outputCount: outputs.length }, outputs) ?? 0;
    for (const { dtype, dims } of outputs) bytes += sizeOf(dims) * bytesOf(dtype);
    const site = sites.owner(outputs[0]?.name ?? '');
    if (site === undefined) continue;
    const row = rows.get(site) ?? { op, parameters: 0, multiplyAdds: 0, bytes: 0 };
    rows.set(site, {
      op,
      parameters: row.parameters + parameters,
      multiplyAdds: row.multiplyAdds + multiplyAdds,
      bytes: row.bytes + bytes,
    });
    [parameters, multiplyAdds, bytes] = [0, 0, 0];
  }
  return new Cost([...rows].map(([site, row]) => ({ site, ...row })));
}
