/** Pictures with holes: what does not matter may be transparent. */
import { NeuronbookError } from '../../../base/errors.ts';
import type { Parameterization, PictureDims } from './parameterization.ts';

/**
 * A channel of opacity beside the colours. At each step the network sees the picture over another random background, so
 * what shows through cannot matter: the opaque part is what excites. `regularize.opacity` asks for less of it.
 * @param image how colours and opacity are made
 * @see https://distill.pub/2018/differentiable-parameterizations ("Semi-transparent patterns")
 * @example await viz.feature(model, 'conv3', { channel: 5, image: viz.alpha(viz.fourier()) })
 */
export function alpha(image: Parameterization): Parameterization {
  if (image.alpha) throw new NeuronbookError(`alpha of ${image.text}, which has an alpha channel already`);
  const more = ([count, channels, height, width]: PictureDims) =>
    [count, channels + 1, height, width] as const;
  return {
    text: `alpha(${image.text})`,
    lr: image.lr,
    alpha: true,
    dims: picture => image.dims(more(picture)),
    start: (picture, rng) => image.start(more(picture), rng),
    decode: (parameters, picture) => image.decode(parameters, more(picture)),
  };
}
