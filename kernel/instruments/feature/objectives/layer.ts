/** A whole layer: more of whatever it sees. */
import { mul, reduceMean } from '../../../engine/functions.ts';
import { stated, type Objective } from '../../../model/objective.ts';
import { located } from './reading.ts';

/**
 * DeepDream: the mean square of every activation, so that whatever a picture excites a little it comes to excite more.
 * Start from a picture: `image: viz.fourier({ from })`.
 * @see https://research.google/blog/inceptionism-going-deeper-into-neural-networks (Mordvintsev et al. 2015)
 * @example await viz.feature(model, viz.layer('conv3'), { image: viz.fourier({ from: image }) })
 */
export function layer(site: string): Objective {
  return stated(`layer('${site}')`, read => {
    const { value } = located(read, site);
    return reduceMean(mul(value, value));
  });
}
