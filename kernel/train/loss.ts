/**
 * Losses as values: what to compare, as a piece of graph that ends in one number. They print themselves.
 * A target is an entry of the batch that the network itself does not read.
 */
import { ShapeError } from '../base/errors.ts';
import { formatDims, sameDims, sizeOf } from '../base/shape.ts';
import {
  abs,
  add,
  cast,
  div,
  equal,
  full,
  indicator,
  log,
  mul,
  not,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  scatterAdd,
  softmax,
  sub,
} from '../engine/functions.ts';
import { gatherElements } from '../engine/functions-indexing.ts';
import type { Var } from '../engine/var.ts';

export interface LossContext {
  /** The value at a site of the network, an output or any other. */
  value(site: string): Var;
  /** An entry of the batch. @param labels what its numbers have to be, where it holds classes */
  target(name: string, labels?: Labels): Var;
}

/** Classes from 0 to below `count`, read against the scores at a site. */
export interface Labels {
  count: number;
  logits: string;
  /** The number that stands for no class. */
  ignore?: number;
}

export interface Loss {
  /** The scalar to minimise. */
  build(context: LossContext): Var;
  plus(other: Loss): Loss;
  scale(factor: number): Loss;
  toString(): string;
}

/**
 * A loss of one's own.
 * @param text says all that it depends on: a run is resumed only under the same text
 * @param build makes it from sites of the network and entries of the batch; it must end in one number
 * @example loss('small activations', ({ value }) => ops.reduceMean(ops.abs(value('hidden'))))
 */
export const loss = (text: string, build: (context: LossContext) => Var): Loss => ({
  build,
  plus: other => loss(`${text} + ${other}`, context => add(build(context), other.build(context))),
  scale: factor => loss(`${factor}·(${text})`, context => mul(build(context), factor)),
  toString: () => text,
});

export interface CrossEntropyOptions {
  /** The site of the scores; the classes are its last axis. */
  logits?: string;
  /** The entry of the batch with the right class of each row: integers, of the axes before the classes. */
  label?: string;
  /** s: the target is 1 − s at the label and s/K more everywhere. @see https://arxiv.org/abs/1512.00567 */
  smoothing?: number;
  /** Rows with this label do not count, such as padding. */
  ignore?: number;
}

/**
 * Mean over all rows of −Σ_k q_k log softmax(x)_k, where q is 1 at the label.
 *
 * log Σ eˣ is taken from the softmax p, which the gradient (p − q)/rows needs too: it is max x − log max p.
 * @throws ShapeError where the labels do not have the axes of the rows
 * @example await fit(net, data, { loss: crossEntropy({ label: 'next' }), steps: 1000 })
 */
export const crossEntropy = ({
  logits = 'logits',
  label = 'label',
  smoothing = 0,
  ignore,
}: CrossEntropyOptions = {}): Loss => {
  const settings = [
    smoothing && `smoothing ${smoothing}`,
    ignore !== undefined && `labels ${ignore} ignored`,
  ].filter(Boolean);
  return loss(`crossEntropy(${[logits, label, ...settings].join(', ')})`, ({ value, target }) => {
    const scores = value(logits);
    const labels = target(label, { count: scores.dims.at(-1) ?? 0, logits, ignore });
    const lead = scores.dims.slice(0, -1);
    if (!sameDims(labels.dims, lead))
      throw new ShapeError(
        `labels ${label} are ${formatDims(labels.dims)}; expected ${formatDims(lead)} ` +
          `for ${logits} of ${formatDims(scores.dims)}`,
      );
    const [rows, classes] = [sizeOf(lead), scores.dims[lead.length]];
    const given = reshape(cast(labels, 'int64'), [rows, 1]);
    const counted = ignore === undefined ? undefined : indicator(not(equal(given, ignore)), scores);
    const share = counted
      ? div(counted, reduceSum(counted))
      : full(scores.trace, [rows, 1], 1 / rows, scores.dtype);
    // rows that do not count are read at class 0
    const at = counted ? mul(given, cast(counted, 'int64')) : given;
    const x = reshape(scores, [rows, classes]);
    return scores.trace.custom(
      [x],
      () => {
        const logSum = sub(reduceMax(x, [1], true), log(reduceMax(softmax(x), [1], true)));
        const right = gatherElements(x, at, 1);
        const everywhere = smoothing ? mul(reduceMean(x, [1], true), smoothing) : undefined;
        const wanted = everywhere ? add(mul(right, 1 - smoothing), everywhere) : right;
        return reduceSum(mul(sub(logSum, wanted), share));
      },
      dy => {
        const weight = mul(share, dy); // rows×1
        const p = mul(softmax(x), weight);
        const q = scatterAdd(p, at, mul(weight, smoothing - 1), 1);
        return [smoothing ? sub(q, mul(weight, smoothing / classes)) : q];
      },
    );
  });
};

const difference = ({ value, target }: LossContext, output: string, name: string): Var => {
  const [y, wanted] = [value(output), target(name)];
  if (!sameDims(y.dims, wanted.dims))
    throw new ShapeError(
      `target ${name} is ${formatDims(wanted.dims)}; expected ${formatDims(y.dims)}, the shape of ${output}`,
    );
  return sub(y, wanted);
};

/**
 * mean (y − target)²
 * @throws ShapeError where the target does not have the dims of the output
 * @example await fit(net, { x, target }, { loss: mse({ output: 'y' }), steps: 100 })
 */
export const mse = ({ output = 'output', target = 'target' } = {}): Loss =>
  loss(`mse(${output}, ${target})`, context => {
    const off = difference(context, output, target);
    return reduceMean(mul(off, off));
  });

/**
 * mean |y − target|
 * @throws ShapeError where the target does not have the dims of the output
 * @example await fit(net, { x, target }, { loss: mae({ output: 'y' }), steps: 100 })
 */
export const mae = ({ output = 'output', target = 'target' } = {}): Loss =>
  loss(`mae(${output}, ${target})`, context => reduceMean(abs(difference(context, output, target))));
