/** The few that stand out: single activations thousands of times the others, and positions that attention rests on. */
import { NeuronbookError } from '../../base/errors.ts';
import { Table } from '../../display/table.ts';
import { batchesOf, readings, type HarvestData } from '../../model/harvest.ts';
import type { Model } from '../../model/model.ts';

interface Reading {
  batch?: number;
  batches?: number;
  seed?: number | string;
}

export interface MassiveOptions extends Reading {
  /** Sites; what the residual stream is after each block where left out. */
  read?: readonly (string | RegExp)[];
  /** From which |x| on, and from how many times the median |x| of its site. */
  least?: number;
  ratio?: number;
  /** How many rows the table has at most. */
  top?: number;
}

type MassiveRow = {
  site: string;
  channel: number;
  value: number;
  'times the median': number;
  example: number;
  position: number;
  token: string;
};

/**
 * Massive activations: the largest |x| of each channel of the residual stream, where it is far from the others.
 * @returns the largest first; empty where there are none
 * @see https://arxiv.org/abs/2402.17762 (above 100, and above 1000 times the median)
 * @example await sparsity.massive(gpt, { tokens }, { least: 0, ratio: 3 })
 */
export async function massive(
  model: Model,
  data: HarvestData,
  { read = [/resid\.post$/], least = 100, ratio = 1000, top = 20, ...options }: MassiveOptions = {},
): Promise<Table<MassiveRow>> {
  const sites = model.sites.select(read).map(({ name }) => name);
  const peaks = new Map<string, { site: string; channel: number; value: number; row: Omit<MassiveRow, 'site' | 'channel' | 'value' | 'times the median'> }>(); // prettier-ignore
  const sizes = new Map<string, Float32Array[]>();
  for await (const { rows, columns } of readings(model, data, { ...options, read })) {
    const column = (name: string) => columns.find(each => each.name === name)?.data;
    const tokens = column('token');
    for (const site of sites) {
      const { width, data } = columns.find(each => each.name === site)!;
      const values = data as Float32Array;
      sizes.set(site, [...(sizes.get(site) ?? []), values.map(Math.abs)]);
      for (let at = 0; at < rows * width; at++) {
        const key = `${site} ${at % width}`;
        const known = peaks.get(key);
        if (known && Math.abs(known.value) >= Math.abs(values[at])) continue;
        const row = Math.floor(at / width);
        const where = {
          example: column('example')![row],
          position: column('position')![row],
          token: tokens ? String(tokens[row]) : '',
        };
        peaks.set(key, { site, channel: at % width, value: values[at], row: where });
      }
    }
  }
  const medians = new Map([...sizes].map(([site, parts]) => [site, medianOf(parts)]));
  const found = [...peaks.values()]
    .map(({ site, channel, value, row }) => ({
      site,
      channel,
      value,
      'times the median': Math.abs(value) / medians.get(site)!,
      ...row,
    }))
    .filter(each => Math.abs(each.value) > least && each['times the median'] > ratio)
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const note = `${found.length} channels above ${least} and ${ratio} times the median`;
  return new Table(found.slice(0, top), note);
}

function medianOf(parts: readonly Float32Array[]): number {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all.sort()[Math.floor(all.length / 2)];
}

export interface SinkOptions extends Reading {
  /** Attention patterns, batch × heads × queries × keys. */
  read?: readonly (string | RegExp)[];
  /** Share of attention from which on a head counts as resting. */
  least?: number;
}

type SinkRow = { site: string; head: number; position: number; share: number; rests: string };

/**
 * Attention sinks: for each head, the key position that gets the largest share of all attention, queries that can see
 * nothing else left out.
 * @returns a row a head, the strongest first
 * @throws NeuronbookError where a site is no attention pattern
 * @see https://arxiv.org/abs/2309.17453
 * @example (await sparsity.sinks(gpt, { tokens })).rows[0].share
 */
export async function sinks(
  model: Model,
  data: HarvestData,
  { read = [/attn\.pattern$/], least = 0.3, batch = 32, batches, seed = 0 }: SinkOptions = {},
): Promise<Table<SinkRow>> {
  const sites = model.sites.select(read);
  const sums = new Map<string, { total: Float64Array; queries: number }>();
  for await (const each of batchesOf(data, batch, batches, seed)) {
    const inputs = Object.fromEntries(
      model.graph.inputs.flatMap(({ name }) => (each[name] ? [[name, each[name]] as const] : [])),
    );
    const { sites: values } = await model.run(inputs, { read: sites.map(({ name }) => name), outputs: [] });
    for (const [site, { dims, data }] of Object.entries(values)) {
      if (dims.length !== 4)
        throw new NeuronbookError(`${site} has ${dims.length} axes; expected batch × heads × queries × keys`);
      const [count, heads, queries, keys] = dims;
      const numbers = data as Float32Array;
      for (let n = 0; n < count; n++)
        for (let head = 0; head < heads; head++) {
          const key = JSON.stringify([site, head]);
          const known = sums.get(key) ?? { total: new Float64Array(keys), queries: 0 };
          sums.set(key, known);
          // the first query of a causal head has but one key to look at
          for (let query = 1; query < queries; query++) {
            const from = ((n * heads + head) * queries + query) * keys;
            for (let k = 0; k < keys; k++) known.total[k] += numbers[from + k];
          }
          known.queries += queries - 1;
        }
    }
  }
  const rows = [...sums].map(([key, { total, queries }]) => {
    const [site, head] = JSON.parse(key) as [string, number];
    const shares = total.map(sum => sum / queries);
    const position = shares.indexOf(Math.max(...shares));
    return { site, head, position, share: shares[position], rests: shares[position] >= least ? 'yes' : '' };
  });
  const resting = rows.filter(({ rests }) => rests).length;
  return new Table(
    rows.sort((a, b) => b.share - a.share),
    `${resting} of ${rows.length} heads rest on one position (${100 * least} % or more of their attention)`,
  );
}
