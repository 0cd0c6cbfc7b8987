/**
 * `sparsity.stats`: how many units of each layer are active, for which words and when; which never are, which always.
 * The model is cut behind the last layer that is read, and run batch by batch.
 */
import { NameError, NeuronbookError } from '../../base/errors.ts';
import { host, type MimeBundle } from '../../base/host.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { bar, type Chart } from '../../display/plot.ts';
import { progress } from '../../display/progress.ts';
import { Table } from '../../display/table.ts';
import { sparsity } from '../../display/views/sparsity.ts';
import {
  batchesOf,
  countBatches,
  readings,
  type HarvestBatch,
  type HarvestData,
  type ReadingOptions,
} from '../../model/harvest.ts';
import type { Model } from '../../model/model.ts';
import { Layer, type LayerStats } from './layer.ts';

export type StatsData = HarvestData;

export interface StatsOptions extends Pick<ReadingOptions, 'batch' | 'batches' | 'seed' | 'axis'> {
  /** Sites; where left out, the hidden units of every MLP, or whatever an activation function makes. */
  read?: readonly (string | RegExp)[];
  /** An entry is active where |x| is above this: 0 for ReLUs; what is small enough to be dropped for others. */
  threshold?: number;
  /**
   * What is prompt and what is answer: so many positions at the start are the prompt; or the name of an entry of the
   * batch, one number a position, that is not 0 where the answer is.
   */
  prompt?: number | string;
  /** Share of rows from which on a unit counts as always on. */
  alwaysOn?: number;
  /** Count pairs of units, for co-activation and the effective rank. */
  pairs?: boolean;
  /** Show a progress bar. */
  live?: boolean;
}

/** What was counted, layer by layer. Iterable; shows itself as a table and a chart. */
export class Stats implements Iterable<LayerStats> {
  constructor(
    readonly model: string,
    readonly layers: readonly LayerStats[],
    readonly threshold: number,
    /** Token → word, where the model has a tokenizer. */
    private readonly word: (token: number) => string,
  ) {}

  [Symbol.iterator](): Iterator<LayerStats> {
    return this.layers[Symbol.iterator]();
  }

  /** @throws NameError listing the layers that were counted */
  layer(site: string): LayerStats {
    const found = this.layers.find(each => each.site === site);
    if (!found)
      throw new NameError(
        'layer',
        site,
        this.layers.map(each => each.site),
      );
    return found;
  }

  /** Share of entries that are active, in all layers together. */
  get active(): number {
    const entries = (of: (layer: LayerStats) => number) =>
      this.layers.reduce((sum, layer) => sum + of(layer), 0);
    return entries(({ l0, rows }) => l0 * rows) / entries(({ width, rows }) => width * rows);
  }

  /**
   * A row a layer.
   * @example String((await sparsity.stats(gpt, { tokens }, { live: false })).table()).includes('effective rank')
   */
  table(): Table {
    const rows = this.layers.map(layer => ({
      site: layer.site,
      units: layer.width,
      active: percent(layer.active),
      L0: `${+layer.l0.toPrecision(3)} ± ${+layer.l0Deviation.toPrecision(2)}`,
      ...Object.fromEntries(
        Object.entries(layer.phases).map(([phase, { active }]) => [`in the ${phase}`, percent(active)]),
      ),
      'entropy, nats': +layer.entropy.toPrecision(3),
      kurtosis: +layer.kurtosis.toPrecision(3),
      'effective rank': layer.effectiveRank === undefined ? undefined : +layer.effectiveRank.toPrecision(3),
      dead: layer.dead.length,
      'always on': layer.alwaysOn.length,
    }));
    const above = this.threshold === 0 ? 'not zero' : `of |x| above ${+this.threshold.toPrecision(4)}`;
    return new Table(rows, `${count(this.layers[0].rows)} rows; active: ${above}`);
  }

