/** What an attribution gives back: a number for each number at a site, and how that looks over a picture or a text. */
import { toBase64 } from '../../base/base64.ts';
import type { MimeBundle } from '../../base/host.ts';
import { encodePng } from '../../base/png.ts';
import { formatDims } from '../../base/shape.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { displaySymbol, type Displayable } from '../../display/displayable.ts';
import { escapeHtml } from '../../display/html.ts';
import { NEURONBOOK_MIME } from '../../display/payload.ts';
import { activationMap } from '../../display/views/activation-map.ts';
import type { Table } from '../../display/table.ts';
import { tokens as tokensView } from '../../display/views/tokens.ts';
import { matrix } from '../../display/views/matrix.ts';
import { sheet } from '../../display/sheet.ts';
import { sumsOf } from './numbers.ts';
import { overlay } from './overlay.ts';

/** What is known of an attribution beside its numbers. */
export interface Facts {
  /** What made it: `integrated gradients, 50 steps`. */
  readonly method: string;
  readonly model: string;
  /** The site that the numbers belong to. */
  readonly site: string;
  /** What is explained, one for each example. */
  readonly objectives: readonly string[];
  /** The objective's value, one for each example. */
  readonly scores: readonly number[];
  /** The examples as a person sees them: pictures in [0, 1], or texts as tokens. */
  readonly pictures?: Tensor;
  readonly texts?: readonly (readonly string[])[];
  /** Σ of the attribution minus what it has to add up to, one for each example, where the method promises a sum. */
  readonly delta?: readonly number[];
  /** Where relevance went, one table for each example (relevance propagation). */
  readonly conservation?: readonly Table[];
  /** The relevance of inner sites that were asked for, by name (relevance propagation). */
  readonly sites?: Readonly<Record<string, Tensor>>;
}

export class Attribution implements Displayable {
  readonly method: string;
  readonly site: string;
  readonly objectives: readonly string[];
  readonly scores: readonly number[];
  readonly delta?: readonly number[];
  readonly conservation?: readonly Table[];
  readonly sites: Readonly<Record<string, Tensor>>;

  /** @param values float32, of the site's dims; examples along the first axis */
  constructor(
    readonly values: Tensor,
    private readonly facts: Facts,
  ) {
    this.method = facts.method;
    this.site = facts.site;
    this.objectives = facts.objectives;
    this.scores = facts.scores;
    this.delta = facts.delta;
    this.conservation = facts.conservation;
    this.sites = facts.sites ?? {};
  }

  /** Σ of the attribution of each example. */
  get sums(): number[] {
    return sumsOf(this.values);
  }

  /** One number for each place: Σ over channels. N×H×W of N×C×H×W, N×T of N×T×F; what has no channels stays. */
  get places(): Tensor {
    const { dims } = this.values;
    if (dims.length === 4) return summed(this.values, 1);
    return dims.length === 3 ? summed(this.values, 2) : this.values;
  }

  toString(): string {
    const head = `${this.method} of ${this.facts.model} at ${this.site}, ${formatDims(this.values.dims)}`;
    // a sum says something where the method promises one
    const rows = this.scores.map((score, i) => {
      const sum = this.delta || this.conservation ? `: sums to ${short(this.sums[i])}` : '';
      const delta = this.delta ? `, off by ${short(this.delta[i])}` : '';
      return `${this.objectives[i]} = ${short(score)}${sum}${delta}`;
    });
    return [head, ...rows].join('\n');
  }

  [displaySymbol](): MimeBundle | Promise<MimeBundle> {
    const { texts, pictures } = this.facts;
    const title = `${this.method}: ${this.objectives[0]}`;
    const places = this.places;
    if (texts && places.dims.length === 2) {
      const values = texts.map((_, i) => places.at(i));
      return this.titled(tokensView(texts, values, { title, unit: 'attribution' }));
    }
    if (places.dims.length === 3) return this.pictured(pictures, places);
    return this.titled(matrix(this.values, { title, unit: 'attribution' }));
  }

  /** The whole, then each channel where there are few, over the picture. */
  private map(pictures: Tensor, places: Tensor): ReturnType<typeof activationMap> {
    const [, channels, ...room] = this.values.dims;
    const few = channels > 1 && channels <= 4;
    const most = (of: Tensor) => of.toNumbers().reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const all = few ? [...places.toNumbers(), ...this.values.toNumbers()] : places.toNumbers();
    const names = few ? ['all', ...Array.from({ length: channels }, (_, c) => `channel ${c}`)] : ['all'];
    const reach = Math.max(most(places), few ? most(this.values) : 0) || 1;
    return activationMap(pictures.at(0), tensor(Float32Array.from(all), [names.length, ...room]), {
      title: `${this.method}: ${this.objectives[0]}`,
      unit: 'attribution',
      channels: names,
      range: [-reach, reach],
    });
  }

  private async titled(view: Displayable): Promise<MimeBundle> {
    return { ...(await view[displaySymbol]()), 'text/plain': this.toString() };
  }

  /** Each example beside its heat: red speaks for the score, blue against it. One can be looked into. */
  private pictured(pictures: Tensor | undefined, places: Tensor): MimeBundle {
    const tiles = this.scores.flatMap((score, i) =>
      overlay(places.at(i), pictures?.at(i)).map(({ label, pixels }) => ({
        label: label || `${short(score)}`,
        pixels,
      })),
    );
    const png = toBase64(encodePng(sheet(tiles, { smooth: false, least: 144 })));
    const text = this.toString();
    return {
      ...(pictures && this.scores.length === 1 && { [NEURONBOOK_MIME]: this.map(pictures, places).payload }),
      'image/png': png,
      'text/html':
        `<figure style="margin: 0"><img alt="${escapeHtml(text)}" src="data:image/png;base64,${png}">` +
        `<figcaption style="white-space: pre-line">${escapeHtml(text)}</figcaption></figure>`,
      'text/plain': text,
    };
  }
}

const short = (value: number): string => String(+value.toPrecision(4));

/** Σ over one axis. */
function summed({ dims, data }: Tensor, axis: number): Tensor {
  const before = dims.slice(0, axis).reduce((a, b) => a * b, 1);
  const after = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const made = new Float32Array(before * after);
  const numbers = data as Float32Array;
  for (let b = 0; b < before; b++)
    for (let c = 0; c < dims[axis]; c++)
      for (let a = 0; a < after; a++) made[b * after + a] += numbers[(b * dims[axis] + c) * after + a];
  return tensor(
    made,
    dims.filter((_, i) => i !== axis),
  );
}
