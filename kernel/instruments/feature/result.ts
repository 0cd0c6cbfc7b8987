/** What feature visualization gives back: pictures, the course of each ascent, and how they are shown. */
import { toBase64 } from '../../base/base64.ts';
import { host, type MimeBundle } from '../../base/host.ts';
import { encodePng } from '../../base/png.ts';
import { toPixels } from '../../data/images.ts';
import { tensor, type Tensor } from '../../base/tensor.ts';
import { newLiveId } from '../../display/live.ts';
import { NEURONBOOK_MIME, type ViewOptions } from '../../display/payload.ts';
import { sheet } from '../../display/sheet.ts';
import { answerSelections } from '../../display/view-value.ts';
import type { FeatureGridPayload } from '../../display/views/feature-grid.ts';

/** One picture so far: C×H×W in [0, 1], and its score after each step. */
export interface FeaturePicture {
  readonly pixels: Tensor;
  readonly curve: readonly { readonly step: number; readonly value: number }[];
}

/** One picture of a grid, as a handler of selections gets it. */
export interface FeatureSelection {
  readonly index: number;
  readonly label: string;
  /** The objective as it prints. */
  readonly objective: string;
  /** C×H×W in [0, 1] */
  readonly image: Tensor;
  /** The score after each step. */
  readonly curve: readonly number[];
}

let opened = 0;

export class Feature {
  private readonly cells: (FeaturePicture | undefined)[];
  private readonly id = `neuronbook-feature-${Date.now().toString(36)}-${++opened}`;
  private state: 'running' | 'done' | 'interrupted' = 'running';
  private shownIn: number | undefined;
  private live = false;
  /** It has shown something, which the next replaces. */
  private shows = false;
  private readonly options: ViewOptions = {};

  constructor(
    readonly title: string,
    /** The objectives as they print, one per picture. */
    readonly objectives: readonly string[],
    /** The steps that were asked for. */
    readonly steps: number,
    /** What stands under each picture. */
    readonly labels: readonly string[] = objectives,
    private readonly onSelect?: (selection: FeatureSelection) => unknown,
  ) {
    this.cells = objectives.map(() => undefined);
    if (onSelect) this.options = { select: newLiveId('select') };
  }

  /** The pictures in [0, 1], N×C×H×W. */
  get images(): Tensor {
    const done = this.cells.filter(cell => cell !== undefined);
    const [first] = done;
    const data = new Float32Array(done.length * (first?.pixels.size ?? 0));
    done.forEach((cell, i) => data.set(cell.pixels.data as Float32Array, i * first.pixels.size));
    return tensor(data, [done.length, ...(first?.pixels.dims ?? [0, 0, 0])]);
  }

  /** The score of each picture after each step. */
  get curves(): number[][] {
    return this.cells.map(cell => cell?.curve.map(({ value }) => value) ?? []);
  }

  /** True where Interrupt ended it before its steps were done. */
  get interrupted(): boolean {
    return this.state === 'interrupted';
  }

  /** Starts showing; later updates replace what is shown. */
  open(): void {
    this.live = true;
    this.shownIn = host().cell;
  }

  /** Keeps pictures without showing them. */
  keep(first: number, pictures: readonly FeaturePicture[]): void {
    pictures.forEach(
      (picture, i) => (this.cells[first + i] = { pixels: picture.pixels, curve: [...picture.curve] }),
    );
  }

  update(first: number, pictures: readonly FeaturePicture[]): void {
    this.keep(first, pictures);
    this.show();
  }

  /** Nothing before there is a picture, and where nobody watches. */
  show(): void {
    if (!this.live || this.cells.every(cell => cell === undefined)) return;
    host().display(this.bundle(), { id: this.id, update: this.shows });
    this.shows = true;
  }

  finish(): void {
    this.state = this.cells.every(cell => cell && cell.curve.length === this.steps) ? 'done' : 'interrupted';
    this.show();
  }

  toString(): string {
    const rows = this.objectives.map((objective, i) => {
      const curve = this.cells[i]?.curve ?? [];
      const [from, to] = [curve[0]?.value, curve.at(-1)?.value];
      return curve.length
        ? `${objective}: ${from.toPrecision(3)} → ${to!.toPrecision(3)} in ${curve.length} steps`
        : `${objective}: not begun`;
    });
    return [`${this.title} (${this.state})`, ...rows].join('\n');
  }

  /** In the cell that has shown it live it does not show itself again as the result; in a later cell it does. */
  get [Symbol.for('neuronbook.silent')](): boolean {
    const { cell } = host();
    return this.live && cell !== undefined && cell === this.shownIn;
  }

  [Symbol.for('Jupyter.display')](): MimeBundle {
    return this.bundle();
  }

  private bundle(): MimeBundle {
    const tiles = this.cells.flatMap((cell, i) =>
      cell ? [{ pixels: toPixels(cell.pixels), label: this.labels[i] }] : [],
    );
    if (!tiles.length) return { 'text/plain': this.toString() };
    const { select } = this.options;
    if (select) answerSelections(select, at => this.selected(at), this.onSelect!);
    return {
      [NEURONBOOK_MIME]: this.payload(),
      'image/png': toBase64(encodePng(sheet(tiles))),
      'text/plain': this.toString(),
    };
  }

  /** The picture at a place among those that have begun, as they are shown. */
  private selected([place, ...more]: readonly number[]): FeatureSelection | undefined {
    const shown = this.cells.flatMap((cell, index) => (cell ? [{ cell, index }] : []));
    if (more.length || !shown[place]) return undefined;
    const { cell, index } = shown[place];
    return {
      index,
      label: this.labels[index],
      objective: this.objectives[index],
      image: cell.pixels,
      curve: cell.curve.map(({ value }) => value),
    };
  }

  private payload(): FeatureGridPayload {
    const done = this.cells.map(cell => cell?.curve.length ?? 0);
    return {
      version: 1,
      view: 'feature-grid',
      data: {
        title: this.title,
        cells: this.cells.flatMap((cell, i) => {
          if (!cell) return [];
          const pixels = toPixels(cell.pixels);
          const course = thinned(cell.curve);
          return [
            {
              label: this.labels[i],
              objective: this.objectives[i],
              image: toBase64(encodePng(pixels)),
              width: pixels.width,
              height: pixels.height,
              curve: course.map(({ value }) => +value.toPrecision(5)),
              steps: course.map(({ step }) => step),
            },
          ];
        }),
        step: Math.min(...done),
        total: this.steps,
        state: this.state,
      },
      options: this.options,
    };
  }
}

/** At most 128 points, first and last among them. */
function thinned<T>(points: readonly T[], most = 128): T[] {
  if (points.length <= most) return [...points];
  return Array.from({ length: most }, (_, i) => points[Math.round((i * (points.length - 1)) / (most - 1))]);
}