  /**
   * The units of a layer, those most often active first.
   * @example (await sparsity.stats(gpt, { tokens }, { live: false })).units('blocks.1.mlp.post').length
   */
  units(
    site: string,
  ): Table<{ unit: number; active: number; mean: number; largest: number; kurtosis: number }> {
    const layer = this.layer(site);
    const order = [...layer.unitActive.keys()].sort((a, b) => layer.unitActive[b] - layer.unitActive[a]);
    return new Table(
      order.map(unit => ({
        unit,
        active: layer.unitActive[unit],
        mean: layer.unitMean[unit],
        largest: layer.unitLargest[unit],
        kurtosis: layer.unitKurtosis[unit],
      })),
      `${site}: ${layer.dead.length} dead, ${layer.alwaysOn.length} always on`,
    );
  }

  /**
   * The words, those with the most active units first, over all layers.
   * @param least rows that a word needs to be listed
   * @example (await sparsity.stats(gpt, { tokens }, { live: false })).tokens().rows[0].token
   */
  tokens(least = 1): Table<{ token: string; rows: number; active: number }> {
    const width = this.layers.reduce((sum, layer) => sum + layer.width, 0);
    const rows = [...this.layers[0].tokens].flatMap(([token, { rows }]) => {
      const active = this.layers.reduce(
        (sum, layer) => sum + (layer.tokens.get(token)?.active ?? 0) * layer.width,
        0,
      );
      return rows < least ? [] : [{ token: this.word(token), rows, active: active / width }];
    });
    return new Table(rows.sort((a, b) => b.active - a.active));
  }

  /**
   * Pairs of units that are active together more often than by chance, by the correlation of being active.
   * @param top how many
   * @throws NeuronbookError where pairs were not counted
   * @example (await sparsity.stats(gpt, { tokens }, { live: false })).coactive('blocks.1.mlp.post').length
   */
  coactive(
    site: string,
    top = 20,
  ): Table<{ first: number; second: number; together: number; correlation: number }> {
    const { together, width, rows, unitActive } = this.layer(site);
    if (!together)
      throw new NeuronbookError(
        `pairs of ${site} were not counted; leave \`pairs\` on, for up to 4096 units`,
      );
    const pairs: { first: number; second: number; together: number; correlation: number }[] = [];
    for (let first = 0; first < width; first++)
      for (let second = first + 1; second < width; second++) {
        const [p, q] = [unitActive[first], unitActive[second]];
        const both = together[first * width + second] / rows;
        // φ = (P(a∧b) − P(a)P(b)) / √(P(a)(1 − P(a))P(b)(1 − P(b)))
        const spread = Math.sqrt(p * (1 - p) * q * (1 - q));
        if (spread > 0) pairs.push({ first, second, together: both, correlation: (both - p * q) / spread });
      }
    return new Table(pairs.sort((a, b) => b.correlation - a.correlation).slice(0, top));
  }

  /**
   * The share of active units of each layer.
   * @example (await sparsity.stats(gpt, { tokens }, { live: false })).chart()
   */
  chart(): Chart {
    const names = this.layers.map(layer => layer.site);
    const phases = Object.keys(this.layers[0].phases);
    const values = phases.length
      ? Object.fromEntries(
          phases.map(phase => [phase, this.layers.map(layer => layer.phases[phase]?.active ?? 0)]),
        )
      : this.layers.map(layer => layer.active);
    return bar(names, values, {
      title: `${this.model}: share of units that are active`,
      y: 'share',
      height: 280,
    });
  }

  toString(): string {
    return `${this.model}: ${percent(this.active)} active\n${String(this.table())}`;
  }

  /** A board of the layers, with the units of the one that is chosen; as a table where nothing draws that. */
  [displaySymbol](): MimeBundle {
    const layers = this.layers.map(
      ({ site, active, unitActive }) => [site, { active, units: unitActive }] as const,
    );
    const title = `${this.model}: share of active units`;
    const shown = sparsity(Object.fromEntries(layers), { title })[displaySymbol]();
    return { ...shown, 'text/plain': this.toString(), 'text/html': this.table().toHtml() };
  }
}

const percent = (share: number): string => `${+(100 * share).toPrecision(3)} %`;
const count = (value: number): string => value.toLocaleString('en');

/** What an activation function makes. */
const ACTIVATIONS =
  /^(Relu|Gelu|FastGelu|QuickGelu|Silu|Swish|HardSwish|LeakyRelu|Elu|Selu|Celu|Mish|Softplus|Clip)$/;

