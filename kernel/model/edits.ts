/**
 * Edits: small rewrites spliced in behind a site. Everything downstream sees the edited value, and so does
 * whoever reads the site afterwards. Each is elementwise with broadcast constants, so it fits any batch.
 */
import { NameError, NeuronbookError, ShapeError } from '../base/errors.ts';
import { formatDims, wrapAxis, type Dims } from '../base/shape.ts';
import { tensor, type Tensor, type TensorLike } from '../base/tensor.ts';
import { int } from '../engine/attributes.ts';
import { add, cast, constant, int64s, mul, reduceMean, where } from '../engine/functions.ts';
import type { Var } from '../engine/var.ts';
import type { Site } from './sites.ts';

export interface Edit {
  /** The site's name, either one. */
  readonly site: string;
  /** How it prints: `ablate('conv3', channels 5)`. */
  readonly text: string;
  /** Other sites whose values it takes; none of them may follow from the one that is edited. */
  readonly reads?: readonly string[];
  /** The graph piece: the site's value in, and those that it reads; the edited value of the same dims out. */
  build(value: Var, site: Site, read: readonly ReadSite[]): Var;
}

export interface ReadSite {
  readonly value: Var;
  readonly site: Site;
}

export interface ChannelOptions {
  /** Which channels; all where left out. */
  channels?: readonly number[];
  /**
   * The axis that counts them; the site's own where left out. Along an axis whose size varies, such as positions,
   * −1 is the last.
   */
  axis?: number;
}

function named(verb: string, site: string, channels?: readonly number[]): string {
  if (channels !== undefined && !Array.isArray(channels))
    throw new NeuronbookError(
      `channels of ${verb} at ${site}: ${String(channels)}; expected a list of numbers: { channels: [5] }`,
    );
  return `${verb}('${site}'${channels ? `, channels ${channels.join(', ')}` : ''})`;
}

/**
 * Removes channels: sets them to zero, to their own mean over the example's positions, or to given values.
 * @param options `mode`: `zero` (default), `mean` (over every axis but batch and channel of the same example), or
 *   one value per ablated channel, e.g. a mean measured on a data set
 * @example model.edit(ablate('conv3', { channels: [5], mode: 'mean' }))
 */
export function ablate(
  site: string,
  { channels, axis, mode = 'zero' }: ChannelOptions & { mode?: 'zero' | 'mean' | readonly number[] } = {},
): Edit {
  return {
    site,
    text: named('ablate', site, channels),
    build(value, at) {
      const channelAxis = axisOf(value, at, axis);
      const gone = channelMask(value, at, channelAxis, channels);
      if (mode === 'zero') return where(gone, 0, value);
      if (typeof mode === 'string' && mode !== 'mean')
        throw new NameError('mode', String(mode), ['zero', 'mean'], 'or one value for each ablated channel');
      if (mode === 'mean') return where(gone, positionMean(value, channelAxis), value);
      return where(gone, perChannel(value, at, channelAxis, channels, mode), value);
    },
  };
}

/**
 * Replaces the value at a site, whole or in some channels.
 * @param replacement broadcast to the site's dims, e.g. what another input gave there
 * @example
 * const { sites } = await model.run({ image: brighter }, { read: ['conv3'] })
 * model.edit(patch('conv3', sites.conv3, { channels: [5, 6] }))
 */
export function patch(site: string, replacement: TensorLike, { channels, axis }: ChannelOptions = {}): Edit {
  return {
    site,
    text: named('patch', site, channels),
    build(value, at) {
      const own = tensor(replacement).cast(value.dtype);
      if (!fits(own.dims, value.dims))
        throw new ShapeError(
          `patch of ${formatDims(own.dims)} at ${at.name}; expected ${formatDims(value.dims)}, or what broadcasts to it`,
        );
      const given = constant(value.trace, own);
      return where(channelMask(value, at, axisOf(value, at, axis), channels), given, value);
    },
  };
}

/** Whether dims broadcast with others. */
const fits = (dims: readonly number[], others: readonly number[]): boolean =>
  dims.toReversed().every((dim, i) => [1, dim, undefined].includes(others.at(-1 - i)) || dim === 1);

/**
 * Adds strength · direction at every position.
 * @param direction one number per channel, or anything that broadcasts to the site
 * @example model.edit(steer('logits', tensor(textures.classes.map((_, i) => (i === 3 ? 1 : 0))), 2))
 */
export function steer(
  site: string,
  direction: TensorLike,
  strength = 1,
  { axis }: { axis?: number } = {},
): Edit {
  return {
    site,
    text: `steer('${site}', ${strength})`,
    build(value, at) {
      const channelAxis = axisOf(value, at, axis);
      const given = tensor(direction).cast(value.dtype);
      const count = value.dims[channelAxis];
      if (given.dims.length === 1 && given.size !== count && !isOpen(at, channelAxis))
        throw new ShapeError(
          `direction of ${given.size} numbers at ${at.name}; expected ${count}, one per channel`,
        );
      const shaped =
        given.dims.length === 1 ? given.reshape(alongAxis(value, channelAxis, given.size)) : given;
      return add(value, mul(constant(value.trace, shaped), strength));
    },
  };
}

