/** A picture for each of many directions in channel space, in batches: what grids and atlases are made of. */
import type { Tensor } from '../../base/tensor.ts';
import type { Model } from '../../model/model.ts';
import { host } from '../../base/host.ts';
import { progress } from '../../display/progress.ts';
import { feature, type FeatureOptions } from './feature.ts';
import { cosine } from './objectives/index.ts';
import { stack } from './stack.ts';

export interface DirectionsOptions extends Pick<
  FeatureOptions,
  'steps' | 'lr' | 'seed' | 'image' | 'transforms' | 'regularize' | 'input' | 'size' | 'live'
> {
  /** How much the direction counts against how far activations go along it. */
  power?: number;
}

/**
 * @param vectors one number per channel each
 * @returns N×C×H×W; fewer where the user interrupts, in the order of the vectors
 */
export async function directions(
  model: Model,
  site: string,
  vectors: readonly Float32Array[],
  { power = 2, steps = 48, live = true, ...options }: DirectionsOptions,
): Promise<Tensor> {
  const together = 16;
  const bar = live ? progress(vectors.length, `pictures of ${site}`) : undefined;
  const made: Tensor[] = [];
  for (let first = 0; first < vectors.length && !host().interrupted; first += together) {
    const some = vectors.slice(first, first + together);
    const objectives = some.map(vector => cosine(site, vector, { power }));
    const { images } = await feature(model, objectives, { ...options, steps, live: false });
    some.forEach((_, i) => made.push(images.at(i).reshape([1, ...images.dims.slice(1)])));
    bar?.step(some.length);
  }
  bar?.end();
  return stack(made);
}
