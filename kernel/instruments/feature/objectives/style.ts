/** Style: which channels fire together, wherever in the picture they do. */
import { ShapeError } from '../../../base/errors.ts';
import { formatDims } from '../../../base/shape.ts';
import type { Tensor } from '../../../base/tensor.ts';
import { abs, add, constant, div, mul, neg, reduceMean, sub } from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';
import { stated, type Objective } from '../../../model/objective.ts';
import { gram, located, type Located } from './reading.ts';

/**
 * How near the Gram matrices at some sites are to those of a picture, from −∞ to 0 where they are the same:
 *
 *     −mean over sites of Σ|G − G_base| / Σ|G_base|,   G = A·Aᵀ / positions
 *
 * Take several layers, deep ones too, behind their ReLUs: the Gram matrices of first layers, and of values in front of a
 * ReLU, are nearly those of any soft noise.
 * @param base activations by site, of one example
 * @see https://arxiv.org/abs/1508.06576 (Gatys, Ecker & Bethge 2015)
 * @example
 * const { sites } = await model.run({ image }, { read: [/^relu/] })
 * await viz.feature(model, viz.style(sites))
 */
export function style(base: Readonly<Record<string, Tensor>>): Objective {
  const entries = Object.entries(base);
  const names = entries.map(([site]) => `'${site}'`).join(', ');
  return stated(
    `style(${names})`,
    read => {
      const terms = entries.map(([site, activations]) => {
        const place = located(read, site);
        const wanted = gram({ ...place, value: ofSameChannels(place, activations) });
        return div(reduceMean(abs(sub(gram(place), wanted))), add(reduceMean(abs(wanted)), 1e-12));
      });
      return neg(
        mul(
          terms.reduce((a, b) => add(a, b)),
          1 / terms.length,
        ),
      );
    },
    ...entries.map(([, activations]) => activations.toFloat32OrWider()),
  );
}

/** The base's activations, of a picture of any size. */
function ofSameChannels({ site, value, axis }: Located, activations: Tensor): Var {
  const { dims } = activations;
  if (dims.length !== value.dims.length || dims[0] !== 1 || dims[axis] !== value.dims[axis])
    throw new ShapeError(
      `style's activations are ${formatDims(dims)} at ${site}; expected one example with ${value.dims[axis]} channels`,
    );
  return constant(value.trace, activations.cast('float32'));
}
