/** Several pictures for one objective, each unlike the others. */
import { NeuronbookError } from '../../../base/errors.ts';
import { add, div, mul, neg, reduceSum, sqrt } from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';
import { stated, type Objective } from '../../../model/objective.ts';
import { everywhere, gram } from './reading.ts';

/**
 * How unlike the other pictures of the batch a picture is: minus the mean cosine between their Gram matrices. Added to
 * an objective, with `count` pictures of it, it brings out the different things that one channel answers to.
 * @see https://distill.pub/2017/feature-visualization (Olah et al. 2017, "Diversity")
 * @throws NeuronbookError where there is one picture
 * @example await viz.feature(model, channel('conv3', 5).add(viz.diversity('conv2').scale(2)), { count: 3 })
 */
export function diversity(site: string): Objective {
  return stated(`diversity('${site}')`, read => {
    const grams = everywhere(read, site).map(gram);
    const own = read.examples?.index ?? 0;
    if (grams.length < 2)
      throw new NeuronbookError(
        `diversity('${site}') needs several pictures that ascend together; give { count: 4 }, to a network whose batch varies`,
      );
    const others = grams.filter((_, i) => i !== own);
    return neg(
      mul(
        others.map(other => cosineOf(grams[own], other)).reduce((a, b) => add(a, b)),
        1 / others.length,
      ),
    );
  });
}

const dot = (a: Var, b: Var): Var => reduceSum(mul(a, b));

const cosineOf = (a: Var, b: Var): Var => div(dot(a, b), sqrt(add(mul(dot(a, a), dot(b, b)), 1e-12)));
