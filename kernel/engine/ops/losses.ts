/** The losses of graphs that were exported for training, in ops that have gradients. */
import { sizeOf } from '../../base/shape.ts';
import { tensor } from '../../base/tensor.ts';
import { intOf, textOf } from '../attributes.ts';
import { gatherElements } from '../functions-indexing.ts';
import {
  div,
  equal,
  gather,
  indicator,
  logSoftmax,
  mul,
  neg,
  not,
  reduceSum,
  squeeze,
  unsqueeze,
  where,
} from '../functions.ts';
import type { Call, Op } from '../op.ts';
import type { Known, Var } from '../var.ts';
import { need } from './makers.ts';

/** One number per target, or their sum or mean. */
function lossDims(call: Call): Known {
  const [scores, targets] = [need(call, 0, 'scores'), need(call, 1, 'targets')];
  const whole = textOf(call.attributes, 'reduction', 'mean') !== 'none';
  return { dtype: scores.dtype, dims: whole ? [] : targets.dims };
}

/**
 * Lᵢ = −wₜ·ln p(t) for target t of place i; targets that are `ignore_index` weigh 0.
 * The mean is over the weights: Σ Lᵢ / Σ wₜ.
 * @param logs ln p: batch×classes×places…
 */
function likelihood(call: Call<Var>, logs: Var): Var {
  const [, targets, weights] = call.inputs as [Var, Var, Var | undefined];
  const { attributes } = call;
  const reduction = textOf(attributes, 'reduction', 'mean');
  const ignored =
    attributes.ignore_index === undefined
      ? undefined
      : equal(
          targets,
          logs.trace.constant(tensor([intOf(attributes, 'ignore_index', 0)], [], targets.dtype)),
        );
  const known = ignored ? where(ignored, 0, targets) : targets;
  const own = weights && gather(weights, known);
  const counted = ignored && indicator(not(ignored), logs);
  const weight = own && counted ? mul(own, counted) : (own ?? counted);

  const picked = neg(squeeze(gatherElements(logs, unsqueeze(known, [1]), 1), [1]));
  const each = weight ? mul(picked, weight) : picked;
  if (reduction === 'none') return each;
  if (reduction === 'sum') return reduceSum(each);
  return div(reduceSum(each), weight ? reduceSum(weight) : sizeOf(targets.dims));
}

export const NegativeLogLikelihoodLoss: Op = {
  infer: call => [lossDims(call)],
  expand: call => [likelihood(call, call.inputs[0]!)],
};

/** The same after a softmax over the classes; the second output is ln p. */
export const SoftmaxCrossEntropyLoss: Op = {
  infer: call => [lossDims(call), need(call, 0)].slice(0, call.outputCount),
  expand(call) {
    const logs = logSoftmax(call.inputs[0]!, 1);
    return [likelihood(call, logs), logs];
  },
};
