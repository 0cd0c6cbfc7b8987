/** Pictures to look at: a batch as a labelled sheet. */
import { toBase64 } from '../../base/base64.ts';
import type { MimeBundle } from '../../base/host.ts';
import { encodePng } from '../../base/png.ts';
import { formatDims } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import { sheet, type Tile } from '../../display/sheet.ts';
import { toPixels } from '../../data/images.ts';

/** A value that shows itself as a sheet of pictures. */
export class Pictures {
  constructor(
    readonly images: Tensor,
    readonly labels: readonly string[],
  ) {}

  toString(): string {
    const labels = this.labels.length ? `: ${this.labels.join(', ')}` : '';
    return `pictures ${formatDims(this.images.dims)}${labels}`;
  }

  [Symbol.for('Jupyter.display')](): MimeBundle {
    const count = this.images.dims.length === 4 ? this.images.dims[0] : 1;
    const tiles = Array.from({ length: count }, (_, index): Tile => ({
      pixels: toPixels(this.images, { index }),
      label: this.labels[index] ?? '',
    }));
    return { 'image/png': toBase64(encodePng(sheet(tiles))), 'text/plain': this.toString() };
  }
}

/**
 * Shows pictures.
 * @param images N×C×H×W, C×H×W or H×W, in [0, 1]
 */
export const pictures = (images: Tensor, labels: readonly string[] = []): Pictures =>
  new Pictures(images, labels);
