/** What pictures pay while they ascend: the sum of their regularizers, whose weights are fed at each step. */
import { tensor } from '../../base/tensor.ts';
import { add, mul, reduceMean, reduceSum } from '../../engine/functions.ts';
import type { Trace } from '../../engine/trace.ts';
import type { Var } from '../../engine/var.ts';
import type { Regularizer } from './regularizers.ts';

export interface Penalized {
  /** What all pictures pay together; undefined where nothing is to be paid. */
  readonly penalty?: Var;
  /** Weights to be fed at a step, from 0, at which nothing is paid: a picture that then stays as it is gets no gradient. */
  feed(step: number, steps: number): Record<string, ReturnType<typeof tensor>>;
}

/** Σ over regularizers of weight · Σ over pictures of the mean penalty, the weights being inputs of the graph. */
export function penalized(trace: Trace, picture: Var, regularizers: readonly Regularizer[]): Penalized {
  const name = (i: number) => `ascent.weight.${i}`;
  const terms = regularizers.map((each, i) => {
    const cost = each.penalty(picture);
    const mean = reduceMean(cost, cost.dims.map((_, axis) => axis).slice(1));
    return mul(reduceSum(mean), trace.input(name(i), 'float32', []));
  });
  return {
    penalty: terms.length ? terms.reduce((a, b) => add(a, b)) : undefined,
    feed: (step, steps) =>
      Object.fromEntries(
        regularizers.map(({ weight, schedule }, i) => [
          name(i),
          tensor(Float32Array.of(step === 0 ? 0 : weight * (schedule?.(step, steps) ?? 1)), []),
        ]),
      ),
  };
}
