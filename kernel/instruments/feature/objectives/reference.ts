/**
 * Against a picture's activations: away from them, back to them, and further along them. The activations are given, as
 * `model.run(…, { read })` reads them, from a picture as large as the one that ascends.
 */
import type { Tensor } from '../../../base/tensor.ts';
import { abs, mul, reduceMean, sub } from '../../../engine/functions.ts';
import { stated, type Objective } from '../../../model/objective.ts';
import { aligned, length } from './direction.ts';
import { given, located } from './reading.ts';

/**
 * How far the activations at a site are from given ones: mean |a − base|. `.neg()` brings them back: a picture that the
 * layer cannot tell from the base.
 * @param base activations at that site, of one example
 * @see https://arxiv.org/abs/1412.0035 (Mahendran & Vedaldi 2015, "Understanding deep image representations by inverting them")
 * @example
 * const { sites } = await model.run({ image }, { read: ['conv3'] })
 * await viz.feature(model, viz.difference('conv3', sites.conv3).neg())
 */
export function difference(site: string, base: Tensor): Objective {
  return stated(
    `difference('${site}', ${base.size} numbers)`,
    read => {
      const place = located(read, site);
      return reduceMean(abs(sub(place.value, given(place, base))));
    },
    base.toFloat32OrWider(),
  );
}

/**
 * What a layer sees in a picture, exaggerated: the dot product with the picture's activations, times the cosine to a
 * power, which keeps the picture's own mixture.
 * @param base activations at that site, of one example
 * @see https://distill.pub/2019/activation-atlas (the objective); Lucid's `caricature`
 * @example
 * const { sites } = await model.run({ image }, { read: ['conv3'] })
 * await viz.feature(model, viz.caricature('conv3', sites.conv3))
 */
export function caricature(site: string, base: Tensor, { power = 1 }: { power?: number } = {}): Objective {
  return stated(
    `caricature('${site}', ${base.size} numbers, power ${power})`,
    read => {
      const place = located(read, site);
      const axes = place.value.dims.map((_, i) => i);
      // divided by the base's own size, so that the score of the base itself is 1 at any site
      const size = length(base);
      const along = mul(given(place, base), 1 / (size * size + 1e-12));
      return reduceMean(aligned(place.value, along, axes, power, 1 / (size + 1e-12)));
    },
    base.toFloat32OrWider(),
  );
}
