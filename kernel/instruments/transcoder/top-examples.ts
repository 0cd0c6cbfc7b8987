/** Where features are most active: the rows of some data, in their context. What a feature is named by. */
import { host, type MimeBundle } from '../../base/host.ts';
import { ShapeError } from '../../base/errors.ts';
import { displaySymbol } from '../../display/bundle.ts';
import { progress } from '../../display/progress.ts';
import { Table } from '../../display/table.ts';
import type { Model } from '../../model/model.ts';
import type { Data } from '../../train/data.ts';
import { FeatureStatistics } from './feature-statistics.ts';
import { onePass, sitesOf, type PassOptions, type PlacedRows } from './pass.ts';
import type { Transcoder } from './transcoder.ts';

export interface TopExamplesOptions extends PassOptions {
  /** How many for each feature. */
  top?: number;
  /** Tokens of context on each side. */
  context?: number;
  /** Show a progress bar. */
  live?: boolean;
}

/** A row at which a feature is active. */
export interface TopExample {
  /** z there. */
  value: number;
  /** The number of the example in the data, and of the position in it, from 0. */
  example: number;
  position: number;
  /** The tokens around it, where the model reads tokens, and which of them it is. */
  tokens?: readonly number[];
  at?: number;
}

export class TopExamples {
  constructor(
    /** For each feature its strongest rows, strongest first; none for one that is active nowhere. */
    private readonly examples: readonly (readonly TopExample[])[],
    /** L0, FVU, density and more, on the same data. */
    readonly statistics: FeatureStatistics,
    /** Tokens as text, where the model brings a tokenizer. */
    private readonly decode?: (tokens: readonly number[]) => string,
  ) {}

  /**
   * The strongest rows of one feature.
   * @throws ShapeError where there is no such feature
   * @example (await transcoder.topExamples(gpt, coder, { tokens }, { live: false })).of(3).length
   */
  of(feature: number): readonly TopExample[] {
    const found = this.examples[feature];
    if (!found) throw new ShapeError(`feature ${feature}; expected 0 to ${this.examples.length - 1}`);
    return found;
  }

  /**
   * They as a table: value, place, and the words around, the one in question in ‹ ›.
   * @example (await transcoder.topExamples(gpt, coder, { tokens }, { live: false })).table(3)
   */
  table(feature: number): Table {
    const { density } = this.statistics;
    const rows = this.of(feature).map(({ value, example, position, tokens, at }) => ({
      value: +value.toPrecision(4),
      example,
      position,
      ...(tokens && { context: this.text(tokens, at!) }),
    }));
    return new Table(
      rows,
      `feature ${feature}, active at ${+(100 * density[feature]).toPrecision(3)} % of rows`,
    );
  }

  toString(): string {
    const active = this.examples.filter(({ length }) => length > 0).length;
    return `top examples of ${this.examples.length} features, ${active} of them active, on ${this.statistics.count.toLocaleString('en')} rows`; // prettier-ignore
  }

  [displaySymbol](): MimeBundle {
    return { 'text/plain': this.toString() };
  }

  private text(tokens: readonly number[], at: number): string {
    const spell = this.decode ?? ((ids: readonly number[]) => ids.join(' '));
    const parts = [tokens.slice(0, at), [tokens[at]], tokens.slice(at + 1)].map(ids => spell(ids).trim());
    return `${parts[0]} ‹${parts[1]}› ${parts[2]}`.trim();
  }
}

/**
 * The rows at which each feature is most active, in one pass over the data.
 *
 * @param data what the model reads
 * @returns for each feature its strongest rows; after Interrupt, of the data so far
 * @throws NeuronbookError where the data is a function and `batches` is missing
 * @example
 * const top = await transcoder.topExamples(gpt, coder, { tokens }, { top: 5, live: false })
 * top.table(3)
 */
export async function topExamples(
  model: Model,
  t: Transcoder,
  data: Data,
  { top = 10, context = 8, live = true, ...pass }: TopExamplesOptions = {},
): Promise<TopExamples> {
  const statistics = new FeatureStatistics(t);
  const strongest: TopExample[][] = Array.from({ length: t.features }, () => []);
  const bar = live ? progress([], `Top examples of ${t.to.join(' + ')}`, {}) : undefined;
  let seen = 0;
  try {
    for await (const batch of onePass(data, pass)) {
      const rows = await sitesOf(model, batch, t, pass.axis);
      const z = (await statistics.add(rows)).data as Float32Array;
      for (let i = 0; i < z.length; i++) {
        const [value, list] = [z[i], strongest[i % t.features]];
        if (!(value > 0) || (list.length === top && value <= list[top - 1].value)) continue;
        insert(list, top, placed(rows, Math.floor(i / t.features), value, seen, context));
      }
      seen += 1 + rows.example[rows.x.dims[0] - 1];
      bar?.step();
      if (host().interrupted) break;
    }
  } finally {
    bar?.end('done');
  }
  return new TopExamples(strongest, statistics, speller(model));
}

/** Keeps the list in order, strongest first; of equal ones the earlier stays ahead. */
function insert(list: TopExample[], most: number, made: TopExample): void {
  const at = list.findIndex(({ value }) => value < made.value);
  list.splice(at < 0 ? list.length : at, 0, made);
  if (list.length > most) list.pop();
}

function placed(
  { example, position, token, x }: PlacedRows,
  row: number,
  value: number,
  seen: number,
  context: number,
) {
  const place = { value, example: seen + example[row], position: position[row] };
  if (!token) return place;
  let [from, to] = [row, row + 1];
  while (from > Math.max(0, row - context) && example[from - 1] === example[row]) from--;
  while (to < Math.min(x.dims[0], row + context + 1) && example[to] === example[row]) to++;
  return { ...place, tokens: Array.from({ length: to - from }, (_, i) => token[from + i]), at: row - from };
}

/** The model's tokenizer; undefined where it brings none. */
export function speller(model: Model): ((tokens: readonly number[]) => string) | undefined {
  try {
    const { tokenizer } = model;
    return tokens => tokenizer.decode(tokens);
  } catch {
    return undefined;
  }
}
