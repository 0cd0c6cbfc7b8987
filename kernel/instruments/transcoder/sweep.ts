/** Several coders that differ in some options, side by side. */
import { host, type MimeBundle } from '../../base/host.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { Table } from '../../display/table.ts';
import type { Activations } from '../../data/activations/activations.ts';
import type { Model } from '../../model/model.ts';
import type { Data } from '../../train/data.ts';
import { evaluate, type EvaluateOptions } from './evaluate.ts';
import { fit, type TranscoderOptions } from './fit.ts';
import type { Transcoder } from './transcoder.ts';

export interface SweepOptions extends EvaluateOptions {
  /** Evaluate each in this model too, on this data. */
  on?: { model: Model; data: Data };
}

export class Sweep {
  constructor(
    readonly coders: readonly Transcoder[],
    /** A row for each: what it differs in, and how it did. */
    readonly table: Table,
  ) {}

  toString(): string {
    return this.table.toString();
  }

  [displaySymbol](): MimeBundle {
    return { 'text/plain': this.table.toString(), 'text/html': this.table.toHtml() };
  }
}

/**
 * Trains a coder for each of several choices, one after the other, and shows how they compare: L0, FVU, dead and dense
 * features at the end of training and, with `on`, what the model loses.
 *
 * @param base what they have in common
 * @param choices what each has of its own
 * @returns the coders with a table; after Interrupt, those so far
 * @example
 * const sizes = await transcoder.sweep(acts, { from: acts.sites[0], features: 8, steps: 2, batch: 16, live: false }, [
 *   { architecture: transcoder.topK({ k: 1 }) },
 *   { architecture: transcoder.topK({ k: 2 }) },
 * ])
 * sizes.table
 */
export async function sweep(
  source: Model | Activations | Data,
  base: TranscoderOptions,
  choices: readonly Partial<TranscoderOptions>[],
  { on, ...options }: SweepOptions = {},
): Promise<Sweep> {
  const coders: Transcoder[] = [];
  const rows: Record<string, string | number | undefined>[] = [];
  for (const choice of choices) {
    if (host().interrupted) break;
    const t = await fit(source, { ...base, ...choice });
    const { history } = t;
    const worth = on && (await evaluate(on.model, t, on.data, { live: base.live, ...options }));
    const round = (value: number | undefined) => (value === undefined ? undefined : +value.toPrecision(4));
    coders.push(t);
    rows.push({
      ...Object.fromEntries(Object.entries(choice).map(([name, value]) => [name, String(value)])),
      L0: round(worth?.l0 ?? history!.recent('l0')),
      FVU: round(worth?.fvu ?? history!.recent('fvu')),
      dead: round(worth?.features.dead ?? history!.metrics.dead.at(-1)),
      dense: round(worth?.features.dense ?? history!.metrics.dense.at(-1)),
      ...(worth && { 'CE recovered': round(worth.ceRecovered), 'KL recovered': round(worth.klRecovered) }),
      seconds: round(history!.seconds),
    });
  }
  return new Sweep(coders, new Table(rows));
}
