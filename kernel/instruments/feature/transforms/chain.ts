/** A chain of transforms as one graph piece: warps that follow each other are one resampling. */
import type { Rng } from '../../../base/rng.ts';
import type { Tensor } from '../../../base/tensor.ts';
import type { Trace } from '../../../engine/trace.ts';
import type { Var } from '../../../engine/var.ts';
import type { PictureDims } from '../image/parameterization.ts';
import type { Filter } from './filters.ts';
import { mapDims, mapTensor, resample } from './resample.ts';
import { compose, reachOf, type Warp } from './warps.ts';

/** What happens to a picture before the network sees it: an affine map, or a graph piece. */
export type Transform = Warp | Filter;

const isFilter = (transform: Transform): transform is Filter => 'apply' in transform;

export interface Chained {
  /** What the network sees. */
  readonly seen: Var;
  /** What the graph is fed at a step. */
  feed(rng: Rng): Record<string, Tensor>;
}

/** @param picture N×C×H×W in [0, 1] */
export function chained(trace: Trace, picture: Var, transforms: readonly Transform[]): Chained {
  const draws: { name: string; draw: (rng: Rng) => Tensor }[] = [];
  const fed = (dims: readonly number[], draw: (rng: Rng) => Tensor): Var => {
    const name = `ascent.transform.${draws.length}`;
    draws.push({ name, draw });
    return trace.input(name, 'float32', dims);
  };
  const seen = grouped(transforms).reduce((x, group) => {
    const dims = x.dims as unknown as PictureDims;
    const [, , height, width] = dims;
    if (!isFilter(group[0])) {
      const warps = group as readonly Warp[];
      const map = fed(mapDims, rng => mapTensor(compose(warps, rng), height, width));
      return resample(x, map, reachOf(warps));
    }
    const [filter] = group;
    // one that draws nothing is handed the picture
    return filter.apply(x, filter.fed ? fed(filter.fed(dims), rng => filter.draw!(rng, dims)) : x);
  }, picture);
  return { seen, feed: rng => Object.fromEntries(draws.map(({ name, draw }) => [name, draw(rng)])) };
}

/** Runs of warps, and each filter alone. */
function grouped(transforms: readonly Transform[]): Transform[][] {
  const groups: Transform[][] = [];
  for (const transform of transforms) {
    const last = groups.at(-1);
    if (last && !isFilter(last[0]) && !isFilter(transform)) last.push(transform);
    else groups.push([transform]);
  }
  return groups;
}
