/**
 * Numbers drawn anew in each run. They do not vary with what they are drawn from: nothing flows back into a probability
 * or a like, as in PyTorch, and a gradient goes around them, into μ and σ of μ + σ·RandomNormalLike(μ).
 */
import type { DType } from '../../base/dtype.ts';
import { ShapeError } from '../../base/errors.ts';
import { formatDims } from '../../base/shape.ts';
import { intOf, intsOf } from '../attributes.ts';
import { dtypeFromNumber } from '../functions.ts';
import { noGradient, type Call, type Op } from '../op.ts';
import { need } from './makers.ts';

const dtypeOf = ({ attributes }: Call, otherwise: DType): DType =>
  attributes.dtype === undefined ? otherwise : dtypeFromNumber(intOf(attributes, 'dtype', 1));

/** Of the dims in the attribute `shape`. */
const shaped: Op = {
  infer: call => [{ dtype: dtypeOf(call, 'float32'), dims: intsOf(call.attributes, 'shape', []) }],
  gradient: noGradient,
};

/** Of the dims of the input. */
const alike: Op = {
  infer(call) {
    const { dtype, dims } = need(call, 0);
    return [{ dtype: dtypeOf(call, dtype), dims }];
  },
  gradient: noGradient,
};

export const RandomNormal = shaped;
export const RandomUniform = shaped;
export const RandomNormalLike = alike;
export const RandomUniformLike = alike;
/** 1 with the probability that the input says, else 0. */
export const Bernoulli = alike;

/** Classes, drawn by their log-probabilities in each row. */
export const Multinomial: Op = {
  infer(call) {
    const { dims } = need(call, 0);
    if (dims.length !== 2)
      throw new ShapeError(`log-probabilities are ${formatDims(dims)}; expected rows × classes`);
    return [{ dtype: dtypeOf(call, 'int32'), dims: [dims[0], intOf(call.attributes, 'sample_size', 1)] }];
  },
  gradient: noGradient,
};