function layersOf(model: Model): readonly (string | RegExp)[] {
  const sites = [...model.sites];
  const hidden = sites.filter(({ name }) => /mlp\.post$/.test(name));
  const found = hidden.length ? hidden : sites.filter(({ op }) => ACTIVATIONS.test(op));
  if (!found.length)
    throw new NeuronbookError('no MLP and no activation function among the sites; name sites in `read`');
  return found.map(({ name }) => name);
}

/**
 * Counts how sparse a model's activations are.
 *
 * For each layer: the share of active entries, active units of a row (L0), the entropy of a row, kurtosis, the
 * effective rank; dead units and those that are always on; all of it also by unit, by word, by position, and apart for
 * prompt and answer.
 * @param data tensors by name, batches one by one, or a function from step to batch, as for `harvest`
 * @returns what was counted; after Interrupt, on the data so far
 * @throws NameError on an unknown site or entry; NeuronbookError where there is nothing to read
 * @see https://arxiv.org/abs/2210.06313
 * @example
 * const found = await sparsity.stats(gpt, { tokens }, { prompt: 4, live: false })
 * found.layer('blocks.1.mlp.post').phases.answer.active
 */
export async function stats(model: Model, data: StatsData, options: StatsOptions = {}): Promise<Stats> {
  const { read, threshold = 0, prompt, alwaysOn = 0.999, pairs = true, live = true } = options;
  const { batch = 32, batches, seed, axis } = options;
  const sites = model.sites.select(read ?? layersOf(model)).map(({ name }) => name);
  const layers = new Map<string, Layer>();
  const beside = typeof prompt === 'string' ? [prompt] : [];
  const phaseOf = (position: number, mark: number | undefined): string | undefined => {
    if (prompt === undefined) return undefined;
    return (typeof prompt === 'number' ? position >= prompt : mark !== 0) ? 'answer' : 'prompt';
  };
  const shown = live ? progress([], 'Counting', { total: countBatches(data, batch, batches) }) : undefined;
  try {
    for await (const each of batchesOf(data, batch, batches, seed ?? 0)) {
      for await (const { site, width, values, column } of layersIn(model, each, sites, { axis, beside })) {
        const layer = layers.get(site) ?? new Layer(site, width, threshold, pairs);
        layers.set(site, layer);
        const [position, token] = [column('position')!, column('token')];
        const mark = typeof prompt === 'string' ? column(prompt) : undefined;
        await layer.add(values, row => ({
          position: position[row],
          token: token?.[row],
          phase: phaseOf(position[row], mark?.[row]),
        }));
      }
      shown?.step();
      if (host().interrupted) break;
    }
  } finally {
    shown?.end('done');
    for (const layer of layers.values()) await layer.release();
  }
  if (!layers.size) throw new NeuronbookError('the data is empty; expected at least one batch');
  const finished = sites.map(site => layers.get(site)!.finished(alwaysOn));
  return new Stats(model.name, finished, threshold, wordsOf(model));
}

/** What the model says at the sites on one batch; places of pictures differ from layer to layer, so each is read alone. */
async function* layersIn(
  model: Model,
  batch: HarvestBatch,
  sites: readonly string[],
  options: Pick<ReadingOptions, 'axis' | 'beside'>,
) {
  const places = (site: string) => (model.sites.get(site).shape?.length ?? 0) > 3;
  const groups = [sites.filter(site => !places(site)), ...sites.filter(places).map(site => [site])];
  for (const read of groups.filter(({ length }) => length > 0))
    for await (const { columns } of readings(model, [batch], { ...options, read })) {
      const column = (name: string) => columns.find(each => each.name === name)?.data;
      for (const site of read) {
        const { width, data } = columns.find(each => each.name === site)!;
        yield { site, width, values: data as Float32Array, column };
      }
    }
}

/** Words by their numbers, where the model brings a tokenizer. */
function wordsOf(model: Model): (token: number) => string {
  try {
    const { tokenizer } = model;
    return token => tokenizer.decode([token]);
  } catch {
    return String;
  }
}
