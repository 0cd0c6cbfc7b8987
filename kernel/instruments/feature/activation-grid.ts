/** What a layer sees at each place of a picture: a small picture for the activations there. */
import { NeuronbookError, ShapeError } from '../../base/errors.ts';
import { formatDims } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { Model } from '../../model/model.ts';
import { activations } from './activations.ts';
import { directions, type DirectionsOptions } from './directions.ts';
import { Mosaic } from './mosaic.ts';

export interface ActivationGridOptions extends DirectionsOptions {
  /** Columns and rows at most: neighbouring places are averaged until they fit. */
  cells?: number;
}

/**
 * A picture as a layer sees it. At each place the activations of all channels are a direction; each gets the picture
 * that most excites it, and all of them stand where the place is, as opaque as the activations there are strong.
 * @param image 1×C×H×W in [0, 1], of the network's size
 * @throws ShapeError where the site has no places, or the picture is a batch
 * @see https://distill.pub/2018/building-blocks (Olah et al. 2018, "What does the network see?")
 * @example await viz.activationGrid(model, 'conv3', image, { cells: 2, steps: 2 })
 */
export async function activationGrid(
  model: Model,
  site: string,
  image: Tensor,
  { cells = 6, ...options }: ActivationGridOptions = {},
): Promise<Mosaic> {
  if (!Number.isInteger(cells) || cells < 1)
    throw new NeuronbookError(`activation grid of ${cells} cells; expected a whole number from 1`);
  const { [site]: seen } = await activations(model, image, [site], { input: options.input });
  if (seen.dims.length !== 4 || seen.dims[0] !== 1)
    throw new ShapeError(
      `activation grid of ${formatDims(seen.dims)} at ${site}; expected one picture, and a site with channels × height × width`,
    );
  const [, channels, height, width] = seen.dims;
  const [columns, rows] = [Math.min(cells, width), Math.min(cells, height)];
  const vectors = Array.from({ length: rows * columns }, () => new Float32Array(channels));
  const values = seen.toFloat32OrWider();
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const cell = Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
        vectors[cell][c] += values[(c * height + y) * width + x];
      }
  const lengths = vectors.map(vector => Math.hypot(...vector));
  const strongest = Math.max(...lengths, 1e-12);
  const images = await directions(model, site, vectors, options);
  const places = vectors
    .slice(0, images.dims[0])
    .map((_, i) => [i % columns, Math.floor(i / columns)] as const);
  return new Mosaic(
    `What ${model.name} sees at ${site}`,
    images,
    places,
    lengths.map(length => `${Math.round((100 * length) / strongest)} % of the strongest`),
    lengths.map(length => Math.max(0.15, length / strongest)),
  );
}
