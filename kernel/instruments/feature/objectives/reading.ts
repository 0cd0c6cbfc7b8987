/** What objectives share: the value of one example at a site, and single channels and positions of it. */
import { ShapeError } from '../../../base/errors.ts';
import { formatDims, sameDims, sizeOf, wrapAxis, type Dims } from '../../../base/shape.ts';
import { tensor, type Tensor } from '../../../base/tensor.ts';
import { constant, matmul, mul, reshape, slice, swapLast, transpose } from '../../../engine/functions.ts';
import type { Var } from '../../../engine/var.ts';
import type { Reading } from '../../../model/objective.ts';

/** The value of one example at a site, 1×…, and the axis that counts its channels. */
export interface Located {
  readonly site: string;
  readonly value: Var;
  readonly axis: number;
}

export function located(read: Reading, site: string): Located {
  const value = read.value(site);
  return { site, value, axis: wrapAxis(read.describe(site).channelAxis, value.dims.length) };
}

/** The same place in every example of the batch. */
export function everywhere(read: Reading, site: string): Located[] {
  const { axis } = located(read, site);
  return (read.examples?.values(site) ?? [read.value(site)]).map(value => ({ site, value, axis }));
}

export function oneChannel({ site, value, axis }: Located, index: number): Var {
  const count = value.dims[axis];
  if (!Number.isInteger(index) || index < 0 || index >= count)
    throw new ShapeError(`channel out of range: ${index} at ${site}; expected 0 to ${count - 1}`);
  return slice(value, [index], [index + 1], [axis]);
}

/** All channels at one position; the centre where none is given. Same axes, of which only the channels' is long. */
export function onePosition({ site, value, axis }: Located, position?: readonly number[]): Var {
  const at = placeOf({ site, value, axis }, position);
  const axes = value.dims.flatMap((_, i) => (i === 0 || i === axis ? [] : [i]));
  return axes.length
    ? slice(
        value,
        at,
        at.map(start => start + 1),
        axes,
      )
    : value;
}

/** One number for each axis behind batch and channel. */
export function placeOf({ site, value, axis }: Located, position?: readonly number[]): readonly number[] {
  const room = value.dims.filter((_, i) => i !== 0 && i !== axis);
  const at = position ?? room.map(size => Math.floor(size / 2));
  const fits = at.length === room.length && at.every((x, i) => Number.isInteger(x) && x >= 0 && x < room[i]);
  if (!fits)
    throw new ShapeError(
      `position [${at.join(', ')}] at ${site}; expected ${room.length} numbers within ${formatDims(room)}`,
    );
  return at;
}

/** One number for each channel, along the channels' axis. */
export function perChannel({ site, value, axis }: Located, vector: Tensor): Var {
  const count = value.dims[axis];
  if (vector.size !== count)
    throw new ShapeError(
      `direction of ${vector.size} numbers at ${site}; expected ${count}, one per channel`,
    );
  const along = value.dims.map((_, i) => (i === axis ? count : 1));
  return constant(value.trace, vector.cast('float32').reshape(along));
}

/** Given activations as a constant of the site's dims, for one example. */
export function given({ site, value }: Located, activations: Tensor): Var {
  const dims: Dims =
    activations.dims.length === value.dims.length - 1 ? [1, ...activations.dims] : activations.dims;
  if (!sameDims(dims, value.dims))
    throw new ShapeError(
      `activations are ${formatDims(activations.dims)}; expected ${formatDims(value.dims)} as at ${site}: ` +
        `read them from a picture as large as the one that ascends`,
    );
  return constant(value.trace, tensor(activations.toFloat32OrWider(), dims, 'float32'));
}

/**
 * Which channels fire together, wherever they do: G = A·Aᵀ / positions, [channels, channels].
 * @see https://arxiv.org/abs/1508.06576 (Gatys, Ecker & Bethge 2015, equation 3)
 */
export function gram({ value, axis }: Located): Var {
  const order = [axis, ...value.dims.map((_, i) => i).filter(i => i !== axis)];
  const channels = value.dims[axis];
  const positions = sizeOf(value.dims) / channels;
  const rows = reshape(transpose(value, order), [channels, positions]);
  return mul(matmul(rows, swapLast(rows)), 1 / positions);
}
