/**
 * An activation atlas: a map of what a layer can say. Activations of many pictures are laid out so that like ones lie
 * near each other; the map is cut into cells, and each cell shows what excites the mean of its activations.
 * @see https://distill.pub/2019/activation-atlas (Carter et al. 2019)
 */
import { NeuronbookError, ShapeError } from '../../base/errors.ts';
import { rng as seeded } from '../../base/rng.ts';
import { formatDims } from '../../base/shape.ts';
import type { Tensor } from '../../base/tensor.ts';
import type { Model } from '../../model/model.ts';
import { activations } from './activations.ts';
import { directions, type DirectionsOptions } from './directions.ts';
import { Mosaic } from './mosaic.ts';

export interface AtlasOptions extends DirectionsOptions {
  /** Columns and rows of the map. */
  cells?: number;
  /** Activations that a cell needs to be drawn. */
  least?: number;
  /** How many neighbours the layout looks at; more for the large shape, fewer for detail. */
  neighbours?: number;
}

/**
 * The atlas of a layer, from one place, drawn at random, of each picture.
 * @param images N×C×H×W in [0, 1], of the network's size: some hundreds at least
 * @returns a picture per cell, with how many activations it stands for; Interrupt keeps the cells done so far
 * @throws NeuronbookError on fewer than twelve pictures
 * @example await viz.atlas(model, 'conv3', textures.batch(rng('atlas'), 16).image, { cells: 2, steps: 2, least: 1 })
 */
export async function atlas(
  model: Model,
  site: string,
  images: Tensor,
  { cells = 6, least = 3, neighbours = 15, ...options }: AtlasOptions = {},
): Promise<Mosaic> {
  const count = images.dims[0];
  if (count < 12)
    throw new NeuronbookError(`atlas of ${count} pictures; expected twelve at least, better hundreds`);
  const random = seeded(options.seed ?? 0).split('atlas');

  // 1. one vector of each picture
  const { [site]: seen } = await activations(model, images, [site], { input: options.input });
  const vectors = onePlaceEach(seen, site, () => random.uniform());

  // 2. laid out on a plane
  const { UMAP } = await import('umap-js');
  const layout = new UMAP({
    nComponents: 2,
    nNeighbors: Math.max(2, Math.min(neighbours, Math.floor(count / 3))),
    random: () => random.uniform(),
  }).fit(vectors.map(vector => [...vector]));

  // 3. cut into cells, each the mean of what lies there
  const members = new Map<number, number[]>();
  const cellOf = cutter(layout, cells);
  layout.forEach((point, i) => members.set(cellOf(point), [...(members.get(cellOf(point)) ?? []), i]));
  const drawn = [...members].filter(([, own]) => own.length >= least).sort(([a], [b]) => a - b);
  if (!drawn.length)
    throw new NeuronbookError(
      `no cell of the atlas holds ${least} activations of ${count}; give fewer cells, or { least: 1 }`,
    );
  const means = drawn.map(([, own]) => meanOf(own.map(i => vectors[i])));

  // 4. a picture for each
  const pictures = await directions(model, site, means, options);
  const shown = drawn.slice(0, pictures.dims[0]);
  const fullest = Math.max(...shown.map(([, own]) => own.length));
  return new Mosaic(
    `What ${model.name} can say at ${site}`,
    pictures,
    shown.map(([cell]) => [cell % cells, Math.floor(cell / cells)] as const),
    shown.map(([, own]) => `${own.length} of ${count} activations`),
    shown.map(([, own]) => Math.max(0.3, Math.sqrt(own.length / fullest))),
  );
}

/** A vector over channels at a place drawn at random, from each example. */
function onePlaceEach(seen: Tensor, site: string, uniform: () => number): Float32Array[] {
  const { dims } = seen;
  if (dims.length !== 4 && dims.length !== 2)
    throw new ShapeError(
      `atlas of ${formatDims(dims)} at ${site}; expected pictures × channels × height × width`,
    );
  const [count, channels] = dims;
  const plane = seen.size / (count * channels);
  const values = seen.toFloat32OrWider();
  return Array.from({ length: count }, (_, n) => {
    const place = Math.floor(uniform() * plane);
    return Float32Array.from({ length: channels }, (_, c) => values[(n * channels + c) * plane + place]);
  });
}

/** The cell of a point, when the points' own rectangle is cut into cells×cells. */
function cutter(points: readonly (readonly number[])[], cells: number): (point: readonly number[]) => number {
  const [low, high] = [Math.min, Math.max].map(most =>
    [0, 1].map(axis => most(...points.map(point => point[axis]))),
  );
  const at = (point: readonly number[], axis: number) =>
    Math.min(cells - 1, Math.floor((cells * (point[axis] - low[axis])) / (high[axis] - low[axis] || 1)));
  return point => at(point, 1) * cells + at(point, 0);
}

function meanOf(vectors: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(vectors[0].length);
  for (const vector of vectors) vector.forEach((value, c) => (mean[c] += value / vectors.length));
  return mean;
}
