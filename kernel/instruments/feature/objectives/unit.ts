/**
 * Single units: a neuron, a channel, and several of either by weights.
 * @see https://distill.pub/2017/feature-visualization (Olah et al. 2017, "Optimization objectives")
 */
import { NeuronbookError } from '../../../base/errors.ts';
import type { Tensor } from '../../../base/tensor.ts';
import { add, mul, reduceMean, reduceSum } from '../../../engine/functions.ts';
import { elementAt, stated, type Objective } from '../../../model/objective.ts';
import { given, located, oneChannel, placeOf } from './reading.ts';

/**
 * Mean over every position of one channel (a feature map). For a site without positions: that unit.
 * @example await viz.feature(model, channel('conv3', 5).add(channel('conv3', 6)))
 */
export function channel(site: string, index: number): Objective {
  return stated(`channel('${site}', ${index})`, read => reduceMean(oneChannel(located(read, site), index)));
}

/**
 * One unit: a channel at one position.
 * @param position one number per axis after batch and channel; the centre where left out
 * @example await model.gradient({ image }, { of: neuron('conv3', 5), at: ['image'] })
 */
export function neuron(site: string, index: number, position?: readonly number[]): Objective {
  const where = position ? `, [${position.join(', ')}]` : '';
  return stated(`neuron('${site}', ${index}${where})`, read => {
    const place = located(read, site);
    const at = placeOf(place, position);
    let next = 0;
    const full = place.value.dims.map((_, i) => (i === 0 ? 0 : i === place.axis ? index : at[next++]));
    return elementAt(place.value, full, site);
  });
}

/**
 * Several channels, each by its weight: Σ w_c · mean a_c. With one weight for every channel it is `direction`.
 * @param weights weight by channel
 * @example await viz.feature(model, viz.channels('conv3', { 5: 1, 6: -0.5 }))
 */
export function channels(site: string, weights: Readonly<Record<number, number>>): Objective {
  const entries = Object.entries(weights).map(([index, weight]) => [Number(index), weight] as const);
  if (!entries.length || entries.some(([, weight]) => !Number.isFinite(weight)))
    throw new NeuronbookError(
      `channel weights at ${site}: ${JSON.stringify(weights)}; expected finite numbers by channel, such as { 5: 1, 6: -0.5 }`,
    );
  const text = entries.map(([index, weight]) => `${index}: ${weight}`).join(', ');
  return stated(`channels('${site}', { ${text} })`, read => {
    const place = located(read, site);
    return entries
      .map(([index, weight]) => mul(reduceMean(oneChannel(place, index)), weight))
      .reduce((a, b) => add(a, b));
  });
}

/**
 * Every neuron of a site by its weight: Σ w · a, over all channels and positions.
 * @param weights one number per neuron, of the site's dims without the batch
 * @example
 * const grads = await model.gradient({ image }, { of: logit('logits', 3), at: ['conv3'] })
 * await viz.feature(model, viz.neurons('conv3', grads.conv3))
 */
export function neurons(site: string, weights: Tensor): Objective {
  return stated(
    `neurons('${site}', ${weights.size} weights)`,
    read => {
      const place = located(read, site);
      return reduceSum(mul(place.value, given(place, weights)));
    },
    weights.toFloat32OrWider(),
  );
}
