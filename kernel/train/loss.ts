/**
 * Losses as values: what to compare, as a piece of graph that ends in one number. They print themselves.
 * A target is an entry of the batch that the network itself does not read.
 */
import { ShapeError } from '../base/errors.ts';
import { formatDims, sameDims } from '../base/shape.ts';
import { tensor } from '../base/tensor.ts';
import {
  abs,
  add,
  cast,
  equal,
  indicator,
  logSoftmax,
  mul,
  neg,
  reduceMean,
  reduceSum,
  sub,
  unsqueeze,
} from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';

export interface LossContext {
  /** The value at a site of the network, an output or any other. */
  value(site: string): Var;
  /** An entry of the batch. */
  target(name: string): Var;
}

export interface Loss {
  /** The scalar to minimise. */
  build(context: LossContext): Var;
  plus(other: Loss): Loss;
  scale(factor: number): Loss;
  toString(): string;
}

/** A loss of one's own: its text and how to build it. */
export const loss = (text: string, build: (context: LossContext) => Var): Loss => ({
  build,
  plus: other => loss(`${text} + ${other}`, context => add(build(context), other.build(context))),
  scale: factor => loss(`${factor}·(${text})`, context => mul(build(context), factor)),
  toString: () => text,
});

/**
 * Mean over all rows of −Σ_k q_k log softmax(logits)_k; q is 1 at the label, or 1 − s there and s/K more everywhere
 * with `smoothing` s. The classes are the last axis; labels are integers and have the axes before it.
 */
export const crossEntropy = ({ logits = 'logits', label = 'label', smoothing = 0 } = {}): Loss =>
  loss(
    `crossEntropy(${logits}, ${label}${smoothing ? `, smoothing ${smoothing}` : ''})`,
    ({ value, target }) => {
      const scores = value(logits);
      const labels = target(label);
      const classes = scores.dims[scores.dims.length - 1];
      if (!sameDims(labels.dims, scores.dims.slice(0, -1)))
        throw new ShapeError(
          `labels ${label} are ${formatDims(labels.dims)}; expected ${formatDims(scores.dims.slice(0, -1))} ` +
            `for ${logits} of ${formatDims(scores.dims)}`,
        );
      // one-hot: [label = k] for k = 0 … K−1
      const all = scores.trace.constant(tensor(BigInt64Array.from({ length: classes }, (_, k) => BigInt(k))));
      const hot = indicator(equal(unsqueeze(cast(labels, 'int64'), [labels.dims.length]), all), scores);
      const wanted = smoothing ? add(mul(hot, 1 - smoothing), smoothing / classes) : hot;
      const perRow = reduceSum(mul(wanted, logSoftmax(scores)), [scores.dims.length - 1]);
      return neg(reduceMean(perRow));
    },
  );

const difference = ({ value, target }: LossContext, output: string, name: string): Var => {
  const [y, wanted] = [value(output), target(name)];
  if (!sameDims(y.dims, wanted.dims))
    throw new ShapeError(
      `target ${name} is ${formatDims(wanted.dims)}; expected ${formatDims(y.dims)}, the shape of ${output}`,
    );
  return sub(y, wanted);
};

/** mean (y − target)² */
export const mse = ({ output = 'output', target = 'target' } = {}): Loss =>
  loss(`mse(${output}, ${target})`, context => {
    const off = difference(context, output, target);
    return reduceMean(mul(off, off));
  });

/** mean |y − target| */
export const mae = ({ output = 'output', target = 'target' } = {}): Loss =>
  loss(`mae(${output}, ${target})`, context => reduceMean(abs(difference(context, output, target))));
