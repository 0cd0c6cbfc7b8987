/**
 * What a picture is to excite: a neuron, a channel, a direction, a class. Each is a value that prints itself and
 * adds, scales and negates; each looks at one example and gives one number.
 * @see https://distill.pub/2017/feature-visualization (Olah et al. 2017, "The enemy of feature vis": objectives)
 */
import { ShapeError } from '../../base/errors.ts';
import { formatDims, wrapAxis } from '../../base/shape.ts';
import { tensor, type TensorLike } from '../../base/tensor.ts';
import { constant, mul, reduceMean, reduceSum, reshape, slice } from '../../engine/functions.ts';
import type { Var } from '../../engine/var.ts';
import { Objective, elementAt, type Reading } from '../../model/objective.ts';

/**
 * Mean over every position of one channel (a feature map). For a site without positions: that unit.
 * @example await viz.feature(model, channel('conv3', 5).add(channel('conv3', 6)))
 */
export function channel(site: string, index: number): Objective {
  return new Objective(`channel('${site}', ${index})`, read => {
    const { value, axis } = located(read, site);
    return reduceMean(oneChannel(value, axis, index, site));
  });
}

/**
 * One unit: a channel at one position.
 * @param position one number per axis after batch and channel; the centre where left out
 * @example await model.gradient({ image }, { of: neuron('conv3', 5), at: ['image'] })
 */
export function neuron(site: string, index: number, position?: readonly number[]): Objective {
  const where = position ? `, [${position.join(', ')}]` : '';
  return new Objective(`neuron('${site}', ${index}${where})`, read => {
    const { value, axis } = located(read, site);
    const room = value.dims.filter((_, i) => i !== 0 && i !== axis);
    const at = position ?? room.map(size => Math.floor(size / 2));
    if (at.length !== room.length)
      throw new ShapeError(
        `position [${at.join(', ')}] at ${site}; expected ${room.length} numbers within ${formatDims(room)}`,
      );
    let next = 0;
    const full = value.dims.map((_, i) => (i === 0 ? 0 : i === axis ? index : at[next++]));
    return elementAt(value, full, site);
  });
}

/**
 * Mean over positions of the dot product with a direction in channel space.
 * @param vector one number per channel
 * @example await model.gradient({ image }, { of: direction('logits', tensor([1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])), at: ['image'] })
 */
export function direction(site: string, vector: TensorLike): Objective {
  const given = tensor(vector).cast('float32');
  return new Objective(`direction('${site}', ${given.size} numbers)`, read => {
    const { value, axis } = located(read, site);
    const count = value.dims[axis];
    if (given.size !== count)
      throw new ShapeError(
        `direction of ${given.size} numbers at ${site}; expected ${count}, one per channel`,
      );
    const along = value.dims.map((_, i) => (i === axis ? count : 1));
    // mean over positions p of Σ_c v_c · a[c, p]
    return reduceMean(reduceSum(mul(value, constant(value.trace, given.reshape(along))), [axis]));
  });
}

/**
 * A class score before the softmax. Where the site is itself a softmax, give the site in front of it: probabilities
 * saturate, and a picture that only has to push the other classes down need not show anything.
 * @param index the class's number
 * @example await model.gradient({ image }, { of: logit('logits', 3), at: ['image'] })
 */
export function logit(site: string, index: number): Objective {
  return new Objective(`logit('${site}', ${index})`, read => {
    const { value, axis } = located(read, site);
    return reduceSum(oneChannel(value, axis, index, site));
  });
}

/** The value of one example at a site, and the axis that counts its channels. */
function located(read: Reading, site: string): { value: Var; axis: number } {
  const value = read.value(site);
  return { value, axis: wrapAxis(read.describe(site).channelAxis, value.dims.length) };
}

function oneChannel(value: Var, axis: number, index: number, site: string): Var {
  const count = value.dims[axis];
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new ShapeError(`channel out of range: ${index} at ${site}; expected 0 to ${count - 1}`);
  return slice(value, [index], [index + 1], [axis]);
}

/** The sum of each objective on its own example of a batch: objective b sees row b of every site. */
export function perExample(objectives: readonly Objective[]): (read: Reading) => Var[] {
  return read => {
    const rows = new Map<string, readonly Var[]>();
    const rowsOf = (site: string): readonly Var[] => {
      const known = rows.get(site);
      if (known) return known;
      const value = read.value(site);
      const made =
        objectives.length === 1
          ? [value]
          : value.trace.apply(
              'Split',
              [value, constant(value.trace, tensor(new BigInt64Array(objectives.length).fill(1n)))],
              { axis: 0n },
              { outputs: objectives.length },
            );
      rows.set(site, made);
      return made;
    };
    return objectives.map((objective, b) =>
      reshape(
        objective.build({ describe: site => read.describe(site), value: site => rowsOf(site)[b] }),
        [1],
      ),
    );
  };
}
