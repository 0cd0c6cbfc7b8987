/** Classes: scores before the softmax, and behind it. */
import { ShapeError } from '../../../base/errors.ts';
import { reduceSum, softmax } from '../../../engine/functions.ts';
import { stated, type Objective } from '../../../model/objective.ts';
import { located, oneChannel } from './reading.ts';

/**
 * A class score before the softmax. Where the site is itself a softmax, give the site in front of it: probabilities
 * saturate, and a picture that only has to push the other classes down need not show anything.
 * @param index the class's number
 * @example await model.gradient({ image }, { of: logit('logits', 3), at: ['image'] })
 */
export function logit(site: string, index: number): Objective {
  return stated(`logit('${site}', ${index})`, read => reduceSum(oneChannel(located(read, site), index)));
}

/**
 * A class's probability: the softmax of the scores at a site, which may itself be one already.
 * @param index the class's number
 * @throws ShapeError where the site has positions
 * @example await viz.feature(model, viz.probability('logits', 3))
 */
export function probability(site: string, index: number): Objective {
  return stated(`probability('${site}', ${index})`, read => {
    const place = located(read, site);
    if (place.value.dims.some((size, i) => i !== 0 && i !== place.axis && size !== 1))
      throw new ShapeError(
        `probability at ${site}, which has positions: ${place.value.dims.join('×')}; expected the scores of classes`,
      );
    if (read.describe(site).op === 'Softmax') return reduceSum(oneChannel(place, index));
    return reduceSum(oneChannel({ ...place, value: softmax(place.value, place.axis) }, index));
  });
}
