/** Dataset examples: the pictures of a data set that excite a unit most, beside what was made for it. */
import { toBase64 } from '../../base/base64.ts';
import type { MimeBundle } from '../../base/host.ts';
import { NeuronbookError } from '../../base/errors.ts';
import { encodePng } from '../../base/png.ts';
import type { Tensor } from '../../base/tensor.ts';
import { toPixels } from '../../data/images.ts';
import { sheet } from '../../display/sheet.ts';
import type { Model } from '../../model/model.ts';
import type { Objective } from '../../model/objective.ts';
import { rows, type ActivationOptions } from './activations.ts';
import { score } from './score.ts';
import { stack } from './stack.ts';

export interface ExamplesOptions extends ActivationOptions {
  /** How many are kept for each objective. */
  count?: number;
  /** The least instead of the most exciting. */
  least?: boolean;
}

/** The pictures kept for one objective, most exciting first. */
export interface ExampleRow {
  readonly objective: string;
  /** count×C×H×W in [0, 1] */
  readonly images: Tensor;
  readonly scores: readonly number[];
  /** Where each stands in the data set. */
  readonly indices: readonly number[];
}

export class Examples {
  constructor(
    readonly rows: readonly ExampleRow[],
    /** How many pictures were looked at. */
    readonly seen: number,
  ) {}

  /** The pictures of the first objective. */
  get images(): Tensor {
    return this.rows[0].images;
  }

  toString(): string {
    const lines = this.rows.map(
      ({ objective, scores, indices }) =>
        `${objective}: ${scores.map((value, i) => `${value.toPrecision(3)} (picture ${indices[i]})`).join(', ')}`,
    );
    return [`of ${this.seen} pictures`, ...lines].join('\n');
  }

  [Symbol.for('Jupyter.display')](): MimeBundle {
    const tiles = this.rows.flatMap(({ images, scores, indices }) =>
      scores.map((value, i) => ({
        pixels: toPixels(images, { index: i }),
        label: `${value.toPrecision(3)} no ${indices[i]}`,
      })),
    );
    const columns = this.rows.length > 1 ? this.rows[0].scores.length : undefined;
    return {
      'image/png': toBase64(encodePng(sheet(tiles, columns ? { columns } : {}))),
      'text/plain': this.toString(),
    };
  }
}

/**
 * The pictures of a data set that excite each objective most.
 * @param images the data set, N×C×H×W in [0, 1], of the network's size; or batches of it, one after another
 * @returns for each objective its pictures, scores and places in the data set
 * @throws NeuronbookError on an empty data set
 * @example viz.examples(model, channel('conv3', 5), textures.batch(rng('examples'), 8).image, { count: 3 })
 */
export async function examples(
  model: Model,
  what: Objective | readonly Objective[],
  images: Tensor | Iterable<Tensor> | AsyncIterable<Tensor>,
  { count = 6, least = false, ...options }: ExamplesOptions = {},
): Promise<Examples> {
  const objectives = Array.isArray(what) ? (what as readonly Objective[]) : [what as Objective];
  const kept = objectives.map((): { score: number; index: number; picture?: Tensor }[] => []);
  let seen = 0;
  for await (const batch of isBatch(images) ? [images] : images) {
    for (const [k, objective] of objectives.entries()) {
      const scores = await score(model, objective, batch, options);
      scores.forEach((value, i) => kept[k].push({ score: value, index: seen + i }));
      kept[k].sort((a, b) => (least ? a.score - b.score : b.score - a.score)).splice(count);
      for (const each of kept[k]) each.picture ??= rows(batch, each.index - seen, 1);
    }
    seen += batch.dims[0];
  }
  if (!seen) throw new NeuronbookError('examples of no pictures; expected at least one, N×C×H×W in [0, 1]');
  return new Examples(
    kept.map((best, k) => ({
      objective: objectives[k].text,
      images: stack(best.map(({ picture }) => picture!)),
      scores: best.map(({ score }) => score),
      indices: best.map(({ index }) => index),
    })),
    seen,
  );
}

const isBatch = (images: Tensor | Iterable<Tensor> | AsyncIterable<Tensor>): images is Tensor =>
  'dims' in images;
