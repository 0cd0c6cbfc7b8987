/** From a picture in [0, 1] to what a network was trained on. */
import { tensor } from '../../../base/tensor.ts';
import { add, constant, mul } from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';

/** Pixels in [0, 1] → what the network was trained on: (order(x)·scale − mean) / std, per channel. */
export function preprocess(
  picture: Var,
  {
    scale,
    mean,
    std,
    order,
  }: { scale: number; mean: readonly number[]; std: readonly number[]; order: 'rgb' | 'bgr' },
): Var {
  const channels = picture.dims[1];
  const ordered =
    order === 'bgr' && channels === 3
      ? picture.trace.apply('Gather', [picture, constant(picture.trace, tensor([2n, 1n, 0n]))], {
          axis: 1n,
        })[0]
      : picture;
  const vector = (values: readonly number[]) =>
    constant(
      picture.trace,
      tensor(
        Array.from({ length: channels }, (_, c) => values[c % values.length]),
        [1, channels, 1, 1],
      ),
    );
  // folded into one multiplication and one addition: x·(scale/std) + (−mean/std)
  const slope = vector(Array.from({ length: channels }, (_, c) => scale / std[c % std.length]));
  const offset = vector(
    Array.from({ length: channels }, (_, c) => -mean[c % mean.length] / std[c % std.length]),
  );
  return add(mul(ordered, slope), offset);
}
