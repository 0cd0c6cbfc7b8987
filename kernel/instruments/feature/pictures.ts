/** Pictures to look at: a batch as a labelled sheet. */
import { toBase64 } from '../../base/base64.ts';
import type { MimeBundle } from '../../base/host.ts';
import { encodePng } from '../../base/png.ts';
import { isTensor, type Tensor } from '../../base/tensor.ts';
import { sheet, type Tile } from '../../display/sheet.ts';
import { toPixels } from '../../data/images.ts';

/** A value that shows itself as a sheet of pictures. */
export class Pictures {
  constructor(
    readonly images: readonly Tensor[],
    readonly labels: readonly string[],
  ) {}

  toString(): string {
    const labels = this.labels.length ? `: ${this.labels.join(', ')}` : '';
    return `${this.images.length} pictures${labels}`;
  }

  [Symbol.for('Jupyter.display')](): MimeBundle {
    const tiles = this.images.map((image, i): Tile => ({
      pixels: toPixels(image),
      label: this.labels[i] ?? '',
    }));
    return { 'image/png': toBase64(encodePng(sheet(tiles))), 'text/plain': this.toString() };
  }
}

/**
 * Shows pictures, with a label under each.
 * @param images a batch N×C×H×W, or a list of pictures C×H×W or 1×C×H×W, in [0, 1]
 * @example viz.pictures([image, brighter], ['as it is', 'brighter'])
 */
export function pictures(images: Tensor | readonly Tensor[], labels: readonly string[] = []): Pictures {
  if (!isTensor(images)) return new Pictures(images, labels);
  const batch = images.dims.length === 4;
  return new Pictures(
    batch ? Array.from({ length: images.dims[0] }, (_, i) => images.at(i)) : [images],
    labels,
  );
}