/**
 * Keeps values within [min, max], in some channels or all. Equal bounds pin them to a number.
 * @example model.edit(clamp('conv3', { channels: [5], max: 1 }))
 */
export function clamp(
  site: string,
  { min = -Infinity, max = Infinity, channels, axis }: ChannelOptions & { min?: number; max?: number } = {},
): Edit {
  if (!(min <= max)) throw new NeuronbookError(`clamp of ${site} to [${min}, ${max}]; expected min ≤ max`);
  return {
    site,
    text: `${named('clamp', site, channels).slice(0, -1)}, ${min} to ${max})`,
    build(value, at) {
      const limit = (bound: number) => constant(value.trace, tensor([bound], [], value.dtype));
      const clipped = value.trace.apply('Clip', [
        value,
        Number.isFinite(min) ? limit(min) : undefined,
        Number.isFinite(max) ? limit(max) : undefined,
      ])[0];
      return channels
        ? where(channelMask(value, at, axisOf(value, at, axis), channels), clipped, value)
        : clipped;
    },
  };
}

const axisOf = (value: Var, site: Site, axis: number | undefined): number =>
  wrapAxis(axis ?? site.channelAxis, value.dims.length);

/** Dims that broadcast a per-channel vector: [1, C, 1, 1]. */
const alongAxis = (value: Var, axis: number, count = value.dims[axis]): Dims =>
  value.dims.map((_, i) => (i === axis ? count : 1));

/** Whether how many there are along an axis is only known when the network runs: positions, examples. */
const isOpen = ({ shape }: Site, axis: number): boolean => typeof shape?.[axis] === 'string';

function checked(value: Var, site: Site, axis: number, channels: readonly number[]): readonly number[] {
  const count = value.dims[axis];
  for (const channel of channels)
    if (!Number.isInteger(channel) || channel < 0 || channel >= count)
      throw new ShapeError(`channel out of range: ${channel} at ${site.name}; expected 0 to ${count - 1}`);
  return channels;
}

/** True in the named channels, bool [1, C, 1, 1]; everywhere where none is named. */
function channelMask(value: Var, site: Site, axis: number, channels?: readonly number[]): Var {
  if (channels && isOpen(site, axis))
    return cast(placed(value, site, axis, channels, new Array<number>(channels.length).fill(1)), 'bool');
  const dims = alongAxis(value, axis);
  const mask = new Uint8Array(value.dims[axis]).fill(channels ? 0 : 1);
  for (const channel of checked(value, site, axis, channels ?? [])) mask[channel] = 1;
  return constant(value.trace, tensor(mask, dims, 'bool'));
}

/**
 * Numbers at some places of an axis whose size is open, and 0 at the others: [1, C, 1, 1]. Where a place is beyond the
 * end, ONNX Runtime says so as it runs; −1 is the last.
 */
function placed(
  value: Var,
  site: Site,
  axis: number,
  places: readonly number[],
  numbers: readonly number[],
): Var {
  for (const place of places)
    if (!Number.isInteger(place))
      throw new ShapeError(`channel out of range: ${place} at ${site.name}; expected a whole number`);
  const { trace } = value;
  const [size] = trace.apply('Shape', [value], { start: int(axis), end: int(axis + 1) });
  const [zeros] = trace.apply('ConstantOfShape', [size]);
  // the size is an example here, so nothing is filled in before the network runs
  const [filled] = trace.apply('ScatterElements', [
    { ...zeros, value: undefined },
    int64s(trace, places),
    constant(trace, tensor(numbers)),
  ]);
  return trace.apply('Reshape', [filled, int64s(trace, alongAxis(value, axis, -1))])[0];
}

function positionMean(value: Var, axis: number): Var {
  const positions = value.dims.map((_, i) => i).filter(i => i !== 0 && i !== axis);
  if (!positions.length)
    throw new ShapeError(
      `mean ablation of ${value.name}, ${formatDims(value.dims)}, which has no positions to average; give mode: [values]`,
    );
  return reduceMean(value, positions, true);
}

function perChannel(
  value: Var,
  site: Site,
  axis: number,
  channels: readonly number[] | undefined,
  values: readonly number[],
): Var {
  if (channels && isOpen(site, axis)) {
    if (values.length !== channels.length) throw unequal(values, channels, site);
    return cast(placed(value, site, axis, channels, values), value.dtype);
  }
  const count = value.dims[axis];
  const at = channels ? checked(value, site, axis, channels) : Array.from({ length: count }, (_, i) => i);
  if (values.length !== at.length) throw unequal(values, at, site);
  const full = new Float32Array(count);
  at.forEach((channel, i) => (full[channel] = values[i]));
  const made: Tensor = tensor(full, alongAxis(value, axis)).cast(value.dtype);
  return constant(value.trace, made);
}

const unequal = (values: readonly number[], channels: readonly number[], site: Site): ShapeError =>
  new ShapeError(
    `${values.length} values for ${channels.length} channels of ${site.name}; expected one each`,
  );
