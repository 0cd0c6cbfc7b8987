/** Many small pictures that are one: on a grid, or each at its place. */
import { toBase64 } from '../../base/base64.ts';
import type { MimeBundle } from '../../base/host.ts';
import { encodePng, type Pixels } from '../../base/png.ts';
import type { Tensor } from '../../base/tensor.ts';
import { toPixels } from '../../data/images.ts';
import { displaySymbol, type DisplayOptions } from '../../display/bundle.ts';
import { atlas } from '../../display/views/atlas.ts';

export class Mosaic {
  constructor(
    readonly title: string,
    /** N×C×H×W in [0, 1] */
    readonly images: Tensor,
    /** Column and row of each picture. */
    readonly places: readonly (readonly [column: number, row: number])[],
    /** What is known of each, such as how many activations it stands for. */
    readonly notes: readonly string[],
    /** From 0 to 1: how much each matters; it is drawn as opaque as that. */
    readonly weights: readonly number[],
  ) {}

  /** Columns and rows. */
  get grid(): [columns: number, rows: number] {
    return [0, 1].map(axis => Math.max(...this.places.map(place => place[axis])) + 1) as [number, number];
  }

  toString(): string {
    const [columns, rows] = this.grid;
    return `${this.title}: ${this.places.length} pictures on ${columns}×${rows} places`;
  }

  /** A sheet that can be zoomed and searched; the picture without gaps where nothing draws it. */
  [Symbol.for('Jupyter.display')](options: DisplayOptions = {}): MimeBundle {
    const { title, notes, places } = this;
    const labels = places.map(([column, row]) => `column ${column + 1}, row ${row + 1}`);
    const [columns, rows] = this.grid;
    const where = columns * rows === places.length ? { columns } : { places };
    const shown = atlas(this.images, { title, labels, notes, ...where })[displaySymbol](options);
    const drawn = { ...shown, 'text/plain': this.toString() };
    if (options.passing) return drawn;
    return { ...drawn, 'image/png': toBase64(encodePng(this.pixels())) };
  }

  /** All pictures side by side, without gaps; what has no picture is transparent. */
  pixels(): Pixels {
    const tiles = this.places.map((_, i) => toPixels(this.images, { index: i }));
    const [{ width, height }] = tiles;
    const [columns, rows] = this.grid;
    const data = new Uint8Array(columns * width * rows * height * 4);
    tiles.forEach((tile, i) => {
      const [column, row] = this.places[i];
      for (let p = 0; p < width * height; p++) {
        const [x, y] = [column * width + (p % width), row * height + Math.floor(p / width)];
        const to = (y * columns * width + x) * 4;
        for (let c = 0; c < 3; c++)
          data[to + c] = tile.data[p * tile.channels + (tile.channels >= 3 ? c : 0)];
        data[to + 3] = Math.round(255 * this.weights[i]);
      }
    });
    return { width: columns * width, height: rows * height, channels: 4, data };
  }
}
