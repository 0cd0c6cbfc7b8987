/**
 * Regularizers: what a picture pays for, beside what it is to excite. Each is a penalty on the picture in [0, 1], a mean
 * over its pixels and colours, so that a weight means the same at any size; a schedule may change the weight as the
 * ascent goes. The scores that are shown are those of the objectives alone.
 */
import { NeuronbookError } from '../../base/errors.ts';
import { tensor } from '../../base/tensor.ts';
import { abs, add, constant, mul, slice, sqrt, sub } from '../../engine/functions.ts';
import type { Var } from '../../engine/var.ts';
import type { Schedule } from '../../train/schedule.ts';
import { blurred } from './transforms/blurred.ts';

export interface Regularizer {
  readonly text: string;
  readonly weight: number;
  /** A factor on the weight, from the step and how many there are. */
  readonly schedule?: Schedule;
  /** N×C×H×W in [0, 1] → what each number of it costs, of any dims with N first. */
  penalty(picture: Var): Var;
}

export interface RegularizerOptions {
  /** A factor on the weight as the ascent goes: `schedule.cosine()` ends at none, `schedule.linear({ … })`. */
  schedule?: Schedule;
}

function regularizer(
  name: string,
  weight: number,
  { schedule }: RegularizerOptions,
  penalty: (picture: Var) => Var,
): Regularizer {
  if (!Number.isFinite(weight))
    throw new NeuronbookError(`weight of ${name}: ${weight}; expected a finite number`);
  return { text: `${name}(${weight}${schedule ? `, ${schedule.text}` : ''})`, weight, schedule, penalty };
}

/** What grey is: pictures pay for what differs from it. */
const grey = 0.5;
const square = (x: Var): Var => mul(x, x);

/**
 * Total variation, √(∂x² + ∂y²): smooth areas with sharp edges.
 * @see https://doi.org/10.1016/0167-2789(92)90242-F (Rudin, Osher & Fatemi 1992)
 * @example await viz.feature(model, 'conv3', { channel: 5, regularize: [viz.regularize.totalVariation(5)] })
 */
export const totalVariation = (weight: number, options: RegularizerOptions = {}): Regularizer =>
  regularizer('totalVariation', weight, options, picture => {
    const [height, width] = picture.dims.slice(2);
    const inner = slice(picture, [0, 0], [height - 1, width - 1], [2, 3]);
    const down = sub(slice(picture, [1, 0], [height, width - 1], [2, 3]), inner);
    const across = sub(slice(picture, [0, 1], [height - 1, width], [2, 3]), inner);
    // a little is added so that the slope is finite where the picture is flat
    return sqrt(add(add(square(down), square(across)), 1e-6));
  });

/**
 * |x − ½|: grey wherever colour is not needed.
 * @example await viz.feature(model, 'conv3', { channel: 5, regularize: [viz.regularize.l1(2)] })
 */
export const l1 = (weight: number, options: RegularizerOptions = {}): Regularizer =>
  regularizer('l1', weight, options, picture => abs(sub(picture, grey)));

/**
 * (x − ½)²: no extreme colours.
 * @see https://arxiv.org/abs/1312.6034 (Simonyan, Vedaldi & Zisserman 2014)
 * @example await viz.feature(model, 'conv3', { channel: 5, regularize: [viz.regularize.l2(4)] })
 */
export const l2 = (weight: number, options: RegularizerOptions = {}): Regularizer =>
  regularizer('l2', weight, options, picture => square(sub(picture, grey)));

/**
 * (x − blur(x))², the blurred picture taken as given: what is finer than `sigma` pixels is drawn towards it at each step.
 * @see https://arxiv.org/abs/1506.06579 (Yosinski et al. 2015, who blur every few steps)
 * @example await viz.feature(model, 'conv3', { channel: 5, regularize: [viz.regularize.blur(50, { sigma: 1 })] })
 */
export const blur = (
  weight: number,
  { sigma = 1, ...options }: RegularizerOptions & { sigma?: number } = {},
): Regularizer =>
  regularizer('blur', weight, options, picture => {
    const smooth = picture.trace.custom(
      [picture],
      () => blurred(picture, sigma),
      dy => [mul(dy, 0)],
    );
    return square(sub(picture, smooth));
  });

/**
 * r²·(x − ½)², r from 0 in the centre to 1 in the corners: one object in the middle instead of many all over.
 * @see https://arxiv.org/abs/1602.03616 (Nguyen, Yosinski & Clune 2016, centre-biased regularization)
 * @example await viz.feature(model, 'conv3', { channel: 5, regularize: [viz.regularize.centre(20)] })
 */
export const centre = (weight: number, options: RegularizerOptions = {}): Regularizer =>
  regularizer('centre', weight, options, picture => {
    const [height, width] = picture.dims.slice(2);
    const [y, x] = [(height - 1) / 2, (width - 1) / 2];
    const away = Float32Array.from(
      { length: height * width },
      (_, p) => (((p % width) - x) ** 2 + (Math.floor(p / width) - y) ** 2) / (x * x + y * y || 1),
    );
    return mul(square(sub(picture, grey)), constant(picture.trace, tensor(away, [1, 1, height, width])));
  });

/**
 * The mean opacity of an `alpha` picture: as little of it as will do.
 * @throws NeuronbookError on a picture that has none
 * @example await viz.feature(model, 'conv3', { channel: 5, image: viz.alpha(viz.fourier()), regularize: [viz.regularize.opacity(1)] })
 */
export const opacity = (weight: number, options: RegularizerOptions = {}): Regularizer =>
  regularizer('opacity', weight, options, picture => {
    const [, channels] = picture.dims;
    if (channels % 2)
      throw new NeuronbookError('opacity of a picture that has none; give image: viz.alpha(…)');
    return slice(picture, [channels - 1], [channels], [1]);
  });
