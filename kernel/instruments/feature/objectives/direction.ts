/** Directions in channel space: how far, or how nearly, activations point one way. */
import { NeuronbookError } from '../../../base/errors.ts';
import { tensor, type Tensor, type TensorLike } from '../../../base/tensor.ts';
import { add, apply, div, mul, pow, reduceMean, reduceSum, scalar, sqrt } from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';
import { stated, type Objective } from '../../../model/objective.ts';
import { located, onePosition, perChannel } from './reading.ts';

/**
 * Mean over positions of the dot product with a direction in channel space.
 * @param vector one number per channel
 * @example await model.gradient({ image }, { of: direction('logits', tensor([1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])), at: ['image'] })
 */
export function direction(site: string, vector: TensorLike): Objective {
  const along = tensor(vector);
  return stated(
    `direction('${site}', ${along.size} numbers)`,
    read => {
      const place = located(read, site);
      // mean over positions p of Σ_c v_c · a[c, p]
      return reduceMean(reduceSum(mul(place.value, perChannel(place, along)), [place.axis]));
    },
    along.toFloat32OrWider(),
  );
}

/**
 * The dot product with a direction in channel space, at one position.
 * @param vector one number per channel
 * @param position one number per axis after batch and channel; the centre where left out
 * @example await viz.feature(model, viz.directionNeuron('conv3', new Float32Array(64).fill(1), [5, 5]))
 */
export function directionNeuron(site: string, vector: TensorLike, position?: readonly number[]): Objective {
  const along = tensor(vector);
  const where = position ? `, [${position.join(', ')}]` : '';
  return stated(
    `directionNeuron('${site}', ${along.size} numbers${where})`,
    read => {
      const place = located(read, site);
      return reduceSum(mul(onePosition(place, position), perChannel(place, along)));
    },
    along.toFloat32OrWider(),
  );
}

export interface CosineOptions {
  /** 0 is the dot product alone; higher asks for the direction more than for its length. */
  power?: number;
  /** One position only; the mean over all where left out. */
  position?: readonly number[];
}

/**
 * The dot product with a direction, times the cosine to a power: a picture that points that way and no other. Where
 * the cosine is small it is held at 0.1, so that there is a slope to climb.
 *
 *     mean over positions of (v·a) · max(0.1, v·a / |v||a|)^power
 * @param vector one number per channel
 * @see https://distill.pub/2019/activation-atlas (Carter et al. 2019, "Activation Atlas": the regularized objective)
 * @example await viz.feature(model, viz.cosine('conv3', new Float32Array(64).fill(1), { power: 2 }))
 */
export function cosine(
  site: string,
  vector: TensorLike,
  { power = 1, position }: CosineOptions = {},
): Objective {
  const along = tensor(vector);
  if (!(power >= 0)) throw new NeuronbookError(`power of a cosine: ${power}; expected a number from 0`);
  const where = position ? `, at [${position.join(', ')}]` : '';
  return stated(
    `cosine('${site}', ${along.size} numbers, power ${power}${where})`,
    read => {
      const place = located(read, site);
      const value = position ? onePosition(place, position) : place.value;
      return reduceMean(aligned(value, perChannel(place, along), [place.axis], power, length(along)));
    },
    along.toFloat32OrWider(),
  );
}

/** (v·a) · max(0.1, cos(v, a))^power, summed over the axes; `size` is |v|. */
export function aligned(value: Var, along: Var, axes: readonly number[], power: number, size: number): Var {
  const dot = reduceSum(mul(value, along), axes, true);
  if (power === 0) return dot;
  const norm = mul(sqrt(add(reduceSum(mul(value, value), axes, true), 1e-6)), Math.max(size, 1e-12));
  const cosine = apply('Max', [div(dot, norm), scalar(dot, 0.1)]);
  return mul(dot, power === 1 ? cosine : pow(cosine, power));
}

/** |v| */
export const length = (vector: Tensor): number => Math.hypot(...vector.toNumbers());
