/** How sparse a network is at each of its checkpoints: the same data, model after model. */
import { NeuronbookError } from '../../base/errors.ts';
import { host, type MimeBundle } from '../../base/host.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { lines, type Chart } from '../../display/plot.ts';
import { progress } from '../../display/progress.ts';
import { Table } from '../../display/table.ts';
import { sparsity } from '../../display/views/sparsity.ts';
import type { Model } from '../../model/model.ts';
import { stats, type Stats, type StatsData, type StatsOptions } from './stats.ts';

/** Steps and what was counted at each. Shows itself as a table and a chart. */
export class Course {
  constructor(
    readonly steps: readonly number[],
    readonly stats: readonly Stats[],
  ) {}

  /** The layers, by name. */
  get layers(): string[] {
    return this.stats[0].layers.map(({ site }) => site);
  }

  /**
   * The share of active entries of a layer, at each step.
   * @example (await sparsity.course({ 0: gpt, 10: gpt }, { tokens }, { live: false })).active('blocks.1.mlp.post')
   */
  active(site: string): number[] {
    return this.stats.map(each => each.layer(site).active);
  }

  /**
   * By how much each layer's active share has fallen, relative to the first step: 0.3 is 30 %.
   * @example (await sparsity.course({ 0: gpt, 10: gpt }, { tokens }, { live: false })).falls()['blocks.1.mlp.post'] // → 0
   */
  falls(): Record<string, number> {
    return Object.fromEntries(
      this.layers.map(site => {
        const active = this.active(site);
        return [site, 1 - active[active.length - 1] / active[0]];
      }),
    );
  }

  /** A row a step. @example String((await sparsity.course({ 0: gpt }, { tokens }, { live: false })).table()) */
  table(): Table {
    return new Table(
      this.steps.map((step, i) => ({
        step,
        ...Object.fromEntries(this.layers.map(site => [site, +this.active(site)[i].toPrecision(3)])),
        dead: this.stats[i].layers.reduce((sum, { dead }) => sum + dead.length, 0),
      })),
      'share of active entries',
    );
  }

  /** A line a layer. @example (await sparsity.course({ 0: gpt }, { tokens }, { live: false })).chart() */
  chart(): Chart {
    const series = this.layers.map(name => ({ name, x: this.steps, y: this.active(name) }));
    return lines(series, { title: 'share of units that are active', x: 'step', y: 'share', height: 280 });
  }

  toString(): string {
    return String(this.table());
  }

  /** The layers as they are last, with the course of each; as a table where nothing draws that. */
  [displaySymbol](): MimeBundle {
    const last = this.stats[this.stats.length - 1];
    const layers = last.layers.map(
      ({ site, active, unitActive }) =>
        [site, { active, units: unitActive, course: this.active(site) }] as const,
    );
    const title = `${last.model}: share of active units as it trained`;
    const shown = sparsity(Object.fromEntries(layers), { title, steps: this.steps })[displaySymbol]();
    return { ...shown, 'text/plain': this.toString(), 'text/html': this.table().toHtml() };
  }
}

/**
 * Counts the same data at several checkpoints of a network.
 * @param models step → the network as it was then: `fit`'s `onStep` gives it with `report.model()`
 * @param options as for `stats`; pairs of units are not counted unless asked for
 * @returns what was counted; after Interrupt, at the checkpoints so far
 * @throws NeuronbookError where there is no model
 * @example
 * const models = new Map([[0, net]])
 * await fit(net, { x, label }, { loss: crossEntropy(), steps: 3, live: false, onStep: ({ step, model }) => { models.set(step, model()) } })
 * await sparsity.course(models, { x }, { read: ['active'], live: false })
 */
export async function course(
  models: Readonly<Record<number, Model>> | ReadonlyMap<number, Model>,
  data: StatsData,
  options: StatsOptions = {},
): Promise<Course> {
  const entries = models instanceof Map ? [...models] : Object.entries(models);
  if (!entries.length) throw new NeuronbookError('no checkpoints; expected step → model');
  const sorted = entries
    .map(([step, model]) => [Number(step), model as Model] as const)
    .sort(([a], [b]) => a - b);
  const found: Stats[] = [];
  const { live = true, ...counting } = options;
  const shown = live ? progress(sorted, 'Counting checkpoints') : sorted;
  for (const [, model] of shown) {
    found.push(await stats(model, data, { pairs: false, ...counting, live: false }));
    if (host().interrupted) break;
  }
  return new Course(
    sorted.slice(0, found.length).map(([step]) => step),
    found,
  );
}
