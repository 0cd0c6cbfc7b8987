/** Between two objectives: what lies on the way from one to the other. */
import { NeuronbookError } from '../../../base/errors.ts';
import { abs, add, mul, neg, reduceMean, sub } from '../../../engine/functions.ts';
import { stated, type Objective } from '../../../model/objective.ts';

/**
 * Objectives from `a` to `b` in equal steps: (1 − t)·a + t·b, one picture each. Joined by `alike`, neighbours share
 * what they can, and the row reads as one picture that changes.
 * @example
 * const way = viz.interpolate(channel('conv3', 5), channel('conv3', 9), { count: 4 })
 * await viz.feature(model, way.map(each => each.add(viz.alike('conv1').scale(0.5))))
 */
export function interpolate(a: Objective, b: Objective, { count = 5 }: { count?: number } = {}): Objective[] {
  if (!Number.isInteger(count) || count < 2)
    throw new NeuronbookError(`interpolation in ${count} pictures; expected a whole number from 2`);
  return Array.from({ length: count }, (_, i) => {
    const t = +(i / (count - 1)).toFixed(4);
    if (t === 0) return a;
    return t === 1 ? b : a.scale(+(1 - t).toFixed(4)).add(b.scale(t));
  });
}

/**
 * How near a picture's activations are to those of its neighbours in the batch: −mean |a − a_neighbour|.
 * @throws NeuronbookError where a picture has no neighbours
 * @see Lucid's `alignment`
 * @example await viz.feature(model, [1, 2].map(c => channel('conv3', c).add(viz.alike('conv1'))))
 */
export function alike(site: string): Objective {
  return stated(`alike('${site}')`, read => {
    const { values, index } = read.examples ?? { values: () => [], index: 0 };
    const all = values(site);
    const near = [all[index - 1], all[index + 1]].filter(value => value !== undefined);
    if (!near.length)
      throw new NeuronbookError(`alike('${site}') needs several pictures that ascend together; there is one`);
    const distances = near.map(value => reduceMean(abs(sub(all[index], value))));
    return neg(
      mul(
        distances.reduce((a, b) => add(a, b)),
        1 / near.length,
      ),
    );
  });
}
