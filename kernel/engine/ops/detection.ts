/**
 * The ends of detectors: regions read out of a map of features, and boxes chosen among many. They run and can be read;
 * gradients stop there.
 */
import { ShapeError } from '../../base/errors.ts';
import { formatDims } from '../../base/shape.ts';
import { intOf, intsOf } from '../attributes.ts';
import type { Call, Op } from '../op.ts';
import type { Known } from '../var.ts';
import { need } from './makers.ts';
import { sizeUnknown } from './ordering.ts';

/** One picture of the given size for each region, which has `width` numbers. */
function regions(call: Call, width: number, size: readonly number[]): Known[] {
  const [{ dtype, dims }, { dims: rois }] = [need(call, 0), need(call, 1, 'rois')];
  if (dims.length !== 4 || rois.length !== 2 || rois[1] !== width)
    throw new ShapeError(
      `regions ${formatDims(rois)} of ${formatDims(dims)}; expected any number × ${width} of N×C×H×W`,
    );
  return [{ dtype, dims: [rois[0], dims[1], ...size] }];
}

export const RoiAlign: Op = {
  infer: call =>
    regions(
      call,
      4,
      ['output_height', 'output_width'].map(name => intOf(call.attributes, name, 1)),
    ),
};

/** Regions of five numbers: which picture, then two corners. */
export const MaxRoiPool: Op = {
  infer: call => regions(call, 5, intsOf(call.attributes, 'pooled_shape', [])),
};

/** Boxes that no better box overlaps much, as [batch, class, box]: how many follows from the scores. */
export const NonMaxSuppression: Op = { infer: sizeUnknown };
